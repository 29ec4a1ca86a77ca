"""Floor 3: the reviewers' queue (design §5): filters, search, one page after a row, the most urgent cases.

The order is one-directional: `rank` (0 is high risk), the earlier of review target and deadline, id. A page begins
after a row by one comparison of the three, so the last page costs what the first does. Nothing here looks at the
closed rows unless somebody searches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    BooleanField,
    Exists,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

from applications.enums import Kind, Settlement, StaffRole, State
from applications.models import (
    Application,
    Decision,
    Flag,
    InformationRequest,
    RequestedCapability,
    Submission,
    User,
)
from applications.permissions import stands_near
from applications.queries.lanes import LANE, OPEN_CASES
from applications.rules.identifiers import read_reference, read_subscription, search_key

PAGE = 50
TRIES = 20
SEARCH_MAX = 200
ORDER = ("rank", "urgent_at", "id")
SHOWN = (
    *("reference", "kind", "state", "risk", "policy_review", "rank", "urgent_at", "target_at", "deadline_at"),
    *("paused_at", "closed_at", "submitted_at", "state_changed_at"),
    *("customer__name", "assigned_to__name", "assigned_to__email"),
)
"""What a row of the queue is made of: a page of whole rows would be made of twice as much."""


class After(Func):
    """`(a, b, c) > (x, y, z)`: one range of one index, on PostgreSQL and SQLite alike."""

    output_field = BooleanField()
    conditional = True

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        half = len(compiled) // 2
        left, right = (", ".join(sql for sql, _params in side) for side in (compiled[:half], compiled[half:]))
        return f"({left}) > ({right})", tuple(value for _sql, params in compiled for value in params)


# --- what is asked of the queue ---


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters of the address; they combine. `capabilities` are those of a service."""

    lane: str = "open"
    reviewer: str = ""
    capabilities: tuple[str, ...] = ()
    risk: int | None = None
    flag: str = ""
    text: str = ""
    closed_too: bool = False


Place = tuple[int, datetime, int]


class Raised(NamedTuple):
    """A flag as a row of the queue shows it."""

    rule: str
    effect: str


@dataclass(frozen=True, slots=True)
class Found:
    """A case with the capability of each item and the flags that stand; `answered`: the applicant moved last."""

    case: Application
    items: tuple[str, ...]
    flags: tuple[Raised, ...]
    answered: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` in order; `last` is the row after which the next page begins, None at the end."""

    rows: list[Found]
    last: Place | None


def page(asked: Asked, *, user: User, now: datetime, after: Place | None = None) -> Page:
    """One page of the queue: cases with customer and holder, their items, their flags (three statements)."""
    found = _narrowed(asked, user, now)
    if after is not None:
        rank, urgent_at, pk = after
        found = found.filter(
            After(F("rank"), F("urgent_at"), F("id"), Value(rank), Value(urgent_at), Value(pk))
        )
    answered = InformationRequest.objects.filter(
        application=OuterRef("pk"), answered_at=OuterRef("state_changed_at")
    )
    cases = list(
        found.select_related("customer", "assigned_to")
        .only(*SHOWN)
        .annotate(answered=Exists(answered))
        .order_by(*ORDER)[: PAGE + 1]
    )
    more, cases = len(cases) > PAGE, cases[:PAGE]
    items, flags = _items(cases), _flags(cases)
    rows = [
        Found(case, tuple(items.get(case.pk, ())), tuple(flags.get(case.pk, ())), case.answered)
        for case in cases
    ]
    end = cases[-1] if more else None
    return Page(rows, (end.rank, end.urgent_at, end.pk) if end and end.urgent_at else None)


def _items(cases: Sequence[Application]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    items = RequestedCapability.objects.filter(application__in=cases).order_by("id")
    for pk, capability in items.values_list("application", "capability"):
        found.setdefault(pk, []).append(capability)
    return found


def _flags(cases: Sequence[Application]) -> dict[int, list[Raised]]:
    """The flags of the newest submission that a person has not found to be nothing."""
    newest = Submission.objects.filter(application=OuterRef("application")).order_by("-number")
    standing = Flag.objects.filter(
        application__in=cases, submission_number=newest.values("number")[:1]
    ).exclude(settlement=Settlement.CURED)
    found: dict[int, list[Raised]] = {}
    for pk, rule, effect in standing.order_by("id").values_list("application", "rule", "effect"):
        found.setdefault(pk, []).append(Raised(rule, effect))
    return found


def _narrowed(asked: Asked, user: User, now: datetime) -> QuerySet[Application]:
    lane = LANE[asked.lane]
    found = (
        Application.objects.exclude(state=State.DRAFT)
        if asked.closed_too or lane.is_wide
        else Application.objects.filter(OPEN_CASES)
    )
    found = found.filter(lane.condition(user, now))
    if asked.reviewer == "me":
        found = found.filter(assigned_to=user)
    elif asked.reviewer == "nobody":
        found = found.filter(assigned_to=None)
    elif asked.reviewer:
        found = found.filter(assigned_to__key=asked.reviewer)
    if asked.capabilities:
        of_service = RequestedCapability.objects.filter(
            application=OuterRef("pk"), capability__in=asked.capabilities
        )
        found = found.filter(Exists(of_service))
    if asked.risk is not None:
        found = found.filter(risk=asked.risk)
    if asked.flag:
        raised = Flag.objects.filter(application=OuterRef("pk"), rule=asked.flag)
        found = found.filter(Exists(raised.exclude(settlement=Settlement.CURED)))
    return found.filter(matches(asked.text)) if asked.text else found


def matches(text: str) -> Q:
    """A subscription id when it is one, else every word in the normalised search text (references stand there too)."""
    raw = text[:SEARCH_MAX]
    guid = read_subscription(raw)
    if isinstance(guid, str):
        return Q(
            Exists(
                RequestedCapability.objects.filter(application=OuterRef("pk"), subscription__guid=UUID(guid))
            )
        )
    words = Q()
    for word in search_key(raw).split():
        words &= Q(search_text__contains=word)
    return words


def named(text: str) -> str:
    """The reference that somebody typed, when a submitted case has it; any eight letters may look like one."""
    reference = read_reference(text)
    known = Application.objects.filter(reference=reference, submitted_at__isnull=False)
    return reference if reference and known.exists() else ""


# --- who may take what ---


def waiting_for(user: User, limit: int = TRIES) -> list[Application]:
    """The most urgent new cases that nobody has and that this person may judge."""
    judged = Decision.objects.filter(application=OuterRef("previous")).filter(
        Q(decided_by=user) | Q(recommended_by=user)
    )
    return list(
        Application.objects.filter(state=State.SUBMITTED, assigned_to=None)
        .exclude(stands_near(user, "customer"))
        .exclude(Q(kind=Kind.APPEAL) & Exists(judged))
        .select_related("customer")
        .order_by(*ORDER)[:limit]
    )


def count_of(user: User) -> int:
    """How many open cases a person has."""
    return Application.objects.filter(OPEN_CASES, assigned_to=user).count()


def reviewers() -> list[User]:
    """Everybody who can have a case, by name."""
    return list(_reviewers())


def _reviewers() -> QuerySet[User]:
    judging = [StaffRole.REVIEWER, StaffRole.LEAD]
    return User.objects.filter(is_active=True, staff_role__in=judging).order_by("name", "email", "pk")


# --- saved filters ---


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved filter that somebody may use."""

    pk: int
    name: str
    query: str
    shared: bool
    owner: User


def reviewers_and_filters(user: User) -> tuple[list[User], list[Kept]]:
    """`reviewers`, and their filters that this person may use: their own, by name, then shared ones. One statement."""
    usable = FilteredRelation(
        "saved_filters", condition=Q(saved_filters__shared=True) | Q(saved_filters__owner=user)
    )
    rows = _reviewers().annotate(
        usable=usable,
        filter_pk=F("usable__pk"),
        filter_name=F("usable__name"),
        filter_query=F("usable__query"),
        filter_shared=F("usable__shared"),
    )
    people: dict[int, User] = {}
    kept = []
    for row in rows:
        owner = people.setdefault(row.pk, row)
        if row.filter_pk:
            kept.append(Kept(row.filter_pk, row.filter_name, row.filter_query, row.filter_shared, owner))
    return list(people.values()), sorted(kept, key=lambda one: (one.owner.pk != user.pk, one.name.casefold()))


# --- what an applicant is told ---

PLACES = 1000
"""So many waiting cases are looked through for a place; behind them it is only "more than"."""


def place_of(application: Application) -> tuple[int | None, int]:
    """Place among the cases that wait for a reviewer, in the queue's order, and how many of them were looked at.

    One statement that reads at most PLACES entries of the queue's index, whatever the table holds.
    """
    waiting = Application.objects.filter(state=State.SUBMITTED).filter(OPEN_CASES).order_by(*ORDER)
    ids = list(waiting.values_list("pk", flat=True)[: PLACES + 1])
    return (ids.index(application.pk) + 1 if application.pk in ids else None), len(ids)
