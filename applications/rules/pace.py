"""Floor 1: how long decisions took, in business days, told only when enough cases stand behind it."""

from collections.abc import Mapping
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
    def of(cls, decided: int, half: int | None, most: int | None) -> "Pace":
        return cls(decided) if decided < LEAST else cls(decided, half, most)

    @classmethod
    def read(cls, counts: Mapping[str, int]) -> "Pace":
        return cls.of(counts.get("decided", 0), counts.get("half"), counts.get("most"))
