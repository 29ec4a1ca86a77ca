"""Floor 3: the duties as operators look at them: last good run, silence, counts and what failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from applications.enums import DUTY_PERIODS, Duty
from applications.models import JobRun
from applications.queries.duty import last_runs, silent


@dataclass(frozen=True, slots=True)
class Overview:
    """One duty: its last good run, and of its last run the counts that are not zero and the error."""

    duty: Duty
    period: str
    good_at: datetime | None
    is_silent: bool
    counts: tuple[tuple[str, int], ...]
    error: str
    failed: int


def overview(now: datetime) -> list[Overview]:
    """Every duty, silent ones first; two looks at the index each, and one statement for what failed in a day."""
    good = last_runs()
    quiet = set(silent(good, now))
    failed = dict(
        JobRun.objects.filter(duty__in=list(Duty), finished_at__gt=now - timedelta(days=1))
        .exclude(error="")
        .order_by()
        .values_list("duty")
        .annotate(number=Count("pk"))
    )
    rows = []
    for duty in Duty:
        runs = JobRun.objects.filter(duty=duty, finished_at__isnull=False).order_by("-finished_at")
        last = next(iter(runs[:1]), None)
        counts = tuple((name, number) for name, number in (last.counts if last else {}).items() if number)
        rows.append(
            Overview(
                duty,
                said_period(DUTY_PERIODS[duty]),
                good[duty],
                duty in quiet,
                counts,
                last.error if last else "",
                failed.get(duty.value, 0),
            )
        )
    return sorted(rows, key=lambda row: not row.is_silent)


def said_period(period: timedelta) -> str:
    """15 s, 5 min, 1 h."""
    seconds = int(period.total_seconds())
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
