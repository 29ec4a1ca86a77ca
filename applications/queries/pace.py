"""Floor 3: measured times of the last ninety days. A duty reads the cases; pages read what its last run found."""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from applications.enums import Duty, State
from applications.models import Application, InformationRequest, JobRun
from applications.rules.deadlines import ReviewClock
from applications.rules.pace import Pace, pace_of
from applications.rules.policy import Edition

WINDOW = timedelta(days=90)


def measure(edition: Edition, now: datetime) -> Pace:
    """Business days from submission to decision, without those on which the customer had the ball.

    Two statements by the index of decided cases: what a run reads is ninety days, whatever the table holds.
    """
    decided = Application.objects.filter(
        state=State.DECIDED, submitted_at__isnull=False, closed_at__gt=now - WINDOW, closed_at__lte=now
    )
    asked = InformationRequest.objects.filter(application__in=decided, answered_at__isnull=False)
    pauses: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for pk, start, end in asked.values_list("application_id", "asked_at", "answered_at"):
        pauses[pk].append((start, end))
    zone = ZoneInfo(edition.time_zone)
    rows = decided.values_list("pk", "submitted_at", "closed_at").iterator()
    return pace_of(
        ReviewClock(start, tuple(pauses.get(pk, ())), 0, edition.calendar, zone).used(end)
        for pk, start, end in rows
        if start and end
    )


def latest_pace() -> Pace:
    """What the last good run measured; one look at an index. Nothing measured yet: no case."""
    runs = JobRun.objects.filter(duty=Duty.PACE, finished_at__isnull=False, error="")
    return Pace.read(runs.order_by("-finished_at").values_list("counts", flat=True).first() or {})
