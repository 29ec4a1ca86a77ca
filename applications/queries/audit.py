"""Floor 3: the audit trail in the order of its seals, and whether it is what was sealed (promise P8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db.models import Q, QuerySet

from applications import signing
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
    """`head` is the newest seal: a checkpoint of it, kept elsewhere, also shows when the end of the chain is cut off
    or all of it made anew. `unproven`: seals whose signature no key of ours can check any more.
    """

    seals: int
    events: int
    unsealed: int
    head: str
    finding: Finding | None
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The end of the chain as it was once: the number of the last seal, and its digest."""

    number: int
    head: str


CHECKPOINT = "audit-checkpoint"


def export(found: Verification, at: str) -> str:
    """A signed checkpoint of a trail that was found whole."""
    claims = {"seals": found.seals, "events": found.events, "head": found.head, "at": at}
    return signing.sign(claims, CHECKPOINT)


def read_checkpoint(token: str) -> Checkpoint | None:
    """None when we did not sign it."""
    claims = signing.read(token, CHECKPOINT)
    return Checkpoint(int(claims["seals"]), str(claims["head"])) if claims else None


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


def verify(against: Checkpoint | None = None) -> Verification:
    """Read all seals and rows again, one seal at a time, up to the first thing that is not as sealed.

    With a checkpoint also: that the chain still runs through it.
    """
    previous, number, count, position, unproven = seals.FIRST, 0, 0, BEFORE_ALL, 0
    finding: Finding | None = None
    signed = False
    for seal in AuditSeal.objects.order_by("number").iterator(chunk_size=1):
        number += 1
        finding = _broken(seal, number, previous, signed) or next(_differences(seal, position), None)
        if not finding and against and against.number == number and against.head != seal.digest:
            finding = Finding("not_the_checkpoint", number)
        if finding:
            break
        signed = signed or bool(seal.signature)
        unproven += signing.is_stamped(seal.digest, seal.signature) is None
        previous, count = seal.digest, count + seal.count
        position = (seal.last_transaction, seal.last_event)
    if not finding and against and against.number > number:
        finding = Finding("seal_dropped", number + 1)
    unsealed = 0 if finding else events_after(position).count()
    return Verification(number, count, unsealed, previous, finding, unproven)


def _broken(seal: AuditSeal, number: int, previous: str, signed: bool) -> Finding | None:
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
    if (signed and not seal.signature) or signing.is_stamped(seal.digest, seal.signature) is False:
        return Finding("seal_not_ours", number)
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
    yield from _reasons(rows, seal.number)


def _reasons(rows: QuerySet[AuditEvent], number: int) -> Iterator[Finding]:
    """Typed reasons against the hash in their row, but for those that were erased: text and salt are gone together."""
    typed = rows.filter(reason__isnull=False).values_list(
        "pk", "data", "reason__text", "reason__salt", "reason__erased_at"
    )
    for pk, data, text, salt, erased_at in typed.iterator():
        if text is None:
            yield Finding("reason_dropped", number, pk)
        elif not erased_at and data.get(seals.REASON, "") not in ("", seals.commitment(salt, text)):
            yield Finding("reason_changed", number, pk)
