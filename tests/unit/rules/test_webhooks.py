"""Calls to gateways: the specification's own vector, its schedule, and no end for ends of access."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from applications.enums import WebhookKind
from applications.rules.webhooks import next_wait, payload, secret_of, signed_headers


def test_signature_of_the_published_vector() -> None:
    """As the specification's reference libraries test themselves."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_sign_while_they_rotate() -> None:
    old, new = secret_of(b"o" * 32), secret_of(b"n" * 32)
    at = datetime(2023, 7, 1, tzinfo=UTC)
    both = signed_headers("msg_1", b"{}", [new, old], at)["webhook-signature"].split(" ")
    assert both == [signed_headers("msg_1", b"{}", [one], at)["webhook-signature"] for one in (new, old)]


def test_body_says_no_more_than_where_the_feed_stands() -> None:
    assert json.loads(payload(WebhookKind.ENDED, "7.9", "2023-07-01T00:00:00Z")) == {
        "type": "access.ended",
        "timestamp": "2023-07-01T00:00:00Z",
        "data": {"cursor": "7.9"},
    }


def test_ordinary_calls_follow_the_schedule_and_end() -> None:
    waits = [next_wait(WebhookKind.CHANGED, tries, "msg_1") for tries in range(1, 11)]
    least = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert waits.pop() is None
    assert [
        timedelta(seconds=s) <= wait <= timedelta(seconds=s * 1.1)
        for s, wait in zip(least, waits, strict=True)
    ] == [True] * 9


def test_ends_of_access_are_tried_without_end_an_hour_apart() -> None:
    for tries in (4, 9, 10, 1000, 10**6):
        wait = next_wait(WebhookKind.ENDED, tries, "msg_1")
        assert wait is not None
        assert timedelta(hours=1) <= wait <= timedelta(minutes=66)


@pytest.mark.parametrize(
    ("kind", "asked", "least"), [(WebhookKind.ENDED, 86400, 3600), (WebhookKind.CHANGED, 10**7, 86400)]
)
def test_receiver_may_ask_for_patience_within_limits(kind: WebhookKind, asked: int, least: int) -> None:
    assert next_wait(kind, 1, "msg_1", 120) == timedelta(seconds=120)
    assert next_wait(kind, 1, "msg_1", asked) == timedelta(seconds=least)
