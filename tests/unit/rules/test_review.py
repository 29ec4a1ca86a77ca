"""What a decision may say, over every kind of item and outcome; risk; the end of an approval; the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from applications.enums import CapabilityState, Outcome, Risk, Settlement
from applications.rules.policy import Edition
from applications.rules.review import (
    Flagged,
    Item,
    ItemOutcome,
    approval_ends_at,
    check_outcomes,
    clock_day,
    effect_of,
    possible_outcomes,
    read_outcomes,
    risk_of,
    store_outcomes,
)

GATED = CapabilityState.GATED
LISTED = Item(1, "face.verification", "FC2", GATED)
GRANTED = {Outcome.APPROVED, Outcome.CONDITIONS}


@pytest.mark.parametrize(
    ("item", "possible"),
    [
        (LISTED, GRANTED | {Outcome.DENIED}),
        (Item(1, "face.verification", "", GATED), {Outcome.ANSWERED}),
        (Item(1, "face.verification", "FC2", GATED, held=False), {Outcome.DENIED}),
        (Item(1, "face.verification", "FC3", GATED), {Outcome.DENIED}),
        (Item(1, "face.verification", "XX9", GATED), {Outcome.DENIED}),
        (Item(1, "face.verification", "FC2", CapabilityState.OPEN), {Outcome.NOT_NEEDED, Outcome.DENIED}),
        (Item(1, "face.verification", "FC2", CapabilityState.RETIRED), {Outcome.RETIRED, Outcome.DENIED}),
    ],
)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_may_stand_only_where_it_is_true(
    edition: Edition, item: Item, possible: set[Outcome], outcome: Outcome
) -> None:
    said = ItemOutcome(outcome, ("incomplete",), ("retention",)).tidied()
    expected = {} if outcome in possible else {1: "not_possible"}
    assert check_outcomes([item], {1: said}, edition) == expected
    assert set(possible_outcomes(item, edition)) == possible


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (ItemOutcome(), "missing"),
        (ItemOutcome("granted"), "not_possible"),
        (ItemOutcome("denied"), "no_reason"),
        (ItemOutcome("denied", ("because",)), "unknown_code"),
        (ItemOutcome("denied", ("incomplete", "because")), "unknown_code"),
        (ItemOutcome("approved_with_conditions"), "no_condition"),
        (ItemOutcome("approved_with_conditions", (), ("be-nice",)), "unknown_code"),
    ],
)
def test_a_decision_says_what_is_missing(edition: Edition, said: ItemOutcome, problem: str) -> None:
    assert check_outcomes([LISTED], {1: said}, edition) == {1: problem}


def test_an_item_without_a_word_has_no_outcome(edition: Edition) -> None:
    assert check_outcomes([LISTED], {}, edition) == {1: "missing"}


def test_codes_of_another_outcome_fall_away() -> None:
    both = (("b", "a", "a"), ("d", "c"))
    assert ItemOutcome("approved", *both).tidied() == ItemOutcome("approved")
    assert ItemOutcome("denied", *both).tidied() == ItemOutcome("denied", ("a", "b"))
    assert ItemOutcome("approved_with_conditions", *both).tidied() == ItemOutcome(
        "approved_with_conditions", (), ("c", "d")
    )


def test_what_is_stored_reads_back() -> None:
    outcomes = {7: ItemOutcome("denied", ("incomplete",)), 3: ItemOutcome("approved")}
    assert list(store_outcomes(outcomes)) == ["3", "7"]
    assert read_outcomes(store_outcomes(outcomes)) == outcomes
    assert read_outcomes({"4": {}}) == {4: ItemOutcome()}


@pytest.mark.parametrize(
    ("flags", "use_cases", "risk"),
    [
        ([], ["FC2"], Risk.LOW),
        ([Flagged("ask")], ["FC2"], Risk.LOW),
        ([Flagged("condition")], ["FC2"], Risk.MEDIUM),
        ([Flagged("escalate")], ["FC2"], Risk.HIGH),
        ([Flagged("deny", Settlement.STANDS)], ["FC2"], Risk.HIGH),
        ([Flagged("deny", Settlement.CURED), Flagged("condition")], ["FC2"], Risk.MEDIUM),
        ([], ["FC2", "FG8"], Risk.HIGH),
        ([], ["no-such-case"], Risk.LOW),
    ],
)
def test_risk_comes_from_what_stands(
    edition: Edition, flags: list[Flagged], use_cases: list[str], risk: Risk
) -> None:
    assert risk_of(flags, use_cases, edition) is risk


@pytest.mark.parametrize(
    ("decided", "end"),
    [
        ((2023, 5, 15, 14, 40), (2025, 5, 16)),
        ((2023, 5, 15, 0, 0), (2025, 5, 16)),
        ((2024, 2, 29, 23, 59), (2026, 3, 1)),
        ((2023, 12, 31, 23, 59), (2026, 1, 1)),
    ],
)
def test_an_approval_ends_when_its_last_day_is_over(
    edition: Edition, decided: tuple[int, ...], end: tuple[int, ...]
) -> None:
    assert approval_ends_at(edition, datetime(*decided, tzinfo=UTC)) == datetime(*end, tzinfo=UTC)


def test_the_last_day_is_one_of_the_editions_zone(edition: Edition) -> None:
    tokyo = edition.model_copy(update={"time_zone": "Asia/Tokyo"})
    late = datetime(2023, 5, 15, 20, 0, tzinfo=UTC)  # 16 May there
    assert approval_ends_at(tokyo, late) == datetime(2025, 5, 16, 15, 0, tzinfo=UTC)


def test_the_effect_counts_what_comes_with_it(edition: Edition, now: datetime) -> None:
    asked = [(1, "face.identification", 10), (2, "face.verification", 10), (3, "face.verification", 11)]
    outcomes = {
        1: ItemOutcome("approved"),
        2: ItemOutcome("approved_with_conditions", (), ("retention",)),
        3: ItemOutcome("denied", ("incomplete",)),
    }
    effect = effect_of(asked, outcomes, edition, now)
    assert (effect.capabilities, effect.subscriptions, effect.denied, effect.closed) == (4, 1, 1, 3)
    assert effect.ends_at == approval_ends_at(edition, now)


MONDAY = datetime(2023, 5, 15, 14, 40, tzinfo=UTC)
TARGET = datetime(2023, 5, 20, tzinfo=UTC)  # Friday 19 May is the last day


@pytest.mark.parametrize(
    ("now", "paused_at", "day", "late", "stopped"),
    [
        (MONDAY, None, 6, False, False),
        (MONDAY + timedelta(days=4), None, 10, False, False),
        (TARGET - timedelta(seconds=1), None, 10, False, False),
        (TARGET, None, 10, True, False),
        (TARGET + timedelta(days=2), None, 11, True, False),
        (TARGET + timedelta(days=2), MONDAY, 6, False, True),
        (MONDAY - timedelta(days=30), None, 0, False, False),
    ],
)
def test_the_clock_counts_business_days_and_stands_still(
    edition: Edition, now: datetime, paused_at: datetime | None, day: int, late: bool, stopped: bool
) -> None:
    found = clock_day(edition, TARGET, paused_at, now)
    assert found is not None
    assert (found.day, found.of, found.late, found.stopped) == (day, 10, late, stopped)


def test_without_a_target_there_is_no_clock(edition: Edition, now: datetime) -> None:
    assert clock_day(edition, None, None, now) is None
