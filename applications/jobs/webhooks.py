"""Floor 5: calls gateways so that they read the feed. They need not be called: who polls misses nothing."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.conf import settings

from applications.actions import webhook
from applications.enums import Duty, WebhookState
from applications.jobs.run import Run, recorded
from applications.models import WebhookDelivery
from applications.queries.webhook import as_sent, called, waiting
from applications.transports import Outcome, post

log = structlog.get_logger("applications.webhooks")
CHUNK = 100


def call_gateways(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Write a delivery for each endpoint with news, then try what is due. Returns what became of how many."""
    with recorded(Duty.WEBHOOKS, now, budget_s=budget_s) as run:
        for endpoint in called():
            if webhook.announce(endpoint, now=now) is not None:
                run.add(queued=1)
        silent: set[int] = set()
        for delivery in _to_try(run, now):
            if delivery.endpoint_id not in silent and not _try(run, delivery, now):
                silent.add(delivery.endpoint_id)
        return run.counts


def _to_try(run: Run, now: datetime) -> Iterator[WebhookDelivery]:
    """Each waiting delivery once a run."""
    seen: set[int] = set()
    while chunk := list(waiting(now).exclude(pk__in=seen)[:CHUNK]):
        for delivery in chunk:
            seen.add(delivery.pk)
            if run.is_over:
                return
            yield delivery


def _try(run: Run, delivery: WebhookDelivery, now: datetime) -> bool:
    """One try of one delivery. False when the endpoint had better be left alone for the rest of this run."""
    if not webhook.claim(delivery, at=now + run.elapsed, now=now):
        return True
    try:
        body, headers = as_sent(delivery, now + run.elapsed)
        outcome = post(delivery.endpoint.url, body, headers, allowed=settings.WEBHOOK_HOSTS)
    except Exception:
        # One endpoint must not stop the others (a secret that no key opens any more, say).
        log.exception("call_not_made", delivery=delivery.pk)
        outcome = Outcome("error")
    state = webhook.settle(
        delivery,
        outcome=outcome.code,
        status=outcome.status,
        retry_after_s=outcome.retry_after_s,
        took_ms=outcome.took_ms,
        now=now + run.elapsed,
    )
    run.add(**{"later" if state is WebhookState.QUEUED else state.value: 1})
    if not outcome.is_taken:
        log.warning("call_not_taken", delivery=delivery.pk, outcome=outcome.code, state=state.value)
    if state is WebhookState.DROPPED:
        log.error("endpoint_gone", endpoint=delivery.endpoint_id)
    return outcome.is_taken
