"""Floor 4: drafts and questions nobody goes on with are warned of twice, then lapse (design §5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from applications.actions import message, renewal, transition
from applications.enums import MessageKind, Move, Role
from applications.models import Application, InformationRequest, RequestedCapability
from applications.queries.lapse import Wait, warning_key

WRITERS = (Role.OWNER, Role.EDITOR)


@transaction.atomic
def warn(wait: Wait, step: int, *, now: datetime) -> int:
    """Queue one warning to who may write. Twice is once: the key names the wait and the step. Returns how many."""
    return message.tell_customer(
        MessageKind.LAPSE_WARNING,
        key=warning_key(wait, step),
        customer=wait.application.customer,
        application=wait.application,
        roles=WRITERS,
        now=now,
        context={"wait": wait.key, "lapses_at": wait.lapses_at.isoformat()},
    )


@transaction.atomic
def lapse(wait: Wait, *, now: datetime) -> Application:
    """Close an application by the clock, unless somebody went on with it meanwhile.

    Effects, in order: state lapsed with its audit row, items and the open question closed, what a renewal held
    ends, one message to the owners. Raises SomebodyWasFaster when it was saved or answered in between.
    """
    application = wait.application
    unchanged: Mapping[str, Any] = {"saved_at": application.saved_at} if wait.is_draft else {}
    transition.move(
        application,
        Move.LAPSE,
        by=None,
        now=now,
        data={"wait": wait.key},
        only_if=unchanged,
        paused_at=None,
    )
    RequestedCapability.objects.filter(application=application, closed_at__isnull=True).update(closed_at=now)
    InformationRequest.objects.filter(application=application, closed_at__isnull=True).update(closed_at=now)
    renewal.let_go(application, by=None, now=now)
    message.tell_customer(
        MessageKind.APPLICATION_LAPSED,
        key=f"lapsed:{application.pk}",
        customer=application.customer,
        application=application,
        now=now,
    )
    return application
