"""What may be published: small counts are hidden, and with them what would give them away."""

from __future__ import annotations

from datetime import date

import pytest

from applications.rules.transparency import Quarter, median, suppress


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"a": 100, "b": 50}, {"a": 100, "b": 50}),
        ({"a": 100, "b": 9, "c": 40}, {"a": 100, "b": None, "c": None}),
        ({"a": 100, "b": 10, "c": 0}, {"a": 100, "b": 10, "c": 0}),
        ({"a": 9, "b": 1, "c": 11, "d": 12}, {"a": None, "b": None, "c": None, "d": 12}),
        ({"a": 3, "b": 0}, {"a": None, "b": 0}),
    ],
)
def test_suppression(counts: dict[str, int], shown: dict[str, int | None]) -> None:
    assert suppress(counts) == shown


@pytest.mark.parametrize(
    ("histogram", "days"),
    [
        ([(5, 9)], None),
        ([(5, 10)], 5),
        ([(1, 5), (3, 5)], 2),
        ([(9, 1), (2, 10)], 2),
        ([], None),
    ],
)
def test_median(histogram: list[tuple[int, int]], days: float | None) -> None:
    assert median(histogram) == days


@pytest.mark.parametrize(
    ("day", "text"),
    [(date(2023, 1, 1), "2023 Q1"), (date(2023, 3, 31), "2023 Q1"), (date(2023, 12, 31), "2023 Q4")],
)
def test_quarter(day: date, text: str) -> None:
    assert str(Quarter.of(day)) == text
