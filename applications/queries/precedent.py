"""Floor 3: what was decided before in cases like one: the same use case, and as many of the same flags as there are.

Bounded: the newest outcomes of a use case are looked at, by an index. Shown are codes alone, never what somebody wrote,
and never cases of the same customer, which stand on the page already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from applications.enums import Settlement
from applications.models import Application, Flag, RequestedCapability
from applications.rules.policy import Edition

LOOKED_AT = 60
USE_CASES = 3
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one or more items of a precedent were answered, and by which paragraphs' codes."""

    face: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Precedent:
    reference: str
    closed_at: datetime
    use_case: str
    outcomes: tuple[Outcome, ...]
    same: tuple[str, ...]
    """Names of the flags that both cases have."""
    other: int
    """How many flags it had besides."""


Row = tuple[Any, ...]
"""Application, reference, use case, outcome, reasons, conditions, instant."""


def newest_like(application: Application, items: Iterable[RequestedCapability]) -> list[Row]:
    """The newest answered items of other customers with the same use cases (one statement)."""
    codes = sorted({item.use_case for item in items})[:USE_CASES]
    others = RequestedCapability.objects.exclude(outcome="").exclude(customer=application.customer_id)
    found = [
        RequestedCapability.objects.filter(
            pk__in=others.filter(use_case=code).order_by("-closed_at").values("pk")[:LOOKED_AT]
        ).values_list(
            "application",
            "application__reference",
            "use_case",
            "outcome",
            "reasons",
            "conditions",
            "closed_at",
        )
        for code in codes
    ]
    return list(found[0].union(*found[1:], all=True)) if found else []


def precedents(
    rows: Sequence[Row], raised: Iterable[Flag], rules: set[str], edition: Edition, language: str | None
) -> list[Precedent]:
    """Those with the most flags in common first, then the newest. `raised` are the flags of all of `rows`."""
    flags: dict[int, set[str]] = {}
    for flag in raised:
        if flag.settlement != Settlement.CURED:
            flags.setdefault(flag.application_id, set()).add(flag.rule)
    together: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row[6], reverse=True):
        together.setdefault(row[0], []).append(row)

    def nearness(pk: int) -> tuple[int, int]:
        had = flags.get(pk, set())
        return -len(had & rules), len(had - rules)

    best = sorted(together, key=nearness)[:SHOWN]
    return [_told(together[pk], flags.get(pk, set()), rules, edition, language) for pk in best]


def _told(
    rows: list[Row], had: set[str], rules: set[str], edition: Edition, language: str | None
) -> Precedent:
    _pk, reference, use_case, _outcome, _reasons, _conditions, closed_at = rows[0]
    said = dict.fromkeys((row[3], *row[4], *row[5]) for row in rows)
    texts = {code: one.text for code, one in edition.reasons.items()} | {
        code: one.text for code, one in edition.conditions.items()
    }
    known = edition.use_cases.get(use_case)
    return Precedent(
        reference,
        closed_at,
        known.name.to(language) if known else "",
        tuple(
            Outcome(face, tuple(texts[code].to(language) if code in texts else code for code in codes))
            for face, *codes in said
        ),
        tuple(
            edition.screening[rule].name.to(language) if rule in edition.screening else rule
            for rule in sorted(had & rules)
        ),
        len(had - rules),
    )
