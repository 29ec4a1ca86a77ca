"""Floor 1: how long decisions took, in business days, told only when enough cases stand behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from applications.rules.transparency import LEAST


@dataclass(frozen=True, slots=True)
class Pace:
    """Of `decided` cases half took at most `half` business days and nine in ten at most `most`.

    Both are None below ten cases, so that nobody's case can be recognised (as on the page of figures).
    """

    decided: int = 0
    half: int | None = None
    most: int | None = None

    @classmethod
    def read(cls, counts: Mapping[str, int]) -> "Pace":
        return cls(counts.get("decided", 0), counts.get("half"), counts.get("most"))


def pace_of(days: Iterable[int]) -> Pace:
    """From the business days of each case; the day by which so many were decided (nearest rank, no fractions)."""
    ordered = sorted(days)
    if len(ordered) < LEAST:
        return Pace(len(ordered))
    return Pace(len(ordered), _at(ordered, 50), _at(ordered, 90))


def _at(ordered: list[int], percent: int) -> int:
    return ordered[-(-len(ordered) * percent // 100) - 1]
