"""Floor 4: what a mail provider reports about mails that it took (design §7: a bounce never changes the reminder).

Reports come twice, out of order, and before we have written down that the mail was handed over: each is stored once by
the provider's id and applied when its message has been handed over.
"""

from datetime import datetime

from django.db import transaction

from applications.actions import delivery
from applications.enums import ContactState, MailEventKind, MessageState
from applications.models import Contact, MailEvent, OutboundMessage

HANDED_OVER = (MessageState.SENT, MessageState.DELIVERED, MessageState.BOUNCED, MessageState.SUPPRESSED)
SETTLED_AT_ONCE = 500


@transaction.atomic
def report(*, event_id: str, message_key: str, kind: MailEventKind, now: datetime) -> bool:
    """Store a report once and apply it when its message is handed over already. Returns whether it was new."""
    event, new = MailEvent.objects.get_or_create(
        event_id=event_id[:200],
        defaults={"message_key": message_key[:120], "kind": kind, "reported_at": now},
    )
    if new:
        _settle(event, now)
    return new


@transaction.atomic
def settle_waiting(*, now: datetime) -> int:
    """Apply reports that came before their message was written as handed over. Returns how many."""
    waiting = MailEvent.objects.filter(settled_at__isnull=True).order_by("pk")[:SETTLED_AT_ONCE]
    return sum(_settle(event, now) for event in waiting)


def _settle(event: MailEvent, now: datetime) -> bool:
    """Effects: the report is done, the message's state (a bounce stays a bounce), the contact, the next contact."""
    message = OutboundMessage.objects.filter(key=event.message_key).first()
    if message is not None and message.state not in HANDED_OVER:
        return False
    if not MailEvent.objects.filter(pk=event.pk, settled_at__isnull=True).update(settled_at=now):
        return False
    if message is None:
        return True  # of a mail that is not ours, or is forgotten
    if event.kind == MailEventKind.DELIVERED:
        OutboundMessage.objects.filter(pk=message.pk, state=MessageState.SENT).update(
            state=MessageState.DELIVERED
        )
    elif event.kind == MailEventKind.BOUNCED:
        delivery.record_bounce(message, now=now)
    else:
        _suppress(message, now)
    return True


def _suppress(message: OutboundMessage, now: datetime) -> None:
    """The person complained or the provider sends them nothing: later mails go to somebody else."""
    delivery.record_bounce(message, now=now)
    OutboundMessage.objects.filter(pk=message.pk).update(state=MessageState.SUPPRESSED)
    if message.customer_id is not None:
        Contact.objects.filter(customer_id=message.customer_id, email__iexact=message.address).update(
            state=ContactState.SUPPRESSED, state_changed_at=now
        )
