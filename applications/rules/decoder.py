"""What the API answered → why, and what to do (domain: review; the causes are data of the edition).

Takes JSON, a log line, an SDK exception or a bare status, of any length. Keys and tokens are masked before anything
else looks at the text; a diagnosis never holds one.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .identifiers import mask_secrets
from .policy import Capability, Cause, Edition

LONGEST = 100_000
NEAR = 3
_SHORTEST_NAME = 6
_STATUS = re.compile(
    r"""(?:\bhttp(?:/[12](?:\.[01])?)?|\bstatus(?:[ _-]?code)?|\bcode|\berror|\bresponse|\bwarning)["']?
    [ ]?[:=]?[ ]?["'(]?([1-5][0-9][0-9])\b
    |^\W{0,5}([1-5][0-9][0-9])\b
    |\b([1-5][0-9][0-9])[ ](?:forbidden|unauthori[sz]ed|access[ ]denied|bad[ ]request|client[ ]error|server[ ]error)
    """,
    re.VERBOSE,
)
_LISTED = re.compile(
    r"\b(?:features?|attributes?|returnfaceattributes)[\"']?[ ]?[:=][ ]?[\"'\[]?([a-z][a-z0-9 ,_-]{0,400})"
)
_WORD = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True)
class Diagnosis:
    """`cause` is None for an unknown text; then `near` holds what is worth a look, best first."""

    cause: Cause | None
    capabilities: tuple[Capability, ...]
    http_status: int | None
    masked: str
    had_secret: bool
    near: tuple[Cause, ...] = ()


def decode(text: str, edition: Edition) -> Diagnosis:
    """The known cause of an API answer, the gated capabilities it names, and its text without secrets."""
    typed = text[:LONGEST]
    masked = mask_secrets(typed)
    flat = _folded(masked)
    status = _status(flat)
    causes = tuple(edition.causes.values())
    found = next((cause for cause in causes if _matches(cause, flat, status)), None)
    return Diagnosis(
        cause=found,
        capabilities=_capabilities(edition, found, flat),
        http_status=status,
        masked=masked,
        had_secret=masked != typed,
        near=tuple(c for c in _near(causes, flat, status) if c != found)[:NEAR],
    )


def _folded(text: str) -> str:
    """Small letters, one blank for many, no invisible characters, no backslashes of quoted JSON."""
    plain = unicodedata.normalize("NFKC", text.replace('\\"', '"'))[:LONGEST].casefold()
    seen = "".join(c for c in plain if c.isascii() or unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def _status(flat: str) -> int | None:
    found = _STATUS.search(flat)
    return int(next(filter(None, found.groups()))) if found else None


def _matches(cause: Cause, flat: str, status: int | None) -> bool:
    if cause.status_is_enough and status in cause.statuses:
        return True
    if not (cause.all or cause.any):
        return False
    every = all(piece.casefold() in flat for piece in cause.all)
    some = not cause.any or any(piece.casefold() in flat for piece in cause.any)
    return every and some and not any(piece.casefold() in flat for piece in cause.none)


def _near(causes: Iterable[Cause], flat: str, status: int | None) -> list[Cause]:
    """Causes with the same status or with words in common, most in common first, else in the file's order."""
    words = set(_WORD.findall(flat))
    scored = []
    for cause in causes:
        pieces = {word for piece in (*cause.all, *cause.any) for word in _WORD.findall(piece.casefold())}
        shared = len({word for word in pieces & words if len(word) >= _SHORTEST_NAME})
        score = shared + (1 / len(cause.statuses) if status in cause.statuses else 0)
        if score:
            scored.append((-score, cause))
    return [cause for _, cause in sorted(scored, key=lambda pair: pair[0])]


def _capabilities(edition: Edition, cause: Cause | None, flat: str) -> tuple[Capability, ...]:
    if cause is None:
        return ()
    codes = set(cause.capabilities)
    gated = [capability for capability in edition.capabilities.values() if capability.gate]
    if cause.features:
        listed = {name for part in _LISTED.findall(flat) for name in re.split(r"[ ,]+", part)}
        named = {c.code for c in gated if not listed.isdisjoint(_names(c))}
        codes |= named or {c.code for c in gated if _mentioned(c, flat)}
    return tuple(capability for capability in edition.capabilities.values() if capability.code in codes)


def _names(capability: Capability) -> set[str]:
    names = {capability.api_feature, *capability.aliases, capability.code.partition(".")[2]}
    return {name.casefold() for name in names if name}


def _mentioned(capability: Capability, flat: str) -> bool:
    """Whether a name of some length stands in the text as a word of its own."""
    return any(
        re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", flat)
        for name in _names(capability)
        if len(name) >= _SHORTEST_NAME
    )
