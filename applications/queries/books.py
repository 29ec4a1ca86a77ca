"""Floor 3: the books of a deadline (promise P6): planned = ended and confirmed + kept with a reason + open.

Planned is every right that ends at the instant and was not taken back before. Kept: another right covers it, or no
gateway of its service is there to hand on to (none, or disabled by two people). Confirmed: every gateway of the
service has acknowledged the feed up to the row of the end. Open is the rest, and it never goes away by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q

from applications.enums import AttentionCode, Basis, Duty, MessageKind, MessageState, ReminderState
from applications.models import (
    AccessGrant,
    Attention,
    Change,
    DeadlineClosing,
    DeadlinePreview,
    Gateway,
    JobRun,
    OutboundMessage,
    Reminder,
)
from applications.models.deadline import ANNOUNCEMENT
from applications.rules.policy import Edition

AHEAD = timedelta(days=400)
BEHIND = timedelta(days=400)
MOST = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One service of a deadline. `open` = planned − confirmed − kept; `oldest_at` is when the oldest open end was."""

    service: str
    planned: int
    not_closed: int
    covered: int
    nobody: int
    confirmed: int
    waiting: tuple[tuple[str, int], ...]

    @property
    def kept(self) -> int:
        return self.covered + self.nobody

    @property
    def open(self) -> int:
        return self.planned - self.confirmed - self.kept


@dataclass(frozen=True, slots=True)
class Books:
    """The lines of a deadline and their sums."""

    ends_at: datetime
    lines: tuple[Line, ...]
    closing: DeadlineClosing | None

    def _sum(self, name: str) -> int:
        return sum(getattr(line, name) for line in self.lines)

    @property
    def planned(self) -> int:
        return self._sum("planned")

    @property
    def confirmed(self) -> int:
        return self._sum("confirmed")

    @property
    def kept(self) -> int:
        return self._sum("kept")

    @property
    def open(self) -> int:
        return self._sum("open")


def books(ends_at: datetime, edition: Edition) -> Books:
    """The books of one deadline; a handful of statements for each service, whatever the number of rights."""
    gateways = list(Gateway.objects.filter(disabled_at=None).order_by("name"))
    rights = AccessGrant.objects.filter(ends_at=ends_at).filter(
        Q(revoked_at=None) | Q(revoked_at__gte=ends_at)
    )
    counts = {
        row["capability"]: row
        for row in rights.values("capability").annotate(
            planned=Count("pk"),
            not_closed=Count("pk", filter=Q(closed_at=None)),
            covered=Count("pk", filter=Q(closed_covered=True)),
        )
    }
    lines = []
    for service in edition.services:
        codes = [one.code for one in edition.capabilities_of(service)]
        rows = [counts[code] for code in codes if code in counts]
        if rows:
            mine = [gateway for gateway in gateways if service in gateway.services]
            lines.append(_line(service, ends_at, rows, mine))
    return Books(ends_at, tuple(lines), DeadlineClosing.objects.filter(ends_at=ends_at).first())


def _line(
    service: str, ends_at: datetime, rows: Sequence[Mapping[str, Any]], gateways: list[Gateway]
) -> Line:
    planned = sum(row["planned"] for row in rows)
    not_closed = sum(row["not_closed"] for row in rows)
    covered = sum(row["covered"] for row in rows)
    ended = planned - not_closed - covered
    told = [(gateway.name, _acknowledged(ends_at, service, gateway)) for gateway in gateways]
    handed_on = min((count for _name, count in told), default=0)
    # The feed has a row for each closed right, covered ones too; gateways confirm positions, so the least counts.
    total = not_closed + ended + covered
    confirmed = max(0, min(ended, handed_on - covered)) if gateways else 0
    waiting = tuple((name, max(0, total - not_closed - count)) for name, count in told)
    return Line(service, planned, not_closed, covered, 0 if gateways else ended, confirmed, waiting)


def _acknowledged(ends_at: datetime, service: str, gateway: Gateway) -> int:
    """How many rows of this deadline the gateway has confirmed."""
    reached = Q(transaction__lt=gateway.acked_transaction) | Q(
        transaction=gateway.acked_transaction, pk__lte=gateway.acked_change
    )
    return Change.objects.filter(reached, deadline_at=ends_at, service=service).count()


def oldest_open(ends_at: datetime) -> datetime | None:
    """When the oldest end that is not handed on yet was written; None when nothing waits."""
    slow = Gateway.objects.filter(disabled_at=None).values_list(
        "services", "acked_transaction", "acked_change"
    )
    oldest = [
        Change.objects.filter(
            Q(transaction__gt=number) | Q(transaction=number, pk__gt=row),
            deadline_at=ends_at,
            service__in=services,
        ).aggregate(at=Min("at"))["at"]
        for services, number, row in slow
    ]
    return min((at for at in oldest if at), default=None)


@dataclass(frozen=True, slots=True)
class Deadline:
    """One instant at which grace, or several rights, end; a line of the list."""

    ends_at: datetime
    rights: int
    not_closed: int
    closing: DeadlineClosing | None


def deadlines(now: datetime) -> list[Deadline]:
    """Instants around now at which grace or more than one right ends, the next one first."""
    rows = (
        AccessGrant.objects.filter(ends_at__gt=now - BEHIND, ends_at__lte=now + AHEAD)
        .values("ends_at")
        .annotate(
            rights=Count("pk"),
            grace=Count("pk", filter=Q(basis=Basis.GRACE)),
            not_closed=Count("pk", filter=Q(closed_at=None)),
        )
        .filter(Q(grace__gt=0) | Q(rights__gt=1))
        .order_by("ends_at")[:MOST]
    )
    closings = {one.ends_at: one for one in DeadlineClosing.objects.all()}
    return [
        Deadline(row["ends_at"], row["rights"], row["not_closed"], closings.get(row["ends_at"]))
        for row in rows
    ]


def latest_previews(ends_at: datetime, most: int = 60) -> list[DeadlinePreview]:
    """The previews of a deadline, newest first."""
    return list(
        DeadlinePreview.objects.filter(ends_at=ends_at)
        .select_related("proposed_by", "armed_by")
        .order_by("-made_at", "-pk")[:most]
    )


@dataclass(frozen=True, slots=True)
class Steps:
    """What became of the warnings of a deadline, by step: days before → state → how many."""

    days_before: int
    states: dict[str, int]

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(str(ReminderState(name).label), number) for name, number in self.states.items()]

    @property
    def is_announcement(self) -> bool:
        return self.days_before == ANNOUNCEMENT


def warnings(ends_at: datetime) -> list[Steps]:
    """The ledger of a deadline, the announcement first."""
    found: dict[int, dict[str, int]] = {}
    rows = (
        Reminder.objects.filter(ends_at=ends_at)
        .values_list("days_before", "state")
        .annotate(number=Count("pk"))
        .order_by("-days_before", "state")
    )
    for days, state, number in rows:
        found.setdefault(days, {})[state] = number
    return [Steps(days, states) for days, states in found.items()]


def held_runs() -> list[tuple[JobRun, int]]:
    """Runs whose notices wait for two people, with how many."""
    runs = JobRun.objects.filter(duty=Duty.ENDS, released_at=None).order_by("-pk")[:200]
    held = dict(_held_by_run(runs))
    return [(run, held[run.pk]) for run in runs if run.pk in held]


def _held_by_run(runs: Iterable[JobRun]) -> Iterable[tuple[int, int]]:
    rows = OutboundMessage.objects.filter(kind=MessageKind.ACCESS_ENDED, state=MessageState.HELD).values_list(
        "key", flat=True
    )
    counts: dict[int, int] = {}
    for key in rows.iterator():
        run = key.split(":")[1]
        if run.isdigit():
            counts[int(run)] = counts.get(int(run), 0) + 1
    return counts.items()


def nobody_reached(most: int = 100) -> list[Attention]:
    """Customers whom no warning reached, longest first (promise P3)."""
    codes = [AttentionCode.NOBODY_REACHED, AttentionCode.NO_CONTACT, AttentionCode.NEVER_WARNED]
    return list(
        Attention.objects.filter(code__in=codes, settled_at=None)
        .select_related("customer")
        .order_by("raised_at", "pk")[:most]
    )
