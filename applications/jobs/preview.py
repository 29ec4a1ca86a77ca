"""Floor 5: once a day, whom each deadline ahead would touch, so that a real number has a reference (promise P7)."""

from datetime import datetime, timedelta

from applications.actions.deadlines import make_preview
from applications.enums import Duty
from applications.jobs.run import recorded
from applications.queries.deadlines import deadlines_ahead, previewed_since

HORIZON = timedelta(days=400)
EVERY = timedelta(hours=23)
"""A little less than a day: hourly runs then make one a day, also after an outage."""


def preview_deadlines(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Make the previews that are older than a day. Returns how many were made."""
    with recorded(Duty.PREVIEW, now, budget_s=budget_s) as run:
        fresh = previewed_since(now - EVERY)
        for ends_at in deadlines_ahead(now, now + HORIZON):
            if run.is_over:
                break
            if ends_at not in fresh:
                make_preview(ends_at, now=now)
                run.add(made=1)
        return run.counts
