"""Room for the frames of a request in one piece of memory.

CPython 3.11 keeps frames in pieces of 16 kB and gives a piece back as soon as its last frame is gone. A page whose
inner loop happens to stand at an edge takes and returns one with every call: the queue took 31 to 53 ms by nothing but
how deep its server stood (python/cpython issue 142183, mended in later versions). A first frame that claims far more
than it uses makes the piece it lies in large enough for all that follow.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

SLOTS = 32_768
"""Of 8 bytes: the piece is the next power of two, so that another quarter of a megabyte is there for the rest."""


def in_one_piece(call: Callable[P, R]) -> Callable[P, R]:
    """The same callable, whose calls and all below them have their frames in one piece of memory."""

    def whole(*args: P.args, **kwargs: P.kwargs) -> R:
        return call(*args, **kwargs)

    whole.__code__ = whole.__code__.replace(co_stacksize=SLOTS)
    return whole
