"""Floor 4: gateways, their keys, and what they confirm of the feed."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.enums import Source
from applications.exceptions import InvalidInput
from applications.models import Gateway, GatewayKey, User
from applications.rules.policy import Edition

PREFIX = "lap_"


def key_hash(key: str) -> str:
    """Keys are 256 bit random, so one round of SHA-256 is enough; the key itself is never stored."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def create_key(
    name: str,
    services: Sequence[str],
    *,
    secret: str,
    edition: Edition,
    now: datetime,
    by: User | None = None,
    source: Source = Source.COMMAND,
) -> tuple[Gateway, str]:
    """Make a gateway (or another key of the one with this name) and return it with the key, shown this once.

    `secret` is 256 random bits as URL-safe text, made at the edge. Effects: gateway row or its services widened,
    key row with its hash, audit row. Raises InvalidInput when the edition does not know a service.
    """
    unknown = sorted(set(services) - set(edition.services))
    if unknown or not services:
        known = ", ".join(sorted(edition.services))
        raise InvalidInput({"service": _("Not a known service. Known are: %(known)s.") % {"known": known}})
    gateway, _new = Gateway.objects.get_or_create(name=name, defaults={"services": [], "created_at": now})
    gateway.services = sorted({*gateway.services, *services})
    gateway.save(update_fields=["services"])
    key = f"{PREFIX}{secret}"
    GatewayKey.objects.create(
        gateway=gateway, prefix=key[: len(PREFIX) + 6], key_hash=key_hash(key), created_at=now
    )
    audit.record(
        "gateway.key_created",
        by=by,
        now=now,
        source=source,
        target=gateway,
        data={"services": gateway.services},
    )
    return gateway, key


@transaction.atomic
def acknowledge(gateway_id: int, *, cursor: tuple[int, int], now: datetime) -> bool:
    """Record that a gateway has obeyed the feed up to `cursor` (transaction, row), inclusive; never backwards.

    Effect: one conditional UPDATE. Returns whether it moved. The row is its own record: no audit row, since nothing
    a person may use changes.
    """
    number, row = cursor
    behind = Q(acked_transaction__lt=number) | Q(acked_transaction=number, acked_change__lt=row)
    moved = Gateway.objects.filter(behind, pk=gateway_id).update(
        acked_transaction=number, acked_change=row, acked_at=now
    )
    return moved == 1
