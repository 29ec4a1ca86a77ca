"""Floor 3: the leads' figures, each counted by the database over a bounded period; nothing grows with closed rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Max, Q
from django.db.models.functions import TruncDate

from applications.enums import GRANTING_OUTCOMES, Outcome, State
from applications.models import Application, BlindReview, DeadlinePreview, RequestedCapability, User
from applications.queries import forecast
from applications.queries.lanes import LANE, OPEN_CASES
from applications.queries.queue import reviewers
from applications.rules import figures
from applications.rules.policy import Edition
from applications.rules.review import read_outcomes

LONGEST = timedelta(days=400)
PACE = timedelta(weeks=1)
AHEAD = 3
MOST_JUDGED = 5_000


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the edition's zone, both included."""

    first: date
    last: date
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, first: date, last: date, edition: Edition) -> "Period":
        return cls(first, last, edition.day_starts_at(first), edition.day_ends_at(last))

    def holds(self, field: str) -> Q:
        return Q(**{f"{field}__gte": self.starts_at, f"{field}__lt": self.ends_at})


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has; `person` is None for what nobody has. `waiting` is with the customer."""

    person: User | None
    open: int
    waiting: int
    overdue: int
    away: bool


@dataclass(frozen=True, slots=True)
class Open:
    """What is open now: by who has it, the fullest first, and by age in the buckets of `rules.figures.AGES`."""

    loads: list[Load]
    ages: list[int]


def open_now(edition: Edition, now: datetime) -> Open:
    """Open cases by who has them (reviewers without any too) and by business days since they were submitted.

    Two statements: one grouped over the open rows alone, one for the people.
    """
    zone, today = ZoneInfo(edition.time_zone), edition.local_day(now)
    rows = (
        Application.objects.filter(OPEN_CASES)
        .annotate(day=TruncDate("submitted_at", tzinfo=zone))
        .values_list("assigned_to", "day")
        .annotate(
            open=Count("state"),
            waiting=Count("state", filter=Q(state=State.INFORMATION_REQUESTED)),
            overdue=Count("state", filter=LANE["late"].condition(User(), now)),
        )
        .order_by()
    )
    counts: dict[int | None, Counter[str]] = defaultdict(Counter)
    days: Counter[date] = Counter()
    for holder, day, is_open, waiting, overdue in rows:
        counts[holder].update(open=is_open, waiting=waiting, overdue=overdue)
        days[day] += is_open
    histogram: Counter[int] = Counter()
    for day, number in days.items():
        histogram[max(figures.business_days(day, today, edition.calendar), 0)] += number
    loads = [_load(person, counts[person.pk if person else None], now) for person in [*reviewers(), None]]
    fullest = sorted(loads, key=lambda load: (load.person is None, -load.open, str(load.person)))
    return Open(fullest, figures.by_age(histogram))


def _load(person: User | None, count: Counter[str], now: datetime) -> Load:
    away = bool(person and person.absent_until and person.absent_until >= now.date())
    return Load(person, count["open"], count["waiting"], count["overdue"], away)


@dataclass(frozen=True, slots=True)
class Week:
    """Decisions of the week that begins on `first`; business days half and nine in ten took at most."""

    first: date
    decided: int
    half: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    weeks: list[Week]
    number: int
    half: int | None
    most: int | None


def decided(period: Period, edition: Edition) -> Decided:
    """Throughput and time to decision of a period: one grouped statement, by the index of decided cases.

    Rows are days × targets, however many cases there are; the target tells the pauses (`figures.days_taken`).
    """
    zone = ZoneInfo(edition.time_zone)
    last = ExpressionWrapper(F("target_at") - timedelta.resolution, output_field=DateTimeField())
    rows = (
        Application.objects.filter(period.holds("closed_at"), state=State.DECIDED, target_at__isnull=False)
        .annotate(day=TruncDate("closed_at", tzinfo=zone), target=TruncDate(last, tzinfo=zone))
        .values_list("day", "target")
        .annotate(number=Count("pk"))
        .order_by()
    )
    allowed, calendar = edition.limits.review_business_days, edition.calendar
    by_week: dict[date, Counter[int]] = {monday: Counter() for monday in _mondays(period)}
    everything: Counter[int] = Counter()
    for day, target, number in rows:
        took = figures.days_taken(day, target, allowed, calendar)
        by_week[day - timedelta(days=day.weekday())][took] += number
        everything[took] += number
    weeks = [
        Week(monday, sum(days.values()), figures.percentile(days, 50), figures.percentile(days, 90))
        for monday, days in by_week.items()
    ]
    half, most = figures.percentile(everything, 50), figures.percentile(everything, 90)
    return Decided(weeks, sum(everything.values()), half, most)


def _mondays(period: Period) -> Iterable[date]:
    monday = period.first - timedelta(days=period.first.weekday())
    while monday <= period.last:
        yield monday
        monday += timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Share:
    """Items of one service and use case that a person approved or denied."""

    service: str
    use_case: str
    approved: int
    denied: int

    @property
    def percent(self) -> int:
        return round(100 * self.approved / (self.approved + self.denied))


def shares(period: Period, edition: Edition) -> list[Share]:
    """What was approved by service and use case; one grouped statement over an index."""
    rows = (
        RequestedCapability.objects.filter(
            period.holds("closed_at"), outcome__in=[*GRANTING_OUTCOMES, Outcome.DENIED]
        )
        .values_list("capability", "use_case", "outcome")
        .annotate(number=Count("pk"))
        .order_by()
    )
    found: dict[tuple[str, str], list[int]] = {}
    for code, use_case, outcome, number in rows:
        capability = edition.capability(code)
        place = (capability.service if capability else code, use_case)
        found.setdefault(place, [0, 0])[outcome == Outcome.DENIED] += number
    return [Share(*place, *counts) for place, counts in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class Ahead:
    ends_at: datetime
    projection: forecast.Projection


def ahead(now: datetime) -> list[Ahead]:
    """The next deadlines, and how many will be undecided then at this week's pace; two statements."""
    newest = (
        DeadlinePreview.objects.filter(ends_at__gt=now)
        .order_by()
        .values("ends_at")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    previews = DeadlinePreview.objects.filter(pk__in=newest).order_by("ends_at")[:AHEAD]
    pace = Application.objects.filter(
        state=State.DECIDED, closed_at__gt=now - PACE, closed_at__lte=now
    ).count()
    found = [(one.ends_at, forecast.project_at(one, float(pace), now=now)) for one in previews]
    return [Ahead(ends_at, projection) for ends_at, projection in found if projection]


@dataclass(frozen=True, slots=True)
class Blind:
    """How the blind second reviews of a period went: cases, items alike, and what waits now."""

    cases: int
    items: figures.Agreement
    waiting: int


def blind(period: Period) -> Blind:
    """Agreement in the blind second review of a period; two statements."""
    rows = BlindReview.objects.filter(period.holds("judged_at"), decision__taken_back_at=None)
    judged = list(rows.values_list("outcomes", "decision__outcomes")[:MOST_JUDGED])
    pairs = figures.pairs_of(
        ({str(item): said.outcome for item, said in read_outcomes(first).items()}, second)
        for second, first in judged
    )
    waiting = BlindReview.objects.filter(judged_at=None, decision__taken_back_at=None).count()
    return Blind(len(judged), figures.agreement(pairs), waiting)
