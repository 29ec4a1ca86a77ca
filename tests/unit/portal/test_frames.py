"""What stands around every request changes nothing of it, and keeps its frames from taking memory at each call."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from portal.frames import in_one_piece

CALLS = 500


def test_arguments_and_answer_go_through() -> None:
    assert in_one_piece(divmod)(7, 2) == (3, 1)
    assert in_one_piece(dict)(a=1) == {"a": 1}


def test_an_error_goes_through_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        in_one_piece(divmod)(7, 0)


def leaf(number: int) -> int:
    return number


def work() -> int:
    """How many pages of memory are taken by calls that each come back at once."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for number in range(CALLS):
        leaf(number)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def after(slots: int, call: Callable[[], int]) -> int:
    """Call with so many slots of the stack already taken."""

    def pad() -> int:
        return call()

    pad.__code__ = pad.__code__.replace(co_stacksize=slots)
    return pad()


def test_no_place_on_the_stack_makes_calls_take_memory() -> None:
    """Without it there is a place at which each call takes a page: 16 kB are 2,048 slots, and a frame has over four."""
    everywhere = range(8, 2_056, 4)
    # Where this line fails, Python has mended it, and `portal.frames` can go.
    assert max(after(slots, work) for slots in everywhere) >= CALLS
    assert max(after(slots, in_one_piece(work)) for slots in everywhere) < CALLS // 10
