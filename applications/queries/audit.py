"""Floor 3: the audit trail in the order of its seals, and whether it is what was sealed (promise P8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db.models import Q, QuerySet

from applications.models import AuditEvent, AuditSeal
from applications.queries.change import settled_below
from applications.rules import seals

Position = tuple[int, int]
BEFORE_ALL: Position = (-1, 0)
_FIELDS = (
    "pk",
    "at",
    "action",
    "source",
    "actor",
    "customer_ref",
    "application_ref",
    "target",
    "target_ref",
    "data",
    "reason_id",
    "transaction",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is not as sealed: what happened, in which seal, and to which row."""

    what: str
    seal: int
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """`head` is the newest seal: who keeps it elsewhere also sees when the end of the chain is cut off."""

    seals: int
    events: int
    unsealed: int
    head: str
    finding: Finding | None


def events_after(position: Position) -> QuerySet[AuditEvent]:
    """Rows after a position, in commit order."""
    transaction, event = position
    return AuditEvent.objects.filter(
        Q(transaction__gt=transaction) | Q(transaction=transaction, pk__gt=event)
    ).order_by("transaction", "pk")


def entries_after(position: Position, limit: int) -> list[tuple[Position, bytes]]:
    """Position and entry of the next rows that no running transaction can still come before."""
    below = settled_below()
    rows = events_after(position)
    if below is not None:
        rows = rows.filter(transaction__lt=below)
    return [_entry(row) for row in rows.values(*_FIELDS)[:limit]]


def _entry(row: dict[str, Any]) -> tuple[Position, bytes]:
    pk = row.pop("pk")
    row["at"] = row["at"].astimezone(UTC).isoformat()
    return (row["transaction"], pk), seals.entry(pk, row)


def verify() -> Verification:
    """Read all seals and rows again, one seal at a time, up to the first thing that is not as sealed."""
    previous, number, count, position = seals.FIRST, 0, 0, BEFORE_ALL
    finding: Finding | None = None
    for seal in AuditSeal.objects.order_by("number").iterator(chunk_size=1):
        number += 1
        finding = _broken(seal, number, previous) or next(_differences(seal, position), None)
        if finding:
            break
        previous, count = seal.digest, count + seal.count
        position = (seal.last_transaction, seal.last_event)
    unsealed = 0 if finding else events_after(position).count()
    return Verification(number, count, unsealed, previous, finding)


def _broken(seal: AuditSeal, number: int, previous: str) -> Finding | None:
    if seal.number != number:
        return Finding("seal_dropped", number)
    leaves = bytes(seal.leaves)
    stands = seals.digest(
        number=number,
        count=seal.count,
        last_transaction=seal.last_transaction,
        last_event=seal.last_event,
        root=seals.root(leaves),
        previous=previous,
    )
    if seal.digest != stands or seal.previous != previous or seal.root != seals.root(leaves):
        return Finding("seal_changed", number)
    return None


def _differences(seal: AuditSeal, after: Position) -> Iterator[Finding]:
    """The rows of a sealed stretch against its leaves, the first by position."""
    upto = (seal.last_transaction, seal.last_event)
    rows = events_after(after).filter(Q(transaction__lt=upto[0]) | Q(transaction=upto[0], pk__lte=upto[1]))
    sealed = dict(seals.entries(bytes(seal.leaves)))
    found = dict(next(seals.entries(_entry(row)[1])) for row in rows.values(*_FIELDS).iterator())
    for pk in sorted(set(sealed) | set(found)):
        if pk not in found:
            # A row whose transaction number was changed leaves its place: it is still there, but not as sealed.
            yield Finding(
                "changed" if AuditEvent.objects.filter(pk=pk).exists() else "dropped", seal.number, pk
            )
        elif pk not in sealed:
            yield Finding("inserted", seal.number, pk)
        elif sealed[pk] != found[pk]:
            is_swap = any(
                found[pk] == digest and found.get(other) == sealed[pk] for other, digest in sealed.items()
            )
            yield Finding("swapped" if is_swap else "changed", seal.number, pk)
