"""Floor 4: calls to gateways: endpoints that operators keep, and deliveries that survive every kill (promise P6).

A delivery is claimed by a lease and its try written before it is made; the answer is recorded after. Who dies in
between leaves a lease that runs out, and the call is made again under the same id: at least once.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.enums import OPEN_WEBHOOK_STATES, WebhookKind, WebhookState
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import Gateway, User, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from applications.permissions import Can, require
from applications.queries.change import Cursor, feed_end, news
from applications.queries.webhook import PURPOSE
from applications.rules.addresses import read_target
from applications.rules.webhooks import GONE, OVERLAP, next_wait, secret_of
from applications.signing import cipher

LEASE = timedelta(minutes=2)
MOST_ENDPOINTS = 10


# --- endpoints ---


@transaction.atomic
def add_endpoint(
    gateway: Gateway, url: str, *, random: bytes, allowed: Collection[str], by: User, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """Let a gateway be called at an address, from here on; answers it with its secret, shown this once.

    Effects: the endpoint with its secret encrypted, an audit row. Raises NotAllowed, InvalidInput (`url`).
    """
    require(by, Can.OPERATE)
    if read_target(url, allowed) is None:
        raise InvalidInput(
            {
                "url": _(
                    "This cannot be called. Give an https address on port 443 or 8443, without a password."
                )
            }
        )
    if gateway.endpoints.filter(disabled_at=None).count() >= MOST_ENDPOINTS:
        raise InvalidInput({"url": _("At most %(most)s addresses a gateway.") % {"most": MOST_ENDPOINTS}})
    secret = secret_of(random)
    number, row = feed_end()
    try:
        with transaction.atomic():
            made = WebhookEndpoint.objects.create(
                gateway=gateway,
                url=url,
                secret=_hidden(secret),
                told_transaction=number,
                told_change=row,
                created_at=now,
                created_by=by,
            )
    except IntegrityError:
        raise InvalidInput({"url": _("This gateway is called there already.")}) from None
    audit.record("endpoint.added", by=by, now=now, target=made, data={"gateway": gateway.pk})
    return made, secret


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint, *, random: bytes, by: User, now: datetime) -> str:
    """Another secret signs beside the present one for a day, then alone. Returns it, shown this once.

    Effects: one conditional UPDATE, an audit row. Raises NotAllowed, NotPossibleNow (it is disabled).
    """
    require(by, Can.OPERATE)
    secret = secret_of(random)
    mine = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None, secret=endpoint.secret)
    if not mine.update(secret=_hidden(secret), old_secret=endpoint.secret, old_until=now + OVERLAP):
        raise NotPossibleNow(_("This address is disabled, or somebody has just changed its secret."))
    audit.record("endpoint.secret_rotated", by=by, now=now, target=endpoint)
    return secret


def _hidden(secret: str) -> str:
    return cipher(PURPOSE).encrypt(secret.encode()).decode()


@transaction.atomic
def disable_endpoint(endpoint: WebhookEndpoint, *, by: User, now: datetime) -> None:
    """An operator ends the calls to an address, or has seen that it ended them itself (410), which ends the alarm.

    Effects: the endpoint, its open deliveries dropped, an audit row. Raises NotAllowed, NotPossibleNow.
    """
    require(by, Can.OPERATE)
    mine = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_by=None)
    if not mine.update(disabled_at=endpoint.disabled_at or now, disabled_by=by):
        raise NotPossibleNow(_("This address is disabled already."))
    _drop_open(endpoint.pk, now)
    audit.record("endpoint.disabled", by=by, now=now, target=endpoint)


def _drop_open(endpoint_id: int, now: datetime) -> None:
    WebhookDelivery.objects.filter(endpoint_id=endpoint_id, state__in=OPEN_WEBHOOK_STATES).update(
        state=WebhookState.DROPPED, finished_at=now, leased_until=None
    )


@transaction.atomic
def send_test(endpoint: WebhookEndpoint, *, by: User, now: datetime) -> WebhookDelivery:
    """Queue a call that means nothing. Effects: the delivery, an audit row. Raises NotAllowed, NotPossibleNow."""
    require(by, Can.OPERATE)
    if endpoint.disabled_at is not None:
        raise NotPossibleNow(_("This address is disabled."))
    cursor = (endpoint.told_transaction, endpoint.told_change)
    key = f"msg_{endpoint.pk}_test_{int(now.timestamp() * 1_000_000)}"
    made = _queue(endpoint, WebhookKind.TEST, key, cursor, now)
    audit.record("endpoint.tested", by=by, now=now, target=endpoint)
    return made


# --- deliveries ---


@transaction.atomic
def announce(endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery | None:
    """Turn what is new in the feed for an endpoint's gateway into one delivery; None when nothing is.

    Effects: the endpoint's position moves (once, whoever else tries) and the delivery is written. No audit row: the
    feed is the record, and nothing a person may use changes.
    """
    before = (endpoint.told_transaction, endpoint.told_change)
    found = news(endpoint.gateway.services, before)
    if found is None:
        return None
    (number, row), ended = found
    moved = WebhookEndpoint.objects.filter(
        pk=endpoint.pk, disabled_at=None, told_transaction=before[0], told_change=before[1]
    ).update(told_transaction=number, told_change=row)
    if not moved:
        return None
    kind = WebhookKind.ENDED if ended else WebhookKind.CHANGED
    return _queue(endpoint, kind, f"msg_{endpoint.pk}_{number}_{row}", (number, row), now)


def _queue(
    endpoint: WebhookEndpoint, kind: WebhookKind, key: str, cursor: Cursor, now: datetime
) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        key=key,
        kind=kind,
        up_to_transaction=cursor[0],
        up_to_change=cursor[1],
        queued_at=now,
        due_at=now,
    )


@transaction.atomic
def claim(delivery: WebhookDelivery, *, at: datetime, now: datetime) -> bool:
    """Take a delivery for one try, which is written before it is made. False when somebody else has it.

    `at` is `now` and how long the run has lasted: a slow run does not lose what it holds.
    """
    taken = WebhookDelivery.objects.filter(
        Q(state=WebhookState.QUEUED) | Q(state=WebhookState.SENDING, leased_until__lte=now),
        pk=delivery.pk,
        attempts=delivery.attempts,
    ).update(state=WebhookState.SENDING, leased_until=at + LEASE, attempts=F("attempts") + 1)
    if not taken:
        return False
    delivery.attempts += 1
    WebhookAttempt.objects.create(delivery=delivery, number=delivery.attempts, at=at)
    return True


@transaction.atomic
def settle(
    delivery: WebhookDelivery,
    *,
    outcome: str,
    status: int | None,
    retry_after_s: int | None,
    took_ms: int,
    now: datetime,
) -> WebhookState:
    """Record what became of a try. Returns the state the delivery is in.

    Effects: the try; then the delivery is taken (and earlier ones that a later position covers are superseded), or
    waits for the next try, or is given up; 410 disables the endpoint, with an audit row, and drops what is open.
    """
    WebhookAttempt.objects.filter(delivery=delivery, number=delivery.attempts).update(
        outcome=outcome, took_ms=took_ms
    )
    mine = WebhookDelivery.objects.filter(
        pk=delivery.pk, state=WebhookState.SENDING, attempts=delivery.attempts
    )
    kind = WebhookKind(delivery.kind)
    if status is not None and 200 <= status < 300:
        if mine.update(state=WebhookState.SENT, finished_at=now, leased_until=None):
            _supersede(delivery, kind, now)
        return WebhookState.SENT
    if status == GONE:
        gone = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, disabled_at=None)
        if gone.update(disabled_at=now):
            _drop_open(delivery.endpoint_id, now)
            audit.record("endpoint.gone", by=None, now=now, target=delivery.endpoint)
        return WebhookState.DROPPED
    wait = (
        None if kind is WebhookKind.TEST else next_wait(kind, delivery.attempts, delivery.key, retry_after_s)
    )
    if wait is None:
        mine.update(state=WebhookState.FAILED, finished_at=now, leased_until=None)
        return WebhookState.FAILED
    mine.update(state=WebhookState.QUEUED, due_at=now + wait, leased_until=None)
    return WebhookState.QUEUED


def _supersede(taken: WebhookDelivery, kind: WebhookKind, now: datetime) -> None:
    """Who was told of a later position has no use for an earlier one; an end is covered by an end alone."""
    if kind is WebhookKind.TEST:
        return
    number, row = taken.up_to_transaction, taken.up_to_change
    earlier = WebhookDelivery.objects.filter(
        Q(up_to_transaction__lt=number) | Q(up_to_transaction=number, up_to_change__lt=row),
        endpoint_id=taken.endpoint_id,
        state=WebhookState.QUEUED,
        kind__in=[WebhookKind.CHANGED, kind],
    )
    earlier.update(state=WebhookState.SUPERSEDED, finished_at=now)


def forget_calls(*, before: datetime) -> int:
    """Delete finished deliveries and their tries."""
    return WebhookDelivery.objects.filter(finished_at__lt=before).delete()[0]
