"""A variable that a template of ours names and nobody gave is a failure, not an empty string.

Templates of Django and of other packages lean on empty strings and are left alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.template.base import UNKNOWN_SOURCE, Node

ROOT = Path(__file__).resolve().parents[2]


class FailOnUndefined(str):
    """Stands in for `string_if_invalid`.

    Django asks whether it is set, then whether it holds %s, then formats it with the variable's name. For
    templates of others it says that it is not set, so that their filters (`default`) work as ever.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        origin = rendered_from()
        return origin is not None and is_ours(origin)

    def __contains__(self, key: object) -> bool:
        return key == "%s"

    def __mod__(self, name: object) -> str:  # type: ignore[override]
        pytest.fail(f"undefined template variable {name} in {rendered_from()}", pytrace=False)


def rendered_from() -> str | None:
    """The template file of the innermost node that is being rendered."""
    frame = sys._getframe(1)
    while frame is not None:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None) is not None:
            return str(node.origin.name)
        frame = frame.f_back  # type: ignore[assignment]
    return None


def is_ours(origin: str) -> bool:
    if origin == UNKNOWN_SOURCE:  # a template written in a test
        return True
    return Path(origin).is_relative_to(ROOT) and not Path(origin).is_relative_to(ROOT / ".venv")
