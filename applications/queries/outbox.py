"""Floor 3: the outbox for the desk: what waits for a person, what is on its way, and the switch."""

from dataclasses import dataclass
from datetime import datetime

from applications.enums import OPEN_MESSAGE_STATES, MessageState
from applications.exceptions import NotFound
from applications.models import MailSwitch, OutboundMessage

SHOWN = 100
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Outbox:
    """`on_its_way` counts no further than COUNTED; `stuck` are the newest."""

    switch: MailSwitch | None
    on_its_way: int
    oldest_due: datetime | None
    stuck: list[OutboundMessage]


def outbox() -> Outbox:
    """Four statements, whatever the number of messages."""
    on_its_way = OutboundMessage.objects.filter(state__in=OPEN_MESSAGE_STATES)
    stuck = OutboundMessage.objects.filter(state__in=[MessageState.QUARANTINED, MessageState.UNDELIVERABLE])
    return Outbox(
        switch=MailSwitch.objects.select_related("stopped_by").filter(pk=1).first(),
        on_its_way=on_its_way[:COUNTED].count(),
        oldest_due=on_its_way.order_by("due_at", "id").values_list("due_at", flat=True).first(),
        stuck=list(stuck.select_related("customer").defer("body").order_by("-pk")[:SHOWN]),
    )


def message(pk: int) -> OutboundMessage:
    """One message. Raises NotFound."""
    found = OutboundMessage.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
