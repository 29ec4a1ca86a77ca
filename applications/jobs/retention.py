"""Floor 5: what is kept for a time only. So far the rows of runs; personal data has rules of its own."""

import time
from datetime import datetime, timedelta

from applications.actions.duty import forget_runs
from applications.actions.evidence import forget_orphans
from applications.actions.webhook import forget_calls
from applications.enums import Duty
from applications.jobs.run import recorded

RUNS_KEPT = timedelta(days=14)
CALLS_KEPT = timedelta(days=30)
ORPHANS_KEPT_S = 24 * 60 * 60


def forget(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Delete rows of old runs, but not of those that closed rights: these name them."""
    with recorded(Duty.RETENTION, now, budget_s=budget_s) as run:
        run.add(runs=forget_runs(before=now - RUNS_KEPT), calls=forget_calls(before=now - CALLS_KEPT))
        # By the time of the machine: that is what files bear.
        run.add(files=forget_orphans(before=time.time() - ORPHANS_KEPT_S))
        return run.counts
