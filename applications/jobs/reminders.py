"""Floor 5: record what is due to be warned of (design §7). Due is past and not recorded: missed days are caught up."""

from dataclasses import dataclass, replace
from datetime import datetime

from applications.actions import reminders
from applications.actions.reminders import Due, Hours, Wave
from applications.enums import Duty
from applications.exceptions import NoEdition
from applications.jobs.run import Run, recorded
from applications.queries.policy import edition_in_force

BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Warned:
    """The numbers of one run (contract of `send_due_reminders`). `due` = queued + superseded + not needed."""

    due: int = 0
    queued: int = 0
    superseded: int = 0
    not_needed: int = 0
    customers: int = 0


def record_reminders(
    now: datetime, *, dry_run: bool = False, budget_s: float | None = None, size: int = BATCH
) -> Warned:
    """Record every step that is due. Twice, late or at once with another run: each is recorded once.

    A dry run leaves no row behind, not even that of a run.
    """
    if dry_run:
        return _numbers(_record(None, now, size))
    with recorded(Duty.REMINDERS, now, budget_s=budget_s) as run:
        return _numbers(_record(run, now, size))


def _numbers(counts: dict[str, int]) -> Warned:
    written = {name: counts.get(name, 0) for name in ("queued", "superseded", "not_needed")}
    return Warned(due=sum(written.values()), **written, customers=counts.get("customers", 0))


def _record(run: Run | None, now: datetime, size: int) -> dict[str, int]:
    counts: dict[str, int] = run.counts if run else {}
    try:
        edition = edition_in_force()
    except NoEdition:
        return counts
    hours = Hours(edition, now)
    for wave in reminders.waves(edition, now):
        for due in reminders.find_due(wave, hours):
            if not _take(run, counts, wave, due, hours, size):
                return counts
    return counts


def _take(run: Run | None, counts: dict[str, int], wave: Wave, due: Due, hours: Hours, size: int) -> bool:
    """All batches of one deadline; false when the run is over or another one is at work."""
    rest: Due | None = due
    while rest is not None:
        if run is not None and run.is_over:
            return False
        batch = reminders.record_batch(wave, rest, hours=hours, size=size, now=hours.now, dry_run=run is None)
        if batch is None:
            return False
        for name in ("queued", "superseded", "not_needed"):
            counts[name] = counts.get(name, 0) + getattr(batch, name)
        counts["customers"] = counts.get("customers", 0) + batch.queued
        rest = None if batch.upto is None else replace(rest, first=batch.upto + 1)
    return True
