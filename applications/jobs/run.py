"""Floor 5: every run of a duty leaves one row, whatever becomes of it (design §7: silence is the alarm)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from applications.actions import duty
from applications.enums import Duty
from applications.models import JobRun


@dataclass(slots=True)
class Run:
    """A run under way: what it counted, and how long it may go on."""

    row: JobRun
    budget_s: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    held: int = 0
    error: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.began)

    @property
    def is_over(self) -> bool:
        """Whether the time of this run is used up; the next one resumes by what the rows say."""
        return self.budget_s is not None and self.elapsed.total_seconds() >= self.budget_s

    def add(self, **counts: int) -> None:
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count


@contextmanager
def recorded(what: Duty, now: datetime, *, budget_s: float | None = None) -> Iterator[Run]:
    """Write the run's row at the start and finish it at the end; an error is named on it and goes on up."""
    run = Run(duty.begin(what, now=now), budget_s)
    try:
        yield run
    except BaseException as error:
        run.error = run.error or type(error).__name__
        raise
    finally:
        duty.finish(run.row, counts=run.counts, held=run.held, error=run.error, now=now + run.elapsed)
