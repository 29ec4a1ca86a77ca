"""The demo's clock: real time plus a shift that only grows. Sessions and the broker stay on real time."""

from datetime import UTC, datetime, timedelta

from portal.demo.models import ClockShift


def now() -> datetime:
    """What `applications.clock` tells in the demo (setting CLOCK)."""
    newest = ClockShift.objects.order_by("-pk").values_list("shift", flat=True).first()
    return datetime.now(UTC) + (newest or timedelta(0))


def set_start(moment: datetime) -> None:
    """Let the demo begin at `moment`, once: nothing happens when the clock was set before."""
    if not ClockShift.objects.exists():
        real = datetime.now(UTC)
        ClockShift.objects.create(shift=moment - real, moved_at=real)


def jump_to(moment: datetime) -> datetime:
    """Move forward to `moment`; a moment already past changes nothing. Returns the demo's time then."""
    current = now()
    if moment > current:
        ClockShift.objects.create(shift=moment - datetime.now(UTC), moved_at=datetime.now(UTC))
    return now()
