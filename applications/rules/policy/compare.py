"""What differs between two editions, key by key, and how far an open grace moves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel

from .catalogue import Capability, UseCase
from .edition import Edition
from .text import Text

_TABLES = ("gates", "services", "capabilities", "use_cases", "paragraphs", "reasons", "conditions", "words",
           "screening", "causes")  # fmt: skip
_APART = frozenset({*_TABLES, "sections", "free_mail_domains", "limits"})
_LONGEST = 200


@dataclass(frozen=True)
class Difference:
    """One key that is new, gone or different; `before` and `after` are short texts."""

    table: str
    code: str
    kind: Literal["added", "removed", "changed"]
    field: str = ""
    before: str = ""
    after: str = ""


def compare(old: Edition, new: Edition) -> tuple[Difference, ...]:
    """Everything that differs, in the order of the file."""
    found = [*_fields("edition", "", old, new, _APART), *_fields("limits", "", old.limits, new.limits)]
    for table in _TABLES:
        found.extend(_tables(table, getattr(old, table), getattr(new, table)))
    found.extend(_tables("sections", {s.code: s for s in old.sections}, {s.code: s for s in new.sections}))
    found.extend(_tables("questions", {q.code: q for q in old.questions}, {q.code: q for q in new.questions}))
    for kind, more, less in (("added", new, old), ("removed", old, new)):
        domains = sorted(more.free_mail_domains - less.free_mail_domains)
        found.extend(Difference("free_mail_domains", domain, kind) for domain in domains)  # type: ignore[arg-type]
    return tuple(found)


def moved_end(open_until: datetime, edition: Edition, end: datetime, activated_at: datetime) -> datetime:
    """Where the end of an open grace goes when an edition with another end is activated (design §6).

    A later end counts at once. An earlier one counts from so many days after the activation on, so that there is
    time to warn; it never makes the right longer than it was.
    """
    if end >= open_until:
        return end
    return min(open_until, max(end, activated_at + timedelta(days=edition.limits.earlier_end_days)))


def _tables(table: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for code in (*old, *(code for code in new if code not in old)):
        if code not in new:
            yield Difference(table, code, "removed")
        elif code not in old:
            yield Difference(table, code, "added")
        elif isinstance(old[code], BaseModel):
            yield from _fields(table, code, old[code], new[code], frozenset({"questions"}))
        elif old[code] != new[code]:
            yield Difference(table, code, "changed", "", _said(old[code]), _said(new[code]))


def _fields(
    table: str, code: str, old: BaseModel, new: BaseModel, apart: frozenset[str] = frozenset()
) -> Iterator[Difference]:
    for field in type(old).model_fields:
        before, after = getattr(old, field), getattr(new, field)
        same = before == after and _translated(before) == _translated(after)
        if field not in apart and not same:
            yield Difference(table, code, "changed", field, _said(before), _said(after))


def _translated(value: Any) -> Any:
    return dict(value.translations) if isinstance(value, Text) else None


def _said(value: Any) -> str:
    if value is None:
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, (tuple, frozenset)) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# --- for people: what opened, what is gated, what retires, what moves ---


class Turn(StrEnum):
    """What an edition does to a capability, as customers feel it."""

    OPENED = "opened"
    GATED = "gated"
    RETIRED = "retired"
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Turned:
    """One date that came, went or moved, for every capability of which that is so; an end is exclusive."""

    turn: Turn
    date: str = ""
    before: datetime | None = None
    after: datetime | None = None


_DATES = {
    "gated_at": (Turn.GATED, Turn.OPENED),
    "opened_at": (Turn.OPENED, Turn.GATED),
    "retired_for_new_at": (Turn.RETIRED, Turn.OPENED),
    "retired_for_existing_at": (Turn.RETIRED, Turn.OPENED),
}
"""Each date of a capability: what it means that the date came, and that it went."""


def turned(old: Edition, new: Edition) -> dict[Turned, list[Capability]]:
    """What the new edition does to capabilities, in the order of the file; what is alike stands together."""
    found: dict[Turned, list[Capability]] = {}
    for code in (*old.capabilities, *(code for code in new.capabilities if code not in old.capabilities)):
        before, after = old.capability(code), new.capability(code)
        for turn in _turns(before, after):
            found.setdefault(turn, []).extend(one for one in (after or before,) if one)
    return found


def _turns(before: Capability | None, after: Capability | None) -> Iterator[Turned]:
    if before is None or after is None:
        yield Turned(Turn.ADDED if after else Turn.REMOVED)
        return
    for date, (came, went) in _DATES.items():
        was, is_now = _date(before, date), _date(after, date)
        if was != is_now:
            turn = came if was is None else went if is_now is None else Turn.MOVED
            yield Turned(turn, date, was, is_now)
    both = before.needs_approval and after.needs_approval  # what only retires has told its last day above
    if both and before.grace and after.grace and before.grace[1] != after.grace[1]:
        yield Turned(Turn.MOVED, "grace_ends_at", before.grace[1], after.grace[1])


def _date(of: Capability, date: str) -> datetime | None:
    """What only retires at a gate never needs an approval there."""
    found: datetime | None = getattr(of, date)
    return None if date == "gated_at" and not of.needs_approval else found


def uses_turned(old: Edition, new: Edition) -> dict[str, list[UseCase]]:
    """Use cases that an edition adds, withdraws, and words or allows otherwise."""
    return {
        "added": [one for code, one in new.use_cases.items() if code not in old.use_cases],
        "withdrawn": [one for code, one in old.use_cases.items() if code not in new.use_cases],
        "changed": [
            one
            for code, one in new.use_cases.items()
            if code in old.use_cases and any(_fields("use_cases", code, old.use_cases[code], one))
        ],
    }
