"""Floor 3: where an application stands, as its customer sees it: no names of ours, no notes between staff."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from applications.enums import GRANTING_OUTCOMES, Outcome, State
from applications.models import (
    Application,
    AuditEvent,
    Decision,
    InformationRequest,
    Note,
    RequestedCapability,
    Submission,
    User,
)
from applications.queries.evidence import File, files_of, part_of
from applications.queries.pace import latest_pace
from applications.queries.queue import place_of
from applications.rules.answers import NAMES, flat
from applications.rules.deadlines import DAY, is_business_day
from applications.rules.pace import Pace
from applications.rules.policy import Edition


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline; `by` is the name of a person of the customer, or empty."""

    icon: str
    title: str
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class ClockCell:
    number: int
    day: date
    used: bool
    today: bool


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    code: str
    """Of the paragraph: where the page of the policy has it."""
    paragraph: str
    source: str
    since: date | None
    cure: str


@dataclass(frozen=True, slots=True)
class Group:
    """Items of one capability and use case with the same outcome. `face` is a state of the tag `state`."""

    capability: str
    code: str
    use_case: str
    face: str
    subscriptions: tuple[tuple[str, UUID], ...]
    reasons: tuple[Reason, ...]
    conditions: tuple[tuple[str, date], ...]
    next_step: str


@dataclass(frozen=True, slots=True)
class Status:
    events: list[Event]
    clock: list[ClockCell]
    clock_day: int
    paused_days: int
    groups: list[Group]
    messages: list[Note]
    question: InformationRequest | None
    questions: list[InformationRequest]
    decision: Decision | None
    letter_waits_until: datetime | None
    pace: Pace | None
    place: int | None
    """In the queue, while nobody has taken it; None behind the first thousand."""
    waiting: int
    files: list[File] | None
    """Those given so far, while a question asks for files."""

    @property
    def verdict(self) -> str:
        """`approved`, `partly`, `denied` or `answered`; empty before the decision, and while its letter waits."""
        faces = {group.face for group in self.groups}
        if self.decision is None or "pending" in faces:
            return ""
        granted = bool(faces & set(GRANTING_OUTCOMES))
        if Outcome.DENIED in faces:
            return "partly" if granted else "denied"
        return "approved" if granted else "answered"


def status_of(application: Application, edition: Edition, now: datetime, language: str | None) -> Status:
    """Everything the status page shows: eight statements at most, whatever the number of rows."""
    trail = list(AuditEvent.objects.filter(application_ref=application.pk, action__in=_LINES).order_by("-id"))
    people = User.objects.filter(memberships__customer=application.customer_id).values_list("key", "name")
    names = dict(people)
    decision = _decision(application) if application.state == State.DECIDED else None
    waits = decision.letter_due_at if decision and decision.letter_due_at else None
    waits = waits if waits and waits > now else None
    questions = list(application.information_requests.select_related("answered_by").order_by("-asked_at"))
    cells, pauses = _clock(application, trail, edition, now)
    items = application.items.select_related("subscription").order_by("capability", "use_case", "id")
    typed = names_typed([application.pk])
    question = next((one for one in questions if one.closed_at is None), None)
    place, waiting = place_of(application) if application.state == State.SUBMITTED else (None, 0)
    return Status(
        events=[_event(row, names) for row in trail],
        clock=cells,
        clock_day=sum(cell.used for cell in cells),
        paused_days=pauses,
        groups=list(_groups(items, typed, edition, decision, waits, language)),
        messages=list(
            application.notes.filter(internal=False).select_related("author").order_by("-written_at", "-pk")
        ),
        question=question,
        questions=questions,
        decision=decision,
        letter_waits_until=waits,
        pace=latest_pace() if application.state in _RUNNING else None,
        place=place,
        waiting=waiting,
        files=_files_asked(application, question, edition),
    )


def _decision(application: Application) -> Decision | None:
    found = application.decisions.filter(decided_at__isnull=False, taken_back_at__isnull=True)
    return found.order_by("-decided_at").first()


def _files_asked(
    application: Application, question: InformationRequest | None, edition: Edition
) -> list[File] | None:
    part = part_of(edition)
    asked = question is not None and part is not None and part.code in question.sections
    return files_of(application) if asked else None


# --- the timeline ---

_LINES = {
    "application.submit": ("dot", "you_submitted"),
    "application.claim": ("tick", "taken"),
    "application.assign": ("tick", "taken"),
    "application.release": ("ring-bar", "released"),
    "application.request_information": ("pause", "asked"),
    "application.respond": ("tick", "answered"),
    "application.recommend": ("half", "second"),
    "application.return_to_review": ("half", "again"),
    "application.decide": ("tick", "decided"),
    "application.take_back": ("half", "taken_back"),
    "application.withdraw": ("square-bar", "withdrawn"),
    "application.lapse": ("square-bar", "lapsed"),
}


def _event(row: AuditEvent, names: dict[UUID, str]) -> Event:
    titles = {
        "you_submitted": _("You submitted"),
        "taken": _("A reviewer took the case"),
        "released": _("The case went back to the queue"),
        "asked": _("We asked you a question. The clock stopped"),
        "answered": _("You answered our question"),
        "second": _("A second reviewer reads it"),
        "again": _("The second reviewer asked for another look"),
        "decided": _("We decided"),
        "taken_back": _("We took the decision back before its letter went out, to look again"),
        "withdrawn": _("You withdrew the application"),
        "lapsed": _("The application lapsed"),
    }
    icon, title = _LINES[row.action]
    return Event(icon, titles[title], row.at, names.get(row.actor, "") if row.actor else "")


# --- the clock ---


def _clock(
    application: Application, trail: Sequence[AuditEvent], edition: Edition, now: datetime
) -> tuple[list[ClockCell], int]:
    """The business days of the review up to its target, and how many stood still."""
    if application.submitted_at is None or application.state not in _RUNNING:
        return [], 0
    zone = ZoneInfo(edition.time_zone)
    pauses: list[tuple[date, date | None]] = []
    for row in reversed(trail):
        if row.action == "application.request_information":
            pauses.append((row.at.astimezone(zone).date(), None))
        elif row.action == "application.respond" and pauses:
            pauses[-1] = (pauses[-1][0], row.at.astimezone(zone).date())
    today = now.astimezone(zone).date()
    total = edition.limits.review_business_days
    cells: list[ClockCell] = []
    still = 0
    day = application.submitted_at.astimezone(zone).date()
    while len(cells) < total:
        day += DAY
        if not is_business_day(day, edition.calendar):
            continue
        if any(start < day <= (end or today) for start, end in pauses):
            still += day <= today
            continue
        cells.append(ClockCell(len(cells) + 1, day, used=day <= today, today=day == today))
    return cells, still


_RUNNING = (State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED, State.SECOND_REVIEW)


# --- what is asked for, and what became of it ---


def _groups(
    items: Iterable[RequestedCapability],
    typed: Mapping[str, str],
    edition: Edition,
    decision: Decision | None,
    waits: datetime | None,
    language: str | None,
) -> Iterable[Group]:
    together: dict[tuple[str, ...], list[RequestedCapability]] = {}
    for item in items:
        if item.closed_at is not None and not item.outcome and item.application.state != State.WITHDRAWN:
            continue  # taken out again in an answer
        outcome = item.outcome
        if waits and outcome and outcome not in GRANTING_OUTCOMES and decision and item.closed_at:
            outcome = "" if item.closed_at >= (decision.decided_at or item.closed_at) else outcome
        key = (item.capability, item.use_case, outcome, *sorted(item.reasons), "|", *sorted(item.conditions))
        together.setdefault(key, []).append(item)
    for key, members in together.items():
        yield _group(key[0], key[1], key[2], members, typed, edition, decision, language)


def _group(
    code: str,
    case: str,
    outcome: str,
    members: list[RequestedCapability],
    typed: Mapping[str, str],
    edition: Edition,
    decision: Decision | None,
    language: str | None,
) -> Group:
    capability = edition.capability(code)
    known = edition.use_cases.get(case)
    first = members[0]
    decided = decision.decided_at if decision and decision.decided_at else first.closed_at
    reasons = tuple(_reason(edition, one, language) for one in first.reasons if outcome == Outcome.DENIED)
    return Group(
        capability=capability.name.to(language) if capability else code,
        code=code,
        use_case=known.text.to(language) if known else "",
        face=outcome or "pending",
        subscriptions=tuple((name_of(item, typed), item.subscription.guid) for item in members),
        reasons=reasons,
        conditions=tuple(
            (condition.text.to(language), edition.local_day(decided + timedelta(days=condition.due_days)))
            for one in first.conditions
            if decided and (condition := edition.conditions.get(one))
        ),
        next_step=_next_step(outcome),
    )


def name_of(item: RequestedCapability, typed: Mapping[str, str]) -> str:
    """The name of a subscription: as typed, else as known to its holder; a foreign one's own is never shown."""
    known = item.subscription.label if item.subscription.customer_id == item.customer_id else ""
    return typed.get(str(item.subscription.guid)) or known


def names_typed(applications: Iterable[int]) -> dict[str, str]:
    """Names that people gave to subscriptions in what they submitted, by id. One statement."""
    names: dict[str, str] = {}
    frozen = Submission.objects.filter(application_id__in=list(applications)).order_by(
        "submitted_at", "number"
    )
    for answers in frozen.values_list("answers", flat=True):
        for code, value in flat(answers).items():
            if code.endswith(NAMES) and isinstance(value, dict):
                names |= value
    return names


def _reason(edition: Edition, code: str, language: str | None) -> Reason:
    found = edition.reasons.get(code)
    if found is None:
        return Reason(code, "", "", "", None, "")
    paragraph = edition.paragraphs.get(found.paragraph)
    return Reason(
        text=found.text.to(language),
        code=found.paragraph if paragraph else "",
        paragraph=paragraph.title.to(language) if paragraph else "",
        source=paragraph.source.to(language) if paragraph else "",
        since=paragraph.in_force_on if paragraph else None,
        cure=found.cure.to(language),
    )


def _next_step(outcome: str) -> str:
    steps = {
        Outcome.APPROVED: _("It works now. Your access page shows until when."),
        Outcome.CONDITIONS: _("It works now. Meet the conditions by their dates."),
        Outcome.DENIED: _("Cure the reasons and apply again."),
        Outcome.NOT_NEEDED: _("It is open to everybody. Just use it."),
        Outcome.RETIRED: _("It is not available to anybody. No application brings it back."),
        Outcome.ANSWERED: _("Policy review answered your enquiry. An enquiry grants nothing."),
    }
    return steps[Outcome(outcome)] if outcome else ""
