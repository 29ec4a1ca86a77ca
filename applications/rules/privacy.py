"""Floor 1: what kinds of data there are, how long each is kept, and what erasing somebody does to it (docs/privacy.md).

The inventory itself is `rules.inventory`: data that export, retention, erasure and the documents read.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

KINDS = ("identity", "contact", "content", "internal", "secret", "operational")
"""Who somebody is; how to reach them; what they wrote or we wrote to them; what staff wrote between themselves; what
opens something; codes, ids and instants."""
PERSONAL = ("identity", "contact", "content", "internal")


@dataclass(frozen=True, slots=True)
class Period:
    """How long data of a class is kept after its end; None: as `until` says. `warned`: so long before, by mail."""

    until: str
    after: timedelta | None = None
    warned: timedelta | None = None


PERIODS: Mapping[str, Period] = {
    "account": Period(
        "two years without a sign-in, for people of no organisation", timedelta(days=730), timedelta(days=30)
    ),
    "customer": Period("the customer is erased"),
    "case": Period("seven years after the case is closed", timedelta(days=2557), timedelta(days=30)),
    "draft": Period("ninety days after the draft lapsed, which was warned of twice", timedelta(days=90)),
    "mail": Period(
        "two years after it went out; the row stays without text and address", timedelta(days=730)
    ),
    "joining": Period("ninety days after it was answered or expired", timedelta(days=90)),
    "report": Period("ninety days after it was applied", timedelta(days=90)),
    "session": Period("it expires", timedelta(days=1)),
    "run": Period("fourteen days; runs that closed rights stay, rights name them", timedelta(days=14)),
    "call": Period("thirty days after it ended", timedelta(days=30)),
    "right": Period("for good: access rests on it"),
    "record": Period("for good: codes and pseudonyms; typed reasons go with the customer or person"),
    "policy": Period("for good: decisions cite it"),
    "staff": Period("the person works here no more and is erased"),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """One table: why it is kept, for how long, and what each of its fields is.

    `person` and `customer` are look-ups from the row to whom it concerns. `leaves_with` names with whom the whole row
    is deleted; else personal fields are emptied (customer) or freed of the person's names and addresses (person).
    """

    purpose: str
    keep: str
    person: str = ""
    customer: str = ""
    leaves_with: str = ""
    identity: str = ""
    contact: str = ""
    content: str = ""
    internal: str = ""
    secret: str = ""
    operational: str = ""

    def fields(self) -> dict[str, str]:
        """Field → kind."""
        return {name: kind for kind in KINDS for name in getattr(self, kind).split()}

    def personal(self) -> list[str]:
        return [name for kind in PERSONAL for name in getattr(self, kind).split()]

    def told(self) -> list[str]:
        """What the people concerned get in a copy of their data."""
        return [name for name, kind in self.fields().items() if kind not in ("internal", "secret")]


def as_table(inventory: Mapping[str, Holding]) -> str:
    """The inventory as the documents have it."""
    lines = ["| Table | Why | Kept until | Fields |", "|---|---|---|---|"]
    for label, held in inventory.items():
        kinds = "; ".join(
            f"{kind}: {', '.join(getattr(held, kind).split())}" for kind in KINDS if getattr(held, kind)
        )
        lines.append(f"| {label} | {held.purpose} | {PERIODS[held.keep].until} | {kinds} |")
    return "\n".join(lines)


# --- text ---

ERASED = "[erased]"
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\[\]\",;:@]{1,253}")
_SHORTEST = 3


def scrubber(names: Iterable[str]) -> Callable[[Any], Any]:
    """A function that takes these names and addresses out of a text, or out of every text of an answer.

    Whatever their case; whole words only, so that a short name takes nothing out of longer words.
    """
    words = sorted({name for name in names if len(name) >= _SHORTEST}, key=len, reverse=True)
    if not words:
        return lambda value: value
    found = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)
    return lambda value: each_text(value, lambda text: found.sub(ERASED, text))


def mask(own: Iterable[str]) -> Callable[[Any], Any]:
    """A function that hides the mail addresses of others: `h…@nordlys.example`."""
    mine = {address.lower() for address in own}

    def hide(found: re.Match[str]) -> str:
        address = found.group()
        return address if address.lower() in mine else f"{address[0]}…@{address.partition('@')[2]}"

    return lambda value: each_text(value, lambda text: _ADDRESS.sub(hide, text) if "@" in text else text)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The value with `change` applied to every text in it, keys left alone."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: each_text(one, change) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [each_text(one, change) for one in value]
    return value
