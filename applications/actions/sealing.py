"""Floor 4: the audit trail is sealed in chained batches, so that a change in it is found (promise P8)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from applications import signing
from applications.models import AuditSeal
from applications.queries.audit import BEFORE_ALL, entries_after
from applications.rules import seals


def seal_next(*, size: int, now: datetime) -> int:
    """Seal the next rows of the trail, at most `size`, in commit order. Returns how many; 0 when there are none.

    The seal is signed. Only rows below every running transaction are taken, so none comes late into a sealed
    stretch. Two at once: the number of a seal is unique, the slower one does nothing.
    """
    last = AuditSeal.objects.order_by("-number").defer("leaves").first()
    found = entries_after((last.last_transaction, last.last_event) if last else BEFORE_ALL, size)
    if not found:
        return 0
    leaves = b"".join(entry for _position, entry in found)
    number, previous = (last.number + 1, last.digest) if last else (1, seals.FIRST)
    transaction_number, event = found[-1][0]
    root = seals.root(leaves)
    digest = seals.digest(
        number=number,
        count=len(found),
        last_transaction=transaction_number,
        last_event=event,
        root=root,
        previous=previous,
    )
    try:
        with transaction.atomic():
            AuditSeal.objects.create(
                number=number,
                count=len(found),
                last_transaction=transaction_number,
                last_event=event,
                leaves=leaves,
                root=root,
                previous=previous,
                digest=digest,
                signature=signing.stamp(digest),
                sealed_at=now,
            )
    except IntegrityError:
        return 0
    return len(found)
