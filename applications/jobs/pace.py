"""Floor 5: measures how long decisions took; its run row keeps the answer, so that no page counts cases."""

from datetime import datetime

from applications.enums import Duty
from applications.exceptions import NoEdition
from applications.jobs.run import recorded
from applications.queries.pace import measure
from applications.queries.policy import edition_in_force


def measure_pace(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Half and nine tenths of the cases decided in ninety days, in business days; only the number below ten."""
    with recorded(Duty.PACE, now, budget_s=budget_s) as run:
        try:
            edition = edition_in_force()
        except NoEdition:
            return run.counts
        found = measure(edition, now)
        run.add(decided=found.decided)
        if found.half is not None and found.most is not None:
            run.add(half=found.half, most=found.most)
        return run.counts
