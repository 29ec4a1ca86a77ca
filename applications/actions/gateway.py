"""Floor 4: gateways, their keys, and what they confirm of the feed."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.enums import GatewayAct, Source
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import AuditReason, Gateway, GatewayKey, GatewayProposal, User
from applications.permissions import Can, require
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

PREFIX = "lap_"
OVERLAP = timedelta(hours=24)
NOTED_EVERY = timedelta(seconds=30)
LEAST_SILENCE_S, MOST_SILENCE_S = 10, 24 * 60 * 60
REASON_MAX = 2000


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
    key row with its hash, audit row. Raises NotAllowed, and InvalidInput when the edition does not know a service.
    """
    if by is not None:
        require(by, Can.OPERATE)
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


# --- what operators do at the desk ---


@transaction.atomic
def add_services(
    gateway: Gateway, services: Sequence[str], *, edition: Edition, by: User, now: datetime
) -> None:
    """Let a gateway ask about more services. Fewer is another gateway: books would lose who has to confirm.

    Effects: its services widened, an audit row. Raises NotAllowed, InvalidInput (`services`).
    """
    require(by, Can.OPERATE)
    if not services or set(services) - set(edition.services):
        raise InvalidInput({"services": _("Choose at least one service of the list.")})
    gateway.services = sorted({*gateway.services, *services})
    gateway.save(update_fields=["services"])
    audit.record(
        "gateway.services_added", by=by, now=now, target=gateway, data={"services": gateway.services}
    )


@transaction.atomic
def replace_key(gateway: Gateway, *, secret: str, by: User, now: datetime) -> str:
    """Another key beside the present ones, which end after a day. Returns it, shown this once.

    Effects: the key row, an end for those that have none or a later one, an audit row. Raises NotAllowed,
    NotPossibleNow (the gateway is disabled).
    """
    require(by, Can.OPERATE)
    if gateway.disabled_at is not None:
        raise NotPossibleNow(_("This gateway is disabled."))
    ends_at = now + OVERLAP
    gateway.keys.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=ends_at)).update(expires_at=ends_at)
    key = f"{PREFIX}{secret}"
    GatewayKey.objects.create(
        gateway=gateway, prefix=key[: len(PREFIX) + 6], key_hash=key_hash(key), created_at=now
    )
    audit.record("gateway.key_replaced", by=by, now=now, target=gateway)
    return key


@transaction.atomic
def end_key(key: GatewayKey, *, by: User, now: datetime) -> None:
    """A key ends now: it was lost or stolen. Who was verified with it is remembered for half a minute, its tokens for
    five.

    Effects: one conditional UPDATE, an audit row. Raises NotAllowed, NotPossibleNow.
    """
    require(by, Can.OPERATE)
    good = GatewayKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), pk=key.pk)
    if not good.update(expires_at=now):
        raise NotPossibleNow(_("This key has ended already."))
    audit.record("gateway.key_ended", by=by, now=now, target=key.gateway, data={"key": key.pk})


@transaction.atomic
def shorten_silence(gateway: Gateway, seconds: int, *, by: User, now: datetime) -> None:
    """Let a gateway trust its memory for a shorter time, which takes one person. Raises NotAllowed, NotPossibleNow."""
    require(by, Can.OPERATE)
    if not Gateway.objects.filter(pk=gateway.pk, max_silence_s__gt=seconds).update(max_silence_s=seconds):
        raise NotPossibleNow(_("It is not longer than that already."))
    audit.record("gateway.silence_set", by=by, now=now, target=gateway, data={"seconds": seconds})


@transaction.atomic
def propose(
    gateway: Gateway, act: GatewayAct, *, seconds: int | None = None, reason: str, by: User, now: datetime
) -> GatewayProposal:
    """Ask a second operator to let a gateway trust its memory for longer (`seconds`), or to disable it.

    Effects: the typed reason in its own row, the proposal, an audit row. Raises NotAllowed, InvalidInput (`reason`,
    `seconds`), NotPossibleNow (proposed already, or disabled).
    """
    require(by, Can.OPERATE)
    why = clean_text(reason, multiline=True)
    if not why or len(why) > REASON_MAX:
        raise InvalidInput(
            {
                "reason": _("Say why, in at most %(most)s characters. The record keeps it.")
                % {"most": REASON_MAX}
            }
        )
    if act is GatewayAct.SILENCE and not LEAST_SILENCE_S <= (seconds or 0) <= MOST_SILENCE_S:
        raise InvalidInput({"seconds": _("From 10 seconds to 24 hours, 86400 seconds.")})
    if gateway.disabled_at is not None:
        raise NotPossibleNow(_("This gateway is disabled."))
    try:
        with transaction.atomic():
            made = GatewayProposal.objects.create(
                gateway=gateway,
                act=act,
                max_silence_s=seconds if act is GatewayAct.SILENCE else None,
                reason=AuditReason.objects.create(text=why),
                proposed_at=now,
                proposed_by=by,
            )
    except IntegrityError:
        raise NotPossibleNow(_("The same is proposed already and waits for an answer.")) from None
    _record("proposed", made, by=by, now=now)
    return made


@transaction.atomic
def answer(proposal: GatewayProposal, *, agree: bool, by: User, now: datetime) -> None:
    """A second operator agrees, and it is done, or refuses. A disabled gateway's ends count as kept (promise P6).

    Effects: one conditional UPDATE, an audit row, and the gateway. Raises NotAllowed (power, or the same person),
    SomebodyWasFaster.
    """
    require(by, Can.OPERATE)
    if by.pk == proposal.proposed_by_id:
        raise NotAllowed(_("You proposed this; it needs a second person."), code="four_eyes")
    mine = GatewayProposal.objects.filter(pk=proposal.pk, answered_at=None)
    if not mine.update(answered_at=now, answered_by=by, agreed=agree):
        raise SomebodyWasFaster(_("Somebody has answered this already."))
    _record("agreed" if agree else "refused", proposal, by=by, now=now)
    open_gateway = Gateway.objects.filter(pk=proposal.gateway_id, disabled_at=None)
    if agree and proposal.act == GatewayAct.DISABLE:
        open_gateway.update(disabled_at=now, disabled_by=by)
    elif agree:
        open_gateway.update(max_silence_s=proposal.max_silence_s)


def _record(verb: str, proposal: GatewayProposal, *, by: User, now: datetime) -> None:
    audit.record(
        f"gateway.{proposal.act}.{verb}",
        by=by,
        now=now,
        target=proposal.gateway,
        data={"seconds": proposal.max_silence_s} if proposal.max_silence_s else {},
        reason=proposal.reason,
    )


@transaction.atomic
def enable(gateway: Gateway, *, by: User, now: datetime) -> None:
    """Take a disabled gateway back: its keys are good again, and books wait for it again.

    Effects: one conditional UPDATE, an audit row. Raises NotAllowed, NotPossibleNow.
    """
    require(by, Can.OPERATE)
    if not Gateway.objects.filter(pk=gateway.pk, disabled_at__isnull=False).update(
        disabled_at=None, disabled_by=None
    ):
        raise NotPossibleNow(_("This gateway is not disabled."))
    audit.record("gateway.enabled", by=by, now=now, target=gateway)


def seen(gateway_id: int, *, now: datetime) -> None:
    """Keep that a gateway called, at most once in NOTED_EVERY. Effect: one conditional UPDATE."""
    old = Q(seen_at__isnull=True) | Q(seen_at__lt=now - NOTED_EVERY)
    Gateway.objects.filter(old, pk=gateway_id).update(seen_at=now)
