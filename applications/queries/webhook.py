"""Floor 3: endpoints of gateways, and the calls that wait for their time."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from applications.enums import WebhookKind, WebhookState
from applications.exceptions import NotFound
from applications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from applications.queries.change import write_cursor
from applications.queries.decision import instant
from applications.rules.webhooks import payload, signed_headers
from applications.signing import cipher

PURPOSE = "webhooks"
SHOWN = 50


def called() -> QuerySet[WebhookEndpoint]:
    """Endpoints that are called: neither they nor their gateway are disabled."""
    return WebhookEndpoint.objects.filter(disabled_at=None, gateway__disabled_at=None).select_related(
        "gateway"
    )


def waiting(now: datetime) -> QuerySet[WebhookDelivery]:
    """Calls to be tried now, the oldest first: queued and due, or left by somebody who died."""
    return (
        WebhookDelivery.objects.filter(
            Q(state=WebhookState.QUEUED) | Q(state=WebhookState.SENDING, leased_until__lte=now),
            due_at__lte=now,
            endpoint__in=called(),
        )
        .select_related("endpoint")
        .order_by("due_at", "pk")
    )


def as_sent(delivery: WebhookDelivery, at: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one try at `at`; the body is the same each time."""
    endpoint = delivery.endpoint
    cursor = write_cursor((delivery.up_to_transaction, delivery.up_to_change))
    body = payload(WebhookKind(delivery.kind), cursor, instant(delivery.queued_at))
    kept = [endpoint.secret]
    if endpoint.old_until is not None and at < endpoint.old_until:
        kept.append(endpoint.old_secret)
    secrets = [cipher(PURPOSE).decrypt(text.encode()).decode() for text in kept]
    return body, {"Content-Type": "application/json", **signed_headers(delivery.key, body, secrets, at)}


@dataclass(frozen=True, slots=True)
class Calls:
    """An endpoint with its newest calls and their tries."""

    endpoint: WebhookEndpoint
    deliveries: list[WebhookDelivery]


def endpoint_calls(pk: int) -> Calls:
    """Three statements, whatever the number of calls. Raises NotFound."""
    found = WebhookEndpoint.objects.select_related("gateway", "created_by", "disabled_by").filter(pk=pk)
    endpoint = found.first()
    if endpoint is None:
        raise NotFound
    tries = Prefetch("tries", WebhookAttempt.objects.order_by("-number"))
    newest = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-pk").prefetch_related(tries)
    return Calls(endpoint, list(newest[:SHOWN]))
