"""Floor 1: what may be published about decisions without telling about anybody (promise of the public page).

Counts under ten are suppressed, and in each row the next smallest with them, so that what is hidden cannot be worked
out from the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

LEAST = 10
MEASURES = ("received", "approved", "denied", "revoked")


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        return cls(day.year, (day.month - 1) // 3 + 1)

    def __str__(self) -> str:
        return f"{self.year} Q{self.number}"


@dataclass(frozen=True, slots=True)
class Row:
    """One service in one quarter. A count is None when it is suppressed; `days` is None when too few were decided."""

    service: str
    quarter: Quarter
    counts: Mapping[str, int | None]
    days: float | None


def suppress(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Hide each count from 1 to 9, and when anything is hidden the smallest of the others that is not zero too."""
    hidden = {name for name, count in counts.items() if 0 < count < LEAST}
    if hidden:
        others = sorted((count, name) for name, count in counts.items() if name not in hidden and count)
        hidden.update(name for _count, name in others[:1])
    return {name: None if name in hidden else count for name, count in counts.items()}


def median(histogram: Iterable[tuple[int, int]]) -> float | None:
    """Median of whole days out of (days, how often); None when fewer than ten cases stand behind it."""
    ordered = sorted(histogram)
    total = sum(often for _days, often in ordered)
    if total < LEAST:
        return None
    lower, upper = _at(ordered, (total - 1) // 2), _at(ordered, total // 2)
    return (lower + upper) / 2


def _at(ordered: list[tuple[int, int]], index: int) -> int:
    seen = 0
    for days, often in ordered:
        seen += often
        if index < seen:
            return days
    raise IndexError(index)
