"""Floor 4: what an operator does about one message that waits for a person."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.enums import MessageState
from applications.exceptions import NotPossibleNow
from applications.models import OutboundMessage, User
from applications.permissions import Can, require

STUCK = (MessageState.QUARANTINED, MessageState.UNDELIVERABLE)


@transaction.atomic
def try_again(stuck: OutboundMessage, *, by: User, now: datetime) -> None:
    """An operator lets a message be tried again from the start, under the same key and Message-ID.

    Effects: the message queued with fresh counts, an audit row. What is no longer true is dropped at delivery as
    ever. Raises NotAllowed, NotPossibleNow (it does not wait for a person).
    """
    require(by, Can.OPERATE)
    waiting = OutboundMessage.objects.filter(pk=stuck.pk, state__in=STUCK)
    fresh = {"attempts": 0, "unknown_outcomes": 0, "leased_until": None, "finished_at": None}
    if not waiting.update(state=MessageState.QUEUED, due_at=now, **fresh):
        raise NotPossibleNow(_("This message does not wait for a person any more."))
    audit.record(
        "message.retried",
        by=by,
        now=now,
        customer_id=stuck.customer_id,
        application_id=stuck.application_id,
        target=stuck,
        data={"was": stuck.state, "error": stuck.last_error},
    )
