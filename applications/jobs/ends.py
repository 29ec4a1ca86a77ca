"""Floor 5: close what has ended, batch by batch (design §7). Changes no answer: rights end by themselves (P1)."""

from dataclasses import dataclass
from datetime import datetime

from applications.actions import deadlines
from applications.enums import Duty, Source
from applications.exceptions import NoEdition
from applications.jobs.run import Run, recorded
from applications.queries.deadlines import count_due, count_ends, differs_from_preview
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition

BATCH = 2_500
"""Rights in a batch: closed well within a quarter of a second (twice as many went no faster in all)."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The numbers of one run (contract of `revoke_overdue`)."""

    due: int = 0
    closed: int = 0
    covered: int = 0
    customers: int = 0
    notices: int = 0


def close_ended(
    now: datetime, *, source: Source = Source.CLOCK, budget_s: float | None = None, size: int = BATCH
) -> Closed:
    """Close every right whose end is past. Twice, late or at once with another run: each is closed once."""
    with recorded(Duty.ENDS, now, budget_s=budget_s) as run:
        due = count_due(now)
        if due:
            _close(run, now, source, size)
        run.add(due=due)
        names = ("due", "closed", "covered", "customers", "notices")
        return Closed(**{name: run.counts.get(name, 0) for name in names})


def preview_ends(now: datetime) -> Closed:
    """What `close_ended` would do at `now`; reads only."""
    ends = count_ends(now, _edition())
    return Closed(ends.due, ends.due, ends.covered, ends.customers, ends.notices)


def _close(run: Run, now: datetime, source: Source, size: int) -> None:
    edition = _edition()
    hold = edition is not None and differs_from_preview(now, edition.limits.preview_share)
    after: int | None = 0
    while after is not None and not run.is_over:
        batch = deadlines.close_batch(
            run=run.row, after=after, size=size, edition=edition, hold=hold, now=now, source=source
        )
        if batch is None:
            return
        run.add(closed=batch.closed, covered=batch.covered, customers=batch.customers, notices=batch.notices)
        run.held += batch.notices if hold else 0
        after = batch.upto


def _edition() -> Edition | None:
    """Ends go on without an edition: a right ends by its own row."""
    try:
        return edition_in_force()
    except NoEdition:
        return None
