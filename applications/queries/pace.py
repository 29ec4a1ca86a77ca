"""Floor 3: measured times of the last ninety days. A duty counts; pages read what its last run found."""

from datetime import datetime, timedelta

from applications.enums import Duty
from applications.models import JobRun
from applications.queries.figures import Period, decided
from applications.rules.pace import Pace
from applications.rules.policy import Edition

WINDOW = timedelta(days=90)


def measure(edition: Edition, now: datetime) -> Pace:
    """The figures of the leads' page, without the days on which the customer had the ball."""
    today = edition.local_day(now)
    found = decided(Period.of(today - WINDOW, today, edition), edition)
    return Pace.of(found.number, found.half, found.most)


def latest_pace() -> Pace:
    """What the last good run measured; one look at an index. Nothing measured yet: no case."""
    runs = JobRun.objects.filter(duty=Duty.PACE, finished_at__isnull=False, error="")
    return Pace.read(runs.order_by("-finished_at").values_list("counts", flat=True).first() or {})
