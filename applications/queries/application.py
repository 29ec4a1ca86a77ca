"""Floor 3: access applications as the people of a customer see them. Loading and authorising are one step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.enums import Kind, Outcome, Role, State
from applications.exceptions import NotFound
from applications.models import (
    Application,
    Customer,
    RequestedCapability,
    Section,
    Subscription,
    User,
)
from applications.queries.followups import annotated, narrowed
from applications.rules import answers as said
from applications.rules.deadlines import business_deadline
from applications.rules.policy import Capability, Edition, QuestionType
from applications.rules.policy import Section as Part

WRITERS = (Role.OWNER, Role.EDITOR)


# --- whose ---


def visible_to(user: User) -> QuerySet[Application]:
    """Applications of the person's customers, each with the person's `role` there."""
    return (
        Application.objects.filter(customer__memberships__user=user)
        .annotate(role=F("customer__memberships__role"))
        .select_related("customer")
    )


def load(user: User, reference: str, *, ways: bool = False) -> Application:
    """One application with the person's `role`. A stranger's and an absent one are NotFound alike (P9).

    `ways`: with what `queries.followups.ways_on` needs, in the same statement.
    """
    rows = visible_to(user)
    found = (annotated(rows) if ways else rows).filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def own(user: User, edition: Edition) -> QuerySet[Application]:
    """The person's list, newest first, with what each asks for. Three statements whatever the number."""
    items = RequestedCapability.objects.order_by("id").only("application_id", "capability", "outcome")
    need = Section.objects.filter(code=section_of(edition, QuestionType.CAPABILITIES))
    return (
        annotated(visible_to(user))
        .order_by("-created_at", "-id")
        .prefetch_related(Prefetch("items", items), Prefetch("sections", need))
    )


def asks_for(application: Application, edition: Edition) -> list[str]:
    """Capabilities that an application of `own` asks for, or that its draft has chosen."""
    if items := list(application.items.all()):
        return list(dict.fromkeys(item.capability for item in items))
    saved = {section.code: section.answers for section in application.sections.all()}
    return said.listed(edition, said.flat(saved), QuestionType.CAPABILITIES)


# --- a draft ---


@dataclass(frozen=True, slots=True)
class Draft:
    """The saved sections by code, and all their answers together; of what kind it is, and what it follows."""

    sections: Mapping[str, Section]
    kind: str = Kind.INITIAL
    previous_id: int | None = None

    @property
    def by_section(self) -> dict[str, dict[str, Any]]:
        return {code: section.answers for code, section in self.sections.items()}

    @property
    def answers(self) -> dict[str, Any]:
        return said.flat(self.by_section)


def draft_of(application: Application) -> Draft:
    rows = application.sections.select_related("saved_by")
    return Draft({section.code: section for section in rows}, application.kind, application.previous_id)


def is_fixed(application: Application, section: str) -> bool:
    """Whether the section may not change now. While a question is open, those that it names may (none named: any)."""
    if application.state == State.DRAFT:
        return False
    if application.state != State.INFORMATION_REQUESTED:
        return True
    asked = application.information_requests.filter(closed_at__isnull=True).first()
    return asked is not None and bool(asked.sections) and section not in asked.sections


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the task list; `state` is a face of the tag `state`."""

    part: Part
    state: str
    missing: int


def tasks(edition: Edition, draft: Draft) -> list[Task]:
    """The sections in order, each with what became of it."""
    answers = draft.answers
    rows = []
    for part in edition.sections:
        left = len(said.missing(part, answers))
        saved = draft.sections.get(part.code)
        begun = saved is not None and any(
            said.is_answered(question, answers.get(question.code)) or answers.get(said.typed_key(question))
            for question in part.questions
        )
        if part.optional:
            state = "complete" if begun else "optional"
        elif not begun:
            state = "not_started"
        else:
            state = "in_progress" if left else "complete"
        rows.append(Task(part, state, left))
    return rows


# --- what a draft asks for ---


@dataclass(slots=True)
class Reading:
    """What the answers mean at one instant. `errors` by question code; without errors it can be submitted.

    `settled`: (subscription, capability, outcome) that need no person. `nothing_to_decide`: something was
    chosen, and all of it is settled. `held`: the customer's own subscriptions, at least those named, by id.
    """

    errors: dict[str, str] = field(default_factory=dict)
    wishes: list[said.Wish] = field(default_factory=list)
    settled: list[tuple[str, str, Outcome]] = field(default_factory=list)
    nothing_to_decide: bool = False
    held: dict[str, Subscription] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A customer's own subscriptions by id, and the first uses of each by service."""

    subscriptions: dict[str, Subscription]
    uses: dict[str, dict[str, Any]]


def read_answers(
    edition: Edition, draft: Draft, customer: Customer, at: datetime, held: Held | None = None
) -> Reading:
    """Work out what is asked for and what is still wrong. At most three statements.

    A subscription that another customer holds is treated as one that nobody holds: it reveals nothing.
    """
    answers = draft.answers
    guids = said.listed(edition, answers, QuestionType.SUBSCRIPTIONS)
    chosen = [
        found
        for code in said.listed(edition, answers, QuestionType.CAPABILITIES)
        if (found := edition.capability(code))
    ]
    reading = Reading()
    held = held or held_by(customer, guids)
    uses, reading.held = held.uses, held.subscriptions
    gated: dict[str, list[str]] = {}
    for guid in guids or [""]:
        gated[guid] = []
        for capability in chosen:
            outcome = said.standing(capability, at, _existing(edition, capability, uses.get(guid, {})))
            if outcome is None:
                gated[guid].append(capability.code)
            elif guid:
                reading.settled.append((guid, capability.code, outcome))
            else:
                reading.settled.append(("", capability.code, outcome))
    wanted = list(dict.fromkeys(code for codes in gated.values() for code in codes))
    reading.nothing_to_decide = bool(chosen) and not wanted
    if reading.nothing_to_decide:
        return reading
    reading.wishes = said.wishes(
        edition, answers, {guid: codes for guid, codes in gated.items() if guid}, customer.sector
    )
    reading.errors = _errors(edition, answers, wanted, customer.sector)
    if draft.kind in (Kind.APPEAL, Kind.AMENDMENT) and reading.wishes:
        reading.wishes = narrowed(reading.wishes, draft.kind, draft.previous_id, customer.pk, at)
        asked = said.first_of(edition, QuestionType.SUBSCRIPTIONS)
        if not reading.wishes and asked:
            reading.errors.setdefault(asked.code, _nothing_new(draft.kind))
    return reading


def _nothing_new(kind: str) -> str:
    if kind == Kind.APPEAL:
        return _("An appeal is about what was denied. Choose what the denial named, or apply again instead.")
    return _("All of this is approved already. Add a subscription or a use case that is not.")


def held_by(customer: Customer, guids: list[str] | None = None) -> Held:
    """All of the customer's, or those among `guids`. One statement, none for no id."""
    found = Held({}, {})
    if guids == []:
        return found
    own = Subscription.objects.filter(customer=customer)
    if guids is not None:
        own = own.filter(guid__in=[UUID(guid) for guid in guids])
    for row in own.annotate(service=F("uses__service"), first_used_on=F("uses__first_used_on")):
        found.subscriptions[str(row.guid)] = row
        of = found.uses.setdefault(str(row.guid), {})
        if row.service:
            of[row.service] = row.first_used_on
    return found


def _existing(edition: Edition, capability: Capability, uses: Mapping[str, Any]) -> bool:
    return edition.is_existing(uses.get(capability.service), capability.gate)


def _errors(
    edition: Edition, answers: Mapping[str, Any], wanted: list[str], default_sector: str
) -> dict[str, str]:
    errors = {
        question.code: _("This cannot be read yet. Correct it.")
        if answers.get(said.typed_key(question))
        else _("Answer this question.")
        for part in edition.sections
        for question in said.missing(part, answers)
    }
    cases = said.first_of(edition, QuestionType.USE_CASES)
    if cases and cases.code not in errors:
        open_ones = said.uncovered(edition, answers, wanted, default_sector)
        if open_ones:
            errors[cases.code] = _("No use case is chosen for %(names)s. Choose one, or take it out.") % {
                "names": names_of(edition, open_ones)
            }
    lonely = said.without_parent(edition, wanted)
    asked = said.first_of(edition, QuestionType.CAPABILITIES)
    if asked and lonely:
        parents = [code for one in lonely for code in said.comes_with(edition, one)]
        errors[asked.code] = ngettext(
            "%(names)s comes only with an approval of another capability. Choose one of these too: %(parents)s.",
            "%(names)s come only with an approval of another capability. Choose one of these too: %(parents)s.",
            len(lonely),
        ) % {"names": names_of(edition, lonely), "parents": names_of(edition, dict.fromkeys(parents))}
    return errors


def days(count: int) -> timedelta:
    return timedelta(days=count)


def target_of(edition: Edition, now: datetime) -> datetime:
    """When an application submitted now is to be answered (exclusive end of the last business day)."""
    zone = ZoneInfo(edition.time_zone)
    return business_deadline(now, edition.limits.review_business_days, edition.calendar, zone)


def section_of(edition: Edition, kind: QuestionType) -> str:
    """The code of the section that asks this type of question."""
    question = said.first_of(edition, kind)
    return question.section if question else ""


def names_of(edition: Edition, codes: Any, language: str | None = None) -> str:
    """Names of capabilities, joined by commas."""
    known = (edition.capability(code) for code in codes)
    return ", ".join(one.name.to(language) for one in known if one)


def clashes(customer: Customer, wishes: list[said.Wish], besides: Application) -> list[RequestedCapability]:
    """Undecided items of the same customer that ask the same already. One statement."""
    open_ones = RequestedCapability.objects.filter(
        customer=customer,
        closed_at__isnull=True,
        subscription__guid__in={UUID(wish.guid) for wish in wishes},
    ).exclude(application=besides)
    wanted = {(wish.guid, wish.capability, wish.use_case) for wish in wishes}
    return [
        item
        for item in open_ones.select_related("application", "subscription")
        if (str(item.subscription.guid), item.capability, item.use_case) in wanted
    ]


# --- a new one ---


def prefill(
    edition: Edition,
    customer: Customer,
    user: User,
    capabilities: list[str],
    answered: Mapping[str, str] | None = None,
) -> dict[str, dict[str, Any]]:
    """What is known before the first question: the person, the organisation, what they came for, and what they
    `answered` in the check before."""
    known: dict[QuestionType, Any] = {
        QuestionType.EMAIL: user.email,
        QuestionType.URL: customer.website,
        QuestionType.COUNTRY: customer.country,
    }
    chosen = [code for code in capabilities if edition.capability(code)]
    services = [found.service for code in chosen if (found := edition.capability(code))]
    known[QuestionType.CAPABILITIES] = chosen
    known[QuestionType.SERVICES] = list(dict.fromkeys(services))
    by_code = {"applicant-name": user.name, "organisation-name": customer.name, "sector": customer.sector}
    by_code |= answered or {}
    filled: dict[str, dict[str, Any]] = {}
    for question in edition.questions:
        value = by_code.get(question.code) or known.get(question.type)
        if question.type == QuestionType.EMAIL and edition.is_free_mail(user.email.rpartition("@")[2]):
            value = None
        possible = question.possible_answers()
        if value and (possible is None or value in possible):
            filled.setdefault(question.section, {})[question.code] = value
    return filled
