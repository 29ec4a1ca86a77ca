"""Every string a person may read is Dutch too: taken from code and templates, and looked up as the site does."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
DUTCH = ROOT / "locale" / "nl" / "LC_MESSAGES"
CALLS = {
    "_": 1,
    "gettext": 1,
    "gettext_lazy": 1,
    "gettext_noop": 1,
    "ngettext": 2,
    "ngettext_lazy": 2,
    "_n": 2,
}
IN_TEMPLATES = re.compile(
    r"\b(?:n?gettext|_)\((u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\")(?:, *(u?'(?:[^'\\]|\\.)*'))?"
)
PLACEHOLDER = re.compile(r"%\([a-z_0-9]+\)[sd]|%[sd]|\{[a-z_]+\}")
SAME_IN_BOTH = re.compile(r"[^a-zA-Z]*|[jFYHi,: ]+")  # signs alone, and how a moment is written

Message = tuple[str, str]
"""A string and its plural, empty when it has none."""


def in_python() -> Iterator[Message]:
    for folder in ("applications", "portal"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
                if name in CALLS and isinstance(node, ast.Call):
                    given = [one.value for one in node.args[: CALLS[name]] if isinstance(one, ast.Constant)]
                    if len(given) == CALLS[name]:
                        yield str(given[0]), str(given[1]) if len(given) == 2 else ""


def in_templates() -> Iterator[Message]:
    for file in sorted((ROOT / "templates").rglob("*.*")):
        source = templatize(file.read_text(encoding="utf-8"), origin=str(file))
        for found in IN_TEMPLATES.finditer(source):
            one, many = found.group(1), found.group(2)
            yield ast.literal_eval(one), ast.literal_eval(many) if many else ""


@cache
def messages() -> frozenset[Message]:
    return frozenset((*in_python(), *in_templates()))


@cache
def catalogue() -> dict[str | tuple[str, int], str]:
    with (DUTCH / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # the names it knows, not one look


def dutch(message: Message) -> list[str]:
    one, many = message
    if many:
        return [catalogue().get((one, number), "") for number in (0, 1)]
    return [catalogue().get(one) or catalogue().get((one, 0), "")]


def test_enough_is_found_to_mean_something() -> None:
    assert len(messages()) > 2500


def test_every_string_is_dutch_too() -> None:
    missing = sorted(one for one in messages() if not all(dutch(one)) and not SAME_IN_BOTH.fullmatch(one[0]))
    assert not missing, f"{len(missing)} without Dutch words, see docs/duties.md: {missing[:20]}"


def test_nothing_is_translated_that_nobody_says() -> None:
    known = {key[0] if isinstance(key, tuple) else key for key in catalogue()} - {""}
    said = {one for one, _many in messages()}
    assert known <= said, f"left over: {sorted(known - said)[:20]}"


def test_dutch_words_name_what_the_english_name() -> None:
    """A placeholder that is lost or new breaks the page, and only in Dutch."""
    wrong = [
        (message, said)
        for message in messages()
        for said in dutch(message)[-1:]
        if said and sorted(PLACEHOLDER.findall(message[1] or message[0])) != sorted(PLACEHOLDER.findall(said))
    ]
    assert not wrong


@pytest.mark.parametrize("name", ["django.po", "django.mo"])
def test_both_files_are_kept(name: str) -> None:
    """The site reads `.mo`, people write `.po`: what one says the other says."""
    text = (DUTCH / "django.po").read_text(encoding="utf-8")
    joined = re.sub(r'"\n"', "", text)
    written = {
        ast.literal_eval(f'"{said}"')
        for said in re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', joined, re.MULTILINE)
        if said
    }
    compiled = set(catalogue().values())
    assert (DUTCH / name).exists()
    assert {one for one in written if "Content-Type" not in one} == {
        one for one in compiled if "Content-Type" not in one
    }
