"""Floor 5: seal what was added to the audit trail (promise P8). Apart: a chain per row would slow the ends."""

from datetime import datetime

from applications.actions.sealing import seal_next
from applications.enums import Duty
from applications.jobs.run import recorded

SEAL = 10_000


def seal_trail(now: datetime, *, budget_s: float | None = None, size: int = SEAL) -> dict[str, int]:
    """Seal all that is there. Returns how many rows and seals."""
    with recorded(Duty.SEAL, now, budget_s=budget_s) as run:
        while not run.is_over:
            count = seal_next(size=size, now=now)
            if not count:
                break
            run.add(events=count, seals=1)
        return run.counts
