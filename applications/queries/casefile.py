"""Floor 3: the page of one case: answers beside the policy they are judged by, findings, talk, history, record.

The number of statements does not grow with the history: long lists are cut at their newest rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery

from applications.enums import UNDECIDED_STATES, Move, ScanState, Settlement, State
from applications.exceptions import NotFound
from applications.models import (
    Application,
    AuditEvent,
    Decision,
    Flag,
    InformationRequest,
    Mention,
    Note,
    RequestedCapability,
    User,
)
from applications.permissions import Can, can
from applications.queries import case
from applications.queries.condition import Promise, conditions_of
from applications.queries.desk import face_of
from applications.queries.difference import Earlier, Versions, both, earlier_of, frozen_of, versions_of
from applications.queries.evidence import File, files_of
from applications.queries.judging import FlagView, SectionView, flag_view, sections_of
from applications.queries.policy import edition_of
from applications.queries.precedent import Precedent, newest_like, precedents
from applications.rules import workflow
from applications.rules.deadlines import days_left
from applications.rules.policy import Edition, Paragraph
from applications.rules.review import ClockDay, Item, ItemOutcome, clock_day, possible_outcomes

NEWEST = 100
OTHERS = 10


@dataclass(frozen=True, slots=True)
class ItemView:
    row: RequestedCapability
    name: str
    use_case: str
    also: tuple[str, ...]
    rule: Item
    possible: tuple[str, ...]
    existing_since: date | None

    @property
    def label(self) -> str:
        """Name of the capability and of the subscription, to tell the item from others."""
        return f"{self.name}, {self.row.subscription.label or self.row.subscription.guid}"


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Items that differ only in their subscription."""

    name: str
    use_case: str
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What is decided about items that differ only in their subscription, in words; `face` is a state of the tag."""

    items: tuple[ItemView, ...]
    face: str
    reasons: tuple[str, ...]
    conditions: tuple[tuple[str, int], ...]
    """Text and days until it is due."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the record: an action in words is made by the template tag from `action`."""

    at: datetime
    action: str
    who: str
    data: Mapping[str, Any]
    reason: str


@dataclass(slots=True)
class CaseFile:
    application: Application
    edition: Edition
    asked_by: Edition
    items: list[ItemView]
    sections: list[SectionView]
    flags: list[FlagView]
    other_flags: list[FlagView]
    unsettled: int
    two_needed: bool
    requests: list[InformationRequest]
    notes: list[Note]
    mentions_you: bool
    """Whether a note names the reader, who has not said yet that they have read it."""
    evidence: list[File]
    decisions: list[Decision]
    earlier: Earlier | None
    versions: Versions | None
    record: list[Line]
    others: list[Application]
    history: case.History | None
    precedents: list[Precedent]
    conditions: list[Promise]
    clock: ClockDay | None
    days_left: int | None
    submission: int
    moves: frozenset[str]
    works: bool
    """Whether this person may note findings now."""
    writes: bool
    """Whether this person may write notes at all."""

    @property
    def open_items(self) -> list[ItemView]:
        return [item for item in self.items if item.row.closed_at is None]

    @property
    def face(self) -> str:
        """The state in the words of the desk."""
        last = self.requests[0] if self.requests else None
        return face_of(
            self.application,
            answered=last is not None and last.answered_at == self.application.state_changed_at,
        )

    @property
    def talk(self) -> int:
        return len(self.notes) + sum(2 if one.answered_at else 1 for one in self.requests)

    @property
    def unseen_files(self) -> int:
        """Files that no scanner has looked at, or could not."""
        return sum(one.state != ScanState.CLEAN for one in self.evidence)

    @property
    def use_case_paragraphs(self) -> list[Paragraph]:
        """What the chosen use cases are judged by."""
        chosen = (self.edition.use_cases.get(item.row.use_case) for item in self.items)
        codes = dict.fromkeys(one.paragraph for one in chosen if one)
        return [self.edition.paragraphs[code] for code in codes]

    @property
    def groups(self) -> list[ItemGroup]:
        def key(item: ItemView) -> tuple[str, str]:
            return item.row.capability, item.row.use_case

        found = []
        for _key, members in groupby(self.items, key=key):
            items = tuple(members)
            found.append(ItemGroup(items[0].name, items[0].use_case, items))
        return found

    @property
    def rows(self) -> list[RequestedCapability]:
        return [item.row for item in self.items]

    @property
    def asked(self) -> list[tuple[int, str, int]]:
        """Item, capability and subscription, as `rules.review.effect_of` takes them."""
        return [(item.row.pk, item.row.capability, item.row.subscription_id) for item in self.items]

    def told(self, outcomes: Mapping[int, ItemOutcome], language: str | None) -> list[Told]:
        """Outcomes in words, in the order of the items; what is alike stands together."""
        together: dict[tuple[str, str, ItemOutcome], list[ItemView]] = {}
        for item in self.items:
            if said := outcomes.get(item.row.pk):
                together.setdefault((item.row.capability, item.row.use_case, said), []).append(item)
        reasons, conditions = self.edition.reasons, self.edition.conditions
        return [
            Told(
                tuple(items),
                said.outcome,
                tuple(reasons[code].text.to(language) for code in said.reasons),
                tuple(
                    (conditions[code].text.to(language), conditions[code].due_days)
                    for code in said.conditions
                ),
            )
            for (_capability, _use_case, said), items in together.items()
        ]

    @property
    def recommendation(self) -> Decision | None:
        if self.application.state != State.SECOND_REVIEW:
            return None
        return next((one for one in self.decisions if not one.decided_at and not one.returned_at), None)

    @property
    def decided(self) -> Decision | None:
        return next((one for one in self.decisions if one.decided_at and not one.taken_back_at), None)

    @property
    def returned(self) -> list[Decision]:
        return [one for one in self.decisions if one.returned_at]

    @property
    def question(self) -> InformationRequest | None:
        return next((one for one in self.requests if one.closed_at is None), None)

    @property
    def first_used_on(self) -> date | None:
        return min((item.existing_since for item in self.items if item.existing_since), default=None)


def casefile(user: User, reference: str, *, now: datetime, language: str | None) -> CaseFile:
    """Everything the page of a case shows, in eleven statements; twelve when it is decided.

    Raises as `case.find`.
    """
    found = case.find(user, reference, history_at=now)
    application, edition = found.application, found.edition
    row = application.edition
    if row is None:
        raise NotFound
    asked_by = edition_of(row)
    frozen = frozen_of(application)
    submissions = frozen[0][:2]
    of_both = case.items_of(application, *both(application)[1:])
    rows = [item for item in of_both if item.application_id == application.pk]
    number = submissions[0].number if submissions else 0
    undecided = application.state in UNDECIDED_STATES
    like = newest_like(application, rows) if undecided else []
    raised = Flag.objects.filter(
        Q(application=application, submission_number=number) | Q(application__in={row[0] for row in like})
    )
    raised_by_all = list(raised.select_related("settled_by").order_by("id"))
    flags = [flag for flag in raised_by_all if flag.application_id == application.pk]
    rules = {flag.rule for flag in flags if flag.settlement != Settlement.CURED}
    verdicts = {one.section: one for one in application.section_reviews.select_related("reviewed_by")}
    all_decisions = list(
        Decision.objects.filter(application__in=both(application))
        .select_related("recommended_by", "decided_by", "returned_by")
        .order_by("-id")
    )
    decisions = [one for one in all_decisions if one.application_id == application.pk]
    notes = (
        application.notes.select_related("author")
        .annotate(for_you=Exists(Mention.objects.filter(note=OuterRef("pk"), person=user, read_at=None)))
        .order_by("-id")[:NEWEST]
    )
    views = [flag_view(flag, asked_by, language) for flag in flags]
    sections = sections_of(asked_by, submissions, views, verdicts, language)
    shown = {flag.row.pk for section in sections for judged in section.judged for flag in judged.flags}
    moves = _moves(user, application, decisions) if not found.near else frozenset()
    items = [item_view(item, edition, now, language) for item in rows]
    return CaseFile(
        application=application,
        edition=edition,
        asked_by=asked_by,
        items=items,
        sections=sections,
        flags=views,
        other_flags=[flag for flag in views if flag.row.pk not in shown],
        unsettled=len(case.unsettled(flags, edition)),
        two_needed=case.needs_two(flags, [item for item in rows if item.closed_at is None], edition),
        requests=list(
            application.information_requests.select_related("asked_by", "answered_by").order_by("-id")[
                :NEWEST
            ]
        ),
        notes=list(notes),
        mentions_you=any(note.for_you for note in notes),
        evidence=files_of(application),
        decisions=decisions,
        earlier=earlier_of(application, frozen, all_decisions, of_both, edition, language),
        versions=versions_of(submissions, asked_by, language),
        record=_record(application),
        others=_others(application),
        history=found.history,
        precedents=precedents(like, raised_by_all, rules, edition, language),
        conditions=[] if undecided else conditions_of(application, edition, now, language),
        clock=_clock(application, edition, now),
        days_left=days_left(now, application.deadline_at) if application.deadline_at else None,
        submission=number,
        moves=moves,
        works=Move.REQUEST_INFORMATION in moves,
        writes=can(user, Can.REVIEW) and not found.near,
    )


def _moves(user: User, application: Application, decisions: Iterable[Decision]) -> frozenset[str]:
    """The moves this person may make now, as the actions will judge it."""
    if not can(user, Can.REVIEW):
        return frozenset()
    recommended = any(
        one.recommended_by_id == user.pk and not one.decided_at and not one.returned_at for one in decisions
    )
    return frozenset(
        move.value
        for move in workflow.moves_from(application.state)
        if workflow.staff_may(
            move,
            user.staff_role,
            holds=application.assigned_to_id == user.pk,
            recommended=recommended,
            state=application.state,
        )
    )


def _clock(application: Application, edition: Edition, now: datetime) -> ClockDay | None:
    if application.state not in UNDECIDED_STATES:
        return None
    return clock_day(edition, application.target_at, application.paused_at, now)


# --- what is asked for ---


def item_view(row: RequestedCapability, edition: Edition, now: datetime, language: str | None) -> ItemView:
    rule = case.as_rule_item(row, edition, now)
    capability = edition.capability(row.capability)
    use_case = edition.use_cases.get(row.use_case)
    also = (edition.capability(code) for code in edition.grants(row.capability)[1:])
    return ItemView(
        row=row,
        name=capability.name.to(language) if capability else row.capability,
        use_case=use_case.name.to(language) if use_case else "",
        also=tuple(one.name.to(language) for one in also if one),
        rule=rule,
        possible=tuple(outcome.value for outcome in possible_outcomes(rule, edition)),
        existing_since=row.first_uses.get(capability.service) if capability else None,
    )


# --- history ---


def _record(application: Application) -> list[Line]:
    name = User.objects.filter(key=OuterRef("actor")).values("name")[:1]
    events = (
        AuditEvent.objects.filter(application_ref=application.pk)
        .select_related("reason")
        .annotate(who=Subquery(name))
        .order_by("-id")[:NEWEST]
    )
    return [
        Line(event.at, event.action, event.who or "", event.data, event.reason.text if event.reason else "")
        for event in events
    ]


def _others(application: Application) -> list[Application]:
    return list(
        Application.objects.filter(customer=application.customer_id, submitted_at__isnull=False)
        .exclude(pk=application.pk)
        .exclude(state=State.DRAFT)
        .select_related("assigned_to")
        .defer("search_text")
        .order_by("-created_at")[:OTHERS]
    )
