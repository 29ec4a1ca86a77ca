"""Floor 5: warn twice, then let lapse what nobody goes on with; close what the policy has settled (design §5)."""

from datetime import datetime

import structlog

from applications.actions import lapse
from applications.actions.decision import close_items_for_policy
from applications.enums import Duty
from applications.exceptions import NoEdition, NotPossibleNow
from applications.jobs.run import Run, recorded
from applications.queries.case import settled_by_policy
from applications.queries.lapse import Wait, may_lapse, next_warning, waits
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition

log = structlog.get_logger("applications.lapses")


def lapse_waiting(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Warn of and let lapse what is due, and close items whose capability opened or retired while they were open.

    Each application in a transaction of its own. Returns how many of each.
    """
    with recorded(Duty.LAPSES, now, budget_s=budget_s) as run:
        try:
            edition = edition_in_force()
        except NoEdition:
            return run.counts
        for wait in waits(edition, now):
            if run.is_over:
                break
            try:
                _take(run, wait, edition, now)
            except NotPossibleNow:
                run.add(went_on=1)
            except Exception:
                # One poisoned application must not stop the others; it is tried again at the next run.
                log.exception("not_lapsed", application=wait.application.pk)
                run.add(failed=1)
        _close_settled(run, edition, now)
        return run.counts


def _close_settled(run: Run, edition: Edition, now: datetime) -> None:
    """An edition was activated, or a date of it has come: nobody waits for what needs no decision any more."""
    for application in settled_by_policy(edition, now):
        if run.is_over:
            break
        try:
            closed = close_items_for_policy(application, edition=edition, now=now)
        except Exception:
            log.exception("not_closed", application=application.pk)
            run.add(failed=1)
        else:
            run.add(closed=closed)


def _take(run: Run, wait: Wait, edition: Edition, now: datetime) -> None:
    steps = edition.limits.lapse_warning_days
    if may_lapse(wait, steps, edition.limits.lapse_pause_days, now):
        lapse.lapse(wait, now=now)
        run.add(lapsed=1)
        return
    step = next_warning(wait, steps, now)
    if step is not None and lapse.warn(wait, step, now=now):
        run.add(warned=1)
