"""Floor 1: what a decision may say, how risky a case is, and how far its clock has run (design §5).

Pure: facts in, codes out. Actions turn the codes into words.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from applications.enums import (
    GRANTING_OUTCOMES,
    CapabilityState,
    Outcome,
    Risk,
    Settlement,
)
from applications.rules.deadlines import business_days_between
from applications.rules.policy import Edition
from applications.rules.screening import risk

ProblemCode = Literal["missing", "not_possible", "no_reason", "no_condition", "unknown_code"]


@dataclass(frozen=True, slots=True)
class Item:
    """A requested capability as a decision sees it: `state` for its subscription now, `held` by the applicant."""

    id: int
    capability: str
    use_case: str
    state: CapabilityState
    held: bool = True


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What is decided about one item. Reasons belong to a denial, conditions to an approval with conditions."""

    outcome: str = ""
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "ItemOutcome":
        return cls(
            str(stored.get("outcome", "")),
            tuple(stored.get("reasons", ())),
            tuple(stored.get("conditions", ())),
        ).tidied()

    def tidied(self) -> "ItemOutcome":
        """Without codes that belong to another outcome; each code once, in a fixed order."""
        return ItemOutcome(
            self.outcome,
            tuple(sorted(set(self.reasons))) if self.outcome == Outcome.DENIED else (),
            tuple(sorted(set(self.conditions))) if self.outcome == Outcome.CONDITIONS else (),
        )

    def stored(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "reasons": list(self.reasons),
            "conditions": list(self.conditions),
        }


def read_outcomes(stored: Mapping[str, Any]) -> dict[int, ItemOutcome]:
    """`Decision.outcomes` (item id as text → codes) as values."""
    return {int(item): ItemOutcome.read(codes) for item, codes in stored.items()}


def store_outcomes(outcomes: Mapping[int, ItemOutcome]) -> dict[str, Any]:
    return {str(item): outcomes[item].tidied().stored() for item in sorted(outcomes)}


def possible_outcomes(item: Item, edition: Edition) -> tuple[Outcome, ...]:
    """The outcomes that can be true of an item.

    An unlisted use is an enquiry and only gets an answer. What is open needs no approval, what is retired gets
    none, what another customer holds or what is not on the list cannot be approved.
    """
    if not item.use_case:
        return (Outcome.ANSWERED,)
    if item.state is CapabilityState.RETIRED:
        return (Outcome.RETIRED, Outcome.DENIED)
    if item.state is CapabilityState.OPEN:
        return (Outcome.NOT_NEEDED, Outcome.DENIED)
    use_case = edition.use_cases.get(item.use_case)
    if not item.held or use_case is None or item.capability not in use_case.capabilities:
        return (Outcome.DENIED,)
    return (Outcome.APPROVED, Outcome.CONDITIONS, Outcome.DENIED)


def check_outcomes(
    items: Iterable[Item], outcomes: Mapping[int, ItemOutcome], edition: Edition
) -> dict[int, ProblemCode]:
    """What is wrong with a decision, by item; empty when it may stand."""
    found = {item.id: _problem(item, outcomes.get(item.id, ItemOutcome()), edition) for item in items}
    return {item: code for item, code in found.items() if code is not None}


def _problem(item: Item, said: ItemOutcome, edition: Edition) -> ProblemCode | None:
    if not said.outcome:
        return "missing"
    if said.outcome not in possible_outcomes(item, edition):
        return "not_possible"
    if said.outcome == Outcome.DENIED and not said.reasons:
        return "no_reason"
    if said.outcome == Outcome.CONDITIONS and not said.conditions:
        return "no_condition"
    known = {*edition.reasons, *edition.conditions}
    return None if known.issuperset((*said.reasons, *said.conditions)) else "unknown_code"


def counts_at_once(outcomes: Mapping[int, ItemOutcome]) -> bool:
    """Whether a decision grants something: then it cannot be taken back, only revoked."""
    return any(said.outcome in GRANTING_OUTCOMES for said in outcomes.values())


# --- risk ---


@dataclass(frozen=True, slots=True)
class Flagged:
    """A flag as risk sees it: its default effect, and what a person found about it."""

    effect: str
    settlement: str = Settlement.OPEN


def risk_of(flags: Iterable[Flagged], use_cases: Iterable[str], edition: Edition) -> Risk:
    """The risk of a case now: a flag counts until a person finds that it does not apply."""
    cases = [edition.use_cases[code] for code in use_cases if code in edition.use_cases]
    return risk((flag for flag in flags if flag.settlement != Settlement.CURED), cases)


# --- what an approval gives ---


def approval_ends_at(edition: Edition, decided_at: datetime) -> datetime:
    """End of an approval: `approval_months` later, when that day is over in the edition's zone."""
    day = edition.local_day(decided_at)
    months = day.year * 12 + day.month - 1 + edition.limits.approval_months
    year, month = months // 12, months % 12 + 1
    return edition.day_ends_at(
        day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What confirming a decision does: the sentence before the button."""

    capabilities: int
    subscriptions: int
    denied: int
    closed: int
    starts_at: datetime
    ends_at: datetime


def effect_of(
    asked: Sequence[tuple[int, str, int]],
    outcomes: Mapping[int, ItemOutcome],
    edition: Edition,
    now: datetime,
) -> Effect:
    """`asked`: (item id, capability, subscription id). What comes with a capability counts too."""
    granted = [
        (capability, subscription)
        for item, capability, subscription in asked
        if outcomes.get(item, ItemOutcome()).outcome in GRANTING_OUTCOMES
    ]
    said = [outcomes[item].outcome for item, _, _ in asked if item in outcomes]
    return Effect(
        capabilities=len({code for capability, _ in granted for code in edition.grants(capability)}),
        subscriptions=len({subscription for _, subscription in granted}),
        denied=said.count(Outcome.DENIED),
        closed=len(said),
        starts_at=now,
        ends_at=approval_ends_at(edition, now),
    )


# --- the clock of a case ---


@dataclass(frozen=True, slots=True)
class ClockDay:
    """Business day `day` of `of`; `late` when the target is past. A stopped clock does not run on."""

    day: int
    of: int
    late: bool
    stopped: bool

    @property
    def left(self) -> int:
        """Business days until the target; today does not count."""
        return max(self.of - self.day, 0)

    @property
    def over(self) -> int:
        return max(self.day - self.of, 0)


def clock_day(
    edition: Edition, target_at: datetime | None, paused_at: datetime | None, now: datetime
) -> ClockDay | None:
    """How far a review has come, told from its target (which moves on when the applicant answers)."""
    if target_at is None:
        return None
    total = edition.limits.review_business_days
    at = min(paused_at, now) if paused_at else now
    zone = ZoneInfo(edition.time_zone)
    last = target_at - timedelta.resolution
    if at >= target_at:
        over = business_days_between(last, at, edition.calendar, zone)
        return ClockDay(total + over, total, late=True, stopped=paused_at is not None)
    left = business_days_between(at, last, edition.calendar, zone)
    return ClockDay(max(total - left, 0), total, late=False, stopped=paused_at is not None)
