"""Floor 1: what changed between two sets of frozen answers: by section and question, long text word by word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, NamedTuple

from applications.rules.answers import flat, names_key
from applications.rules.policy import Edition, Question, QuestionType

Answers = Mapping[str, Mapping[str, Any]]
MOST_WORK = 4_000_000
"""Words of one text times words of the other: above it the texts are told apart as wholes."""
_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


class Way(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Piece(NamedTuple):
    """A run of text that stands in both (`same`), only before (`removed`) or only after (`added`)."""

    way: Way
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose answer differs. `pieces` are there for written text, `added` and `removed` for lists."""

    question: Question
    way: Way
    before: Any
    after: Any
    pieces: tuple[Piece, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """The questions of one section that differ."""

    section: str
    changes: tuple[Change, ...]


def differences(edition: Edition, before: Answers, after: Answers) -> list[Changes]:
    """What differs, in the order of the edition; attestations are no answers that could differ."""
    old, new = flat(before), flat(after)
    found = []
    for part in edition.sections:
        changes = tuple(
            _change(question, _value(question, old), _value(question, new))
            for question in part.questions
            if question.type != QuestionType.ATTESTATION and _value(question, old) != _value(question, new)
        )
        if changes:
            found.append(Changes(part.code, changes))
    return found


def _value(question: Question, answers: Mapping[str, Any]) -> Any:
    """The answer in one form: nothing is None, lists are sorted, a name belongs to its subscription."""
    value = answers.get(question.code)
    if value in (None, "", [], {}):
        return None
    if isinstance(value, (list, tuple)):
        names = answers.get(names_key(question)) or {}
        return tuple(sorted(f"{one} {names.get(one, '')}".strip() for one in map(str, value)))
    return str(value)


def _change(question: Question, before: Any, after: Any) -> Change:
    way = Way.ADDED if before is None else Way.REMOVED if after is None else Way.CHANGED
    if isinstance(before, tuple) or isinstance(after, tuple):
        old, new = set(before or ()), set(after or ())
        return Change(
            question, way, before, after, added=tuple(sorted(new - old)), removed=tuple(sorted(old - new))
        )
    pieces = word_by_word(before or "", after or "") if question.type in _TEXT else ()
    return Change(question, way, before, after, pieces)


_TEXT = (QuestionType.TEXT, QuestionType.LONG_TEXT)


def word_by_word(before: str, after: str) -> tuple[Piece, ...]:
    """Both texts as one: joined without what was added it is `before`, without what was removed `after`."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    if len(old) * len(new) > MOST_WORK:
        pieces = [Piece(Way.REMOVED, before), Piece(Way.ADDED, after)]
    else:
        pieces = []
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                pieces.append(Piece(Way.SAME, "".join(old[i:j])))
            else:
                pieces += [Piece(Way.REMOVED, "".join(old[i:j])), Piece(Way.ADDED, "".join(new[k:m]))]
    return tuple(piece for piece in pieces if piece.text)
