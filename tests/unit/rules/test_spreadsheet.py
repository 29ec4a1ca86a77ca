"""A name in a CSV is never a formula; a negative number stays a number."""

import pytest

from applications.rules.spreadsheet import cell


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "  =1", "＝1", "\r=1"])
def test_what_would_begin_a_formula_is_quoted(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"), [(-2, "-2"), (0.4, "0.4"), ("Rosa = Keller", "Rosa = Keller"), (None, "")]
)
def test_everything_else_stays_as_it_is(value: object, text: str) -> None:
    assert cell(value) == text
