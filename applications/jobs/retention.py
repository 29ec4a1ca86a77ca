"""Floor 5: what is kept for a time only goes, class by class, after a warning where somebody loses something."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from applications.actions import retention
from applications.actions.duty import forget_runs
from applications.actions.evidence import forget_orphans
from applications.actions.webhook import forget_calls
from applications.enums import Duty
from applications.jobs.run import recorded
from applications.queries.retention import preview
from applications.rules.privacy import PERIODS

RUNS_KEPT = PERIODS["run"].after or timedelta()
CALLS_KEPT = PERIODS["call"].after or timedelta()
ORPHANS_KEPT_S = 24 * 60 * 60
_STEPS: dict[str, Callable[..., int]] = {
    "cases_warned": retention.warn_of_cases,
    "cases_emptied": retention.empty_cases,
    "drafts_emptied": retention.empty_drafts,
    "people_warned": retention.warn_people,
    "people_erased": retention.erase_people,
    "messages_emptied": retention.empty_messages,
}


def forget(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """One batch of each class; what is left is the next run's. Runs that closed rights stay: these name them."""
    with recorded(Duty.RETENTION, now, budget_s=budget_s) as run:
        run.add(runs=forget_runs(before=now - RUNS_KEPT), calls=forget_calls(before=now - CALLS_KEPT))
        # By the time of the machine: that is what files and sessions bear.
        run.add(files=forget_orphans(before=time.time() - ORPHANS_KEPT_S))
        for name, step in _STEPS.items():
            if run.is_over:
                return run.counts
            run.add(**{name: step(now=now)})
        run.add(**retention.delete_old(now=now, real=_real()))
        return run.counts


def would_forget(now: datetime) -> dict[str, int]:
    """What the next runs would do, without doing it."""
    return preview(now, _real())


def _real() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
