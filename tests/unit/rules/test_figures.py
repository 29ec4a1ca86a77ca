"""Figures for leads: business days without pauses, percentiles, and agreement beyond chance."""

from datetime import date

import pytest

from applications.rules import figures

FRIDAY, MONDAY, TUESDAY = date(2023, 5, 12), date(2023, 5, 15), date(2023, 5, 16)


def test_a_weekend_is_no_business_day_in_either_direction() -> None:
    assert figures.business_days(FRIDAY, MONDAY, "US") == 1
    assert figures.business_days(MONDAY, FRIDAY, "US") == -1
    assert figures.business_days(MONDAY, MONDAY, "US") == 0


@pytest.mark.parametrize(
    ("decided", "taken"), [(MONDAY, 9), (TUESDAY, 10), (FRIDAY, 8), (date(2023, 5, 17), 11)]
)
def test_days_taken_are_told_by_the_target(decided: date, taken: int) -> None:
    assert figures.days_taken(decided, TUESDAY, 10, "US") == taken


def test_a_target_that_moved_far_away_means_no_day() -> None:
    assert figures.days_taken(FRIDAY, date(2023, 8, 1), 10, "US") == 0


def test_ages_fall_into_buckets_at_their_edges() -> None:
    assert figures.by_age({0: 1, 2: 1, 3: 4, 10: 2, 11: 5, 21: 3, 400: 2}) == [2, 4, 2, 5, 5]


@pytest.mark.parametrize(
    ("histogram", "half", "most"),
    [({}, None, None), ({4: 1}, 4, 4), ({1: 5, 9: 5}, 1, 9), ({1: 9, 7: 1}, 1, 1), ({1: 89, 7: 11}, 1, 7)],
)
def test_percentiles_by_nearest_rank(histogram: dict[int, int], half: int | None, most: int | None) -> None:
    assert (figures.percentile(histogram, 50), figures.percentile(histogram, 90)) == (half, most)


def test_kappa_of_the_textbook() -> None:
    """20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, by chance 0.5, kappa 0.4."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert figures.agreement(pairs) == figures.Agreement(50, 35, 0.4)
    assert figures.agreement(pairs).share == 0.7


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [([], None), ([("y", "y")], None), ([("y", "n"), ("n", "y")], -1.0), ([("y", "y"), ("n", "n")], 1.0)],
)
def test_kappa_at_its_ends(pairs: list[tuple[str, str]], kappa: float | None) -> None:
    assert figures.agreement(pairs).kappa == kappa


def test_only_what_both_judged_is_compared() -> None:
    judged = [({"1": "approved", "2": "denied"}, {"2": "approved"}), ({"3": "denied"}, {"3": "denied"})]
    assert figures.pairs_of(judged) == [("denied", "approved"), ("denied", "denied")]
