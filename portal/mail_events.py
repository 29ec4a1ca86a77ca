"""Glue to the mail provider's library: what its signed webhooks report becomes rows of ours."""

from typing import Any

import structlog
from anymail.signals import tracking
from django.dispatch import receiver

from applications import clock
from applications.actions.mail_event import report
from applications.enums import MailEventKind

log = structlog.get_logger("portal.mail")

KINDS = {
    "delivered": MailEventKind.DELIVERED,
    "bounced": MailEventKind.BOUNCED,
    "rejected": MailEventKind.BOUNCED,
    "complained": MailEventKind.SUPPRESSED,
    "unsubscribed": MailEventKind.SUPPRESSED,
}


@receiver(tracking)
def reported(event: Any, esp_name: str, **_: Any) -> None:
    """Opens, clicks and deferrals are not looked at; an event without our key is not ours."""
    kind = KINDS.get(event.event_type)
    key = (event.metadata or {}).get("message")
    if kind is None or not isinstance(key, str):
        return
    event_id = event.event_id or f"{event.message_id}:{event.event_type}"
    new = report(event_id=f"{esp_name}:{event_id}", message_key=key, kind=kind, now=clock.now())
    log.info("mail_event", kind=kind.value, new=new)
