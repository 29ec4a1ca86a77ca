"""Floor 1: figures for leads: business days taken, buckets of age, percentiles, how alike two people judge."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from applications.rules.deadlines import DAY, is_business_day

AGES: tuple[tuple[int, int | None], ...] = ((0, 2), (3, 5), (6, 10), (11, 20), (21, None))
"""Business days since a case was submitted, from and up to; the last bucket has no end."""
Histogram = Mapping[int, int]


def business_days(first: date, last: date, calendar: str) -> int:
    """Business days after `first` up to and with `last`; below zero when `last` comes before `first`."""
    if last < first:
        return -business_days(last, first, calendar)
    return sum(is_business_day(first + n * DAY, calendar) for n in range(1, (last - first).days + 1))


def days_taken(decided: date, target: date, allowed: int, calendar: str) -> int:
    """Business days a decision took: the target moves on while the applicant has the ball, so it tells the pauses."""
    return max(allowed - business_days(decided, target, calendar), 0)


def by_age(histogram: Histogram) -> list[int]:
    """How many cases fall into each of AGES."""
    found = [0] * len(AGES)
    for age, number in histogram.items():
        found[next(n for n, (_low, high) in enumerate(AGES) if high is None or age <= high)] += number
    return found


def percentile(histogram: Histogram, percent: int) -> int | None:
    """The day by which so many of a hundred were done (nearest rank); None of nothing."""
    total = sum(histogram.values())
    rank, seen = -(-total * percent // 100), 0
    for days in sorted(histogram):
        seen += histogram[days]
        if total and seen >= rank:
            return days
    return None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `number` items judged twice `same` got the same outcome; `kappa` is None when chance explains everything."""

    number: int
    same: int
    kappa: float | None

    @property
    def share(self) -> float | None:
        return self.same / self.number if self.number else None


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's kappa over the outcomes of two people: agreement beyond what their shares alone would give."""
    number, same = len(pairs), sum(first == second for first, second in pairs)
    firsts, seconds = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    by_chance = sum(firsts[code] * seconds[code] for code in firsts)  # times number²
    if not number or by_chance == number * number:
        return Agreement(number, same, None)
    kappa = (same * number - by_chance) / (number * number - by_chance)
    return Agreement(number, same, round(kappa, 2))


def pairs_of(judged: Iterable[tuple[Mapping[str, str], Mapping[str, str]]]) -> list[tuple[str, str]]:
    """Item by item, the outcome of the first and of the second person, where both said one."""
    return [(first[item], second[item]) for first, second in judged for item in first if item in second]
