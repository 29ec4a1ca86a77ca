"""Floor 3: when each duty last did its work, and which have fallen silent (design §7: silence is the alarm)."""

from datetime import datetime

from applications.enums import DUTY_PERIODS, SILENT_PERIODS, Duty
from applications.models import JobRun


def last_runs() -> dict[Duty, datetime | None]:
    """End of the last run without an error, by duty; None when there was none. One look at the index each."""
    return {
        duty: JobRun.objects.filter(duty=duty, finished_at__isnull=False, error="")
        .order_by("-finished_at")
        .values_list("finished_at", flat=True)
        .first()
        for duty in Duty
    }


def silent(runs: dict[Duty, datetime | None], now: datetime) -> list[Duty]:
    """The duties whose last good run is three of their periods ago, or that never ran."""
    return [duty for duty, at in runs.items() if at is None or now - at > SILENT_PERIODS * DUTY_PERIODS[duty]]
