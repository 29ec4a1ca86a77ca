"""What stands around every request changes nothing of it."""

from __future__ import annotations

import sys

import pytest

from portal.frames import SLOTS, in_one_piece


def test_arguments_and_answer_go_through() -> None:
    assert in_one_piece(divmod)(7, 2) == (3, 1)
    assert in_one_piece(dict)(a=1) == {"a": 1}


def test_an_error_goes_through_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        in_one_piece(divmod)(7, 0)


def test_there_is_room_for_everything_below() -> None:
    def deep(left: int) -> int:
        return deep(left - 1) + 1 if left else 0

    whole = in_one_piece(deep)
    assert whole.__code__.co_stacksize == SLOTS  # type: ignore[attr-defined]  # it is a function
    assert whole(sys.getrecursionlimit() // 2) == sys.getrecursionlimit() // 2
