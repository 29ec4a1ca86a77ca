"""No pattern of ours runs for ever: none repeats without end inside what repeats without end (ASVS 1.3.12)."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _parser  # type: ignore[attr-defined]  # the only reader of patterns that Python has
from typing import Any

import pytest

import applications
import portal

ENDLESS = _parser.MAXREPEAT
# A sign that the repeated part cannot hold stands between its repetitions: there is one way to read a text.
REVIEWED = {"applications.rules.identifiers._LOCAL", "applications.rules.policy.base._CODE"}


def patterns() -> Iterator[tuple[str, str]]:
    """Each compiled pattern that a module of ours keeps, with where it stands."""
    for package in (applications, portal):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if (
                ".migrations" in module.name
                or ".management.commands" in module.name
                or ".wsgi" in module.name
            ):
                continue
            if module.name.startswith("portal.") and module.name.rpartition(".")[2].startswith(
                ("settings", "urls")
            ):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                for one in value if isinstance(value, (tuple, list)) else (value,):
                    if isinstance(one, re.Pattern):
                        yield f"{module.name}.{name}", one.pattern


def repeats(tree: Any, inside: bool = False) -> bool:
    """Whether something repeats without end within something that does."""
    for what, given in tree:
        name = str(what)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            endless = given[1] is ENDLESS
            if (endless and inside) or repeats(given[2], inside or endless):
                return True
        parts = {"SUBPATTERN": given[3:4], "BRANCH": given[1], "ASSERT": given[1:], "ASSERT_NOT": given[1:]}[
            name
        ] if name in ("SUBPATTERN", "BRANCH", "ASSERT", "ASSERT_NOT") else ()  # fmt: skip
        if any(repeats(part, inside) for part in parts):
            return True
    return False


@pytest.mark.parametrize(
    ("pattern", "is_endless"), [("(a+)+", True), ("(a|b*)*c", True), ("(?:a{1,9})+", False), ("a+b*", False)]
)
def test_the_look_sees(pattern: str, is_endless: bool) -> None:
    assert repeats(_parser.parse(pattern)) is is_endless


def test_no_pattern_repeats_without_end_within_one_that_does() -> None:
    found = dict(patterns())
    assert len(found) > 15
    assert {where for where, text in found.items() if repeats(_parser.parse(text))} == REVIEWED
