"""Calls to gateways: signed, thin, tried again under one id, superseded, given up or never, and stopped by 410."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from applications.actions import webhook
from applications.actions.gateway import create_key
from applications.enums import ChangeKind, WebhookKind, WebhookState
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.jobs import webhooks
from applications.models import (
    AuditEvent,
    Change,
    Gateway,
    JobRun,
    PolicyEdition,
    User,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from applications.queries.change import read_cursor
from applications.rules.policy import Edition
from tests.factories import NOW
from tests.harness.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)  # the feed is read below every open transaction
RANDOM = b"r" * 32
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def receiver(settings: LazySettings) -> Iterator[Receiver]:
    made = Receiver()
    settings.WEBHOOK_HOSTS = [made.place]
    yield made
    made.close()


@pytest.fixture
def gateway(edition_row: PolicyEdition, edition: Edition) -> Gateway:
    return create_key("edge-1", ["face"], secret="s" * 43, edition=edition, now=NOW)[0]


@pytest.fixture
def endpoint(gateway: Gateway, receiver: Receiver, operator: User) -> WebhookEndpoint:
    return add(gateway, receiver, operator)[0]


def add(gateway: Gateway, receiver: Receiver, by: User, path: str = "") -> tuple[WebhookEndpoint, str]:
    return webhook.add_endpoint(
        gateway, receiver.url + path, random=RANDOM, allowed=[receiver.place], by=by, now=NOW
    )


def change(kind: ChangeKind = ChangeKind.GRANTED, service: str = "face") -> Change:
    return Change.objects.create(at=NOW, kind=kind, service=service, capability="face.identification")


def verified(call: tuple[str, Any, bytes], secret: str) -> dict[str, Any]:
    """What a receiver does, written anew from the specification: not by our own code."""
    _path, headers, body = call
    raw = base64.b64decode(secret[len("whsec_") :])
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = base64.b64encode(hmac.new(raw, content, hashlib.sha256).digest()).decode()
    assert f"v1,{mine}" in headers["webhook-signature"].split(" ")
    return json.loads(body)


def states() -> list[str]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))


def test_news_are_told_once_thin_and_signed(gateway: Gateway, receiver: Receiver, operator: User) -> None:
    change()
    _endpoint, secret = add(gateway, receiver, operator)
    assert webhooks.call_gateways(NOW) == {}  # what was there before is not news
    last = [change(), change(), change(service="video-indexer")][1]
    assert webhooks.call_gateways(NOW + MINUTE) == {"queued": 1, "sent": 1}
    assert webhooks.call_gateways(NOW + 2 * MINUTE) == {}
    (call,) = receiver.calls
    said = verified(call, secret)
    assert (said["type"], said["timestamp"], set(said["data"])) == (
        "access.changed",
        "2023-05-15T14:41:00Z",
        {"cursor"},
    )
    last.refresh_from_db()
    assert read_cursor(said["data"]["cursor"]) == (last.transaction, last.pk)
    _path, headers, _body = call
    assert abs(int(headers["webhook-timestamp"]) - (NOW + MINUTE).timestamp()) < 30
    assert secret not in WebhookEndpoint.objects.get().secret
    assert AuditEvent.objects.get(action="endpoint.added").actor == operator.key


def test_an_end_is_tried_without_end_under_one_id(endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    change(ChangeKind.REVOKED)
    at = NOW
    for _ in range(14):
        webhooks.call_gateways(at)
        at = WebhookDelivery.objects.get().due_at
    ids = {headers["webhook-id"] for _path, headers, _body in receiver.calls}
    assert (len(receiver.calls), len(ids)) == (14, 1)
    assert len({headers["webhook-timestamp"] for _path, headers, _body in receiver.calls}) == 14
    assert states() == ["queued"]
    receiver.answers = [(200, {})]
    webhooks.call_gateways(at)
    assert states() == ["sent"]
    assert list(WebhookAttempt.objects.order_by("number").values_list("outcome", flat=True)) == [
        *["500"] * 14,
        "200",
    ]


def test_an_ordinary_call_is_given_up_after_the_schedule(
    endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.answers = [(500, {})]
    change()
    at = NOW
    for _ in range(12):
        webhooks.call_gateways(at)
        at = WebhookDelivery.objects.get().due_at + timedelta(seconds=1)
    assert (states(), len(receiver.calls)) == (["failed"], 10)
    assert timedelta(hours=75) < at - NOW < timedelta(hours=84)


def test_a_later_position_covers_earlier_ones_but_an_end_only_by_an_end(
    endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.answers = [(500, {})]
    for number, kind in enumerate([ChangeKind.ENDED, ChangeKind.GRANTED]):
        change(kind)
        webhooks.call_gateways(NOW + number * MINUTE)
    WebhookDelivery.objects.update(due_at=NOW + HOUR)  # both wait for a later try
    receiver.answers = [(200, {})]
    change()
    webhooks.call_gateways(NOW + 2 * MINUTE)
    assert states() == ["queued", "superseded", "sent"]
    change(ChangeKind.SUSPENDED)
    webhooks.call_gateways(NOW + 2 * MINUTE)
    assert states() == ["superseded", "superseded", "sent", "sent"]


def test_gone_disables_and_alarms_until_an_operator_looks(
    endpoint: WebhookEndpoint, receiver: Receiver, operator: User, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [(410, {})]
    change(ChangeKind.ENDED)
    assert webhooks.call_gateways(NOW) == {"queued": 1, "dropped": 1}
    endpoint.refresh_from_db()
    assert (endpoint.disabled_at is not None, endpoint.disabled_by) == (True, None)
    assert "endpoint_gone" in caplog.text
    change()
    assert webhooks.call_gateways(NOW + HOUR) == {}
    assert AuditEvent.objects.filter(action="endpoint.gone", actor=None).count() == 1
    webhook.disable_endpoint(endpoint, by=operator, now=NOW + HOUR)
    endpoint.refresh_from_db()
    assert endpoint.disabled_by == operator


def test_one_endpoint_that_fails_stops_no_other(
    endpoint: WebhookEndpoint, gateway: Gateway, receiver: Receiver, operator: User, settings: LazySettings
) -> None:
    other = add(gateway, receiver, operator, "/other")[0]
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(secret="opened by no key")
    for number in range(2):
        change()
        webhooks.call_gateways(NOW + number * MINUTE)
    assert [path for path, _headers, _body in receiver.calls] == ["/hook/other"] * 2
    assert set(
        WebhookAttempt.objects.filter(delivery__endpoint=endpoint).values_list("outcome", flat=True)
    ) == {"error"}
    assert set(WebhookDelivery.objects.filter(endpoint=other).values_list("state", flat=True)) == {"sent"}
    assert JobRun.objects.filter(error="").count() == 2


def test_who_dies_between_sending_and_recording_sends_again_under_the_same_id(
    endpoint: WebhookEndpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_arguments: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    change(ChangeKind.ENDED)
    with monkeypatch.context() as killed:
        killed.setattr(webhook, "settle", dies)
        with pytest.raises(KeyboardInterrupt):
            webhooks.call_gateways(NOW)
    webhooks.call_gateways(NOW + MINUTE)  # the lease still holds
    assert (len(receiver.calls), states()) == (1, ["sending"])
    webhooks.call_gateways(NOW + 3 * MINUTE)
    assert (len({headers["webhook-id"] for _path, headers, _body in receiver.calls}), states()) == (
        1,
        ["sent"],
    )
    assert len(receiver.calls) == 2
    assert list(WebhookAttempt.objects.order_by("number").values_list("outcome", flat=True)) == ["", "204"]


def test_two_runs_at_once_announce_and_claim_once(endpoint: WebhookEndpoint) -> None:
    change()
    stale = WebhookEndpoint.objects.select_related("gateway").get()
    assert webhook.announce(endpoint, now=NOW) is not None
    assert webhook.announce(stale, now=NOW) is None
    first, second = (WebhookDelivery.objects.get() for _ in range(2))
    assert webhook.claim(first, at=NOW, now=NOW)
    assert not webhook.claim(second, at=NOW, now=NOW)


def test_two_secrets_sign_for_a_day(gateway: Gateway, receiver: Receiver, operator: User) -> None:
    endpoint, old = add(gateway, receiver, operator)
    new = webhook.rotate_secret(endpoint, random=b"n" * 32, by=operator, now=NOW)
    with pytest.raises(NotPossibleNow):  # the page of somebody who was slower
        webhook.rotate_secret(endpoint, random=b"m" * 32, by=operator, now=NOW)
    for at in (NOW + 23 * HOUR, NOW + 25 * HOUR):
        change()
        webhooks.call_gateways(at)
    within, after = receiver.calls
    assert verified(within, old) == verified(within, new)
    assert verified(after, new)
    with pytest.raises(AssertionError):
        verified(after, old)
    with pytest.raises(AssertionError):
        verified((within[0], within[1], within[2].replace(b"changed", b"chanted")), new)


def test_a_test_is_made_once(endpoint: WebhookEndpoint, receiver: Receiver, operator: User) -> None:
    receiver.answers = [(500, {})]
    webhook.send_test(endpoint, by=operator, now=NOW)
    webhooks.call_gateways(NOW)
    assert (states(), json.loads(receiver.calls[0][2])["type"]) == (["failed"], "test")


def test_disabled_gateways_are_not_called(
    endpoint: WebhookEndpoint, receiver: Receiver, operator: User
) -> None:
    Gateway.objects.update(disabled_at=NOW, disabled_by=operator)
    change()
    assert (webhooks.call_gateways(NOW), receiver.calls) == ({}, [])


def test_what_an_operator_may_not_do(
    gateway: Gateway, endpoint: WebhookEndpoint, receiver: Receiver, operator: User, lead: User
) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(gateway, receiver, operator)
    assert "already" in refused.value.errors["url"]
    with pytest.raises(InvalidInput):
        webhook.add_endpoint(gateway, "http://gate.example/", random=RANDOM, allowed=[], by=operator, now=NOW)
    with pytest.raises(NotAllowed):
        add(gateway, receiver, lead, "/lead")
    for number in range(webhook.MOST_ENDPOINTS - 1):
        add(gateway, receiver, operator, f"/{number}")
    with pytest.raises(InvalidInput) as refused:
        add(gateway, receiver, operator, "/more")
    assert "At most" in refused.value.errors["url"]
    webhook.disable_endpoint(endpoint, by=operator, now=NOW)
    endpoint.refresh_from_db()
    for act in (
        lambda: webhook.disable_endpoint(endpoint, by=operator, now=NOW),
        lambda: webhook.send_test(endpoint, by=operator, now=NOW),
        lambda: webhook.rotate_secret(endpoint, random=RANDOM, by=operator, now=NOW),
    ):
        with pytest.raises(NotPossibleNow):
            act()


def test_finished_calls_are_forgotten(endpoint: WebhookEndpoint, operator: User) -> None:
    webhook.send_test(endpoint, by=operator, now=NOW)
    webhooks.call_gateways(NOW)
    assert webhook.forget_calls(before=NOW) == 0
    assert webhook.forget_calls(before=datetime(2023, 6, 30, tzinfo=UTC)) == 2
    assert not WebhookAttempt.objects.exists()


def test_kinds_are_of_the_specification_s_letters() -> None:
    assert all(kind.value.replace(".", "").isalpha() for kind in WebhookKind)
    assert set(WebhookState) > {WebhookState.SENT}
