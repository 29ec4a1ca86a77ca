"""Operators and gateways: registered with a key shown once, changed by two people, seen when they fall behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from applications.actions import gateway as actions
from applications.actions import webhook
from applications.api import authentication
from applications.enums import ChangeKind, GatewayAct
from applications.models import (
    AuditEvent,
    Change,
    Gateway,
    GatewayKey,
    GatewayProposal,
    PolicyEdition,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from applications.queries.gateway import alarms
from applications.rules import rehearsal
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock
from tests.factories import NOW

Enter = Callable[[User], Client]
QUERIES = 10 if connection.vendor == "postgresql" else 9  # it alone is asked how far commits are settled
pytestmark = pytest.mark.usefixtures("edition_row", "clock")


@pytest.fixture
def enter() -> Enter:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        session = client.session
        session.update(factories.authenticated(user))
        session.save()
        return client

    return sign_in


@pytest.fixture
def olga(db: None) -> User:
    return factories.person("olga@vendor.example", "Olga Berg", staff_role="operator")


@pytest.fixture
def edge(edition_row: PolicyEdition, edition: Edition) -> Gateway:
    authentication.forget_callers()
    return actions.create_key("edge-1", ["face"], secret="s" * 43, edition=edition, now=NOW)[0]


def text(response: Any) -> str:
    return response.content.decode()


def asks(key: str) -> int:
    authentication.forget_callers()
    asked = {"subscription_id": str(rehearsal.GUIDS[rehearsal.REASONS[1]]), "capability": "face.detection"}
    return Client().get("/api/v1/access-decisions", asked, headers={"X-Api-Key": key}).status_code


def to(name: str, *arguments: object) -> str:
    return reverse(f"admin:{name}", args=arguments)


def test_a_gateway_is_registered_and_its_keys_rotate_with_overlap(
    enter: Enter, operator: User, clock: Clock
) -> None:
    client = enter(operator)
    page = text(client.post(to("gateway-register"), {"name": "edge 1"}))
    assert "This cannot be a name" in page
    assert "No service is chosen" in page
    assert 'value="edge 1"' in page
    given = {"name": "edge-1", "services": ["face"]}
    (old,) = set(re.findall(r"lap_[\w-]{43}", text(client.post(to("gateway-register"), given))))
    assert "There is a gateway with this name" in text(client.post(to("gateway-register"), given))
    edge = Gateway.objects.get()
    assert asks(old) == 200
    (new,) = set(re.findall(r"lap_[\w-]{43}", text(client.post(to("gateway-key", edge.pk)))))
    assert (old in text(client.get(to("gateway", edge.pk))), asks(old), asks(new)) == (False, 200, 200)
    clock.forward(hours=24)
    assert (asks(old), asks(new)) == (401, 200)
    client.post(to("gateway-key-end", GatewayKey.objects.latest("pk").pk))
    assert asks(new) == 401
    assert "has ended already" in text(
        client.post(to("gateway-key-end", GatewayKey.objects.latest("pk").pk), follow=True)
    )
    client.post(to("gateway-act", edge.pk, "services"), {"services": ["video-indexer"]})
    edge.refresh_from_db()
    assert edge.services == ["face", "video-indexer"]
    done = AuditEvent.objects.filter(target="gateway", actor=operator.key).order_by("pk")
    assert list(done.values_list("action", flat=True)) == [
        "gateway.key_created",
        "gateway.key_replaced",
        "gateway.key_ended",
        "gateway.services_added",
    ]


def test_longer_memory_takes_two_operators_and_shorter_one(
    enter: Enter, operator: User, olga: User, edge: Gateway
) -> None:
    first, second = enter(operator), enter(olga)
    silence = to("gateway-act", edge.pk, "silence")
    assert "Say why" in text(first.post(silence, {"seconds": "3600"}))
    assert "24 hours" in text(first.post(silence, {"seconds": "86401", "reason": "x"}))
    assert first.post(silence, {"seconds": "3600", "reason": "Ferry link"}).status_code == 302
    assert "proposed already" in text(first.post(silence, {"seconds": "60", "reason": "Again"}))
    answer = to("gateway-answer", GatewayProposal.objects.get().pk)
    assert answer not in text(first.get(to("gateways")))
    assert "second person" in text(first.post(answer, {"agree": "1"}))
    assert "Ferry link" in text(second.get(to("gateways")))
    assert "Agreed, and done." in text(second.post(answer, {"agree": "1"}, follow=True))
    assert "answered this already" in text(second.post(answer, {"agree": "1"}, follow=True))
    edge.refresh_from_db()
    assert edge.max_silence_s == 3600
    first.post(silence, {"seconds": "60"})
    edge.refresh_from_db()
    assert edge.max_silence_s == 60


def test_disabling_takes_two_operators_and_the_keys_are_refused(
    enter: Enter, operator: User, olga: User, edge: Gateway
) -> None:
    key = "lap_" + "s" * 43
    first, second = enter(operator), enter(olga)
    first.post(to("gateway-act", edge.pk, "disable"), {"reason": "Burnt down"})
    second.post(to("gateway-answer", GatewayProposal.objects.get().pk), {"agree": "0"})
    assert asks(key) == 200
    first.post(to("gateway-act", edge.pk, "disable"), {"reason": "Burnt down"})
    second.post(to("gateway-answer", GatewayProposal.objects.latest("pk").pk), {"agree": "1"})
    assert asks(key) == 401
    page = text(second.get(to("gateway", edge.pk)))
    assert "Olga Berg as the second person" in page
    assert to("gateway-act", edge.pk, "endpoint") not in page
    assert "cannot be done" in text(
        first.post(to("gateway-act", edge.pk, "disable"), {"reason": "x"}, follow=True)
    )
    first.post(to("gateway-enable", edge.pk))
    assert asks(key) == 200


def test_the_database_refuses_one_person_for_both(edge: Gateway, operator: User) -> None:
    made = actions.propose(edge, GatewayAct.DISABLE, reason="x", by=operator, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        GatewayProposal.objects.filter(pk=made.pk).update(answered_by=operator, answered_at=NOW, agreed=True)


@pytest.fixture
def public(settings: LazySettings) -> str:
    settings.WEBHOOK_HOSTS = []
    return "https://gate.example:8443/feed"


def test_an_address_is_added_tested_rotated_and_disabled(
    enter: Enter, operator: User, edge: Gateway, public: str
) -> None:
    client = enter(operator)
    add = to("gateway-act", edge.pk, "endpoint")
    for wrong in ("http://gate.example/", "https://gate.example:22/", "https://a:b@gate.example/", "\x00"):
        response = client.post(add, {"url": wrong})
        assert (response.status_code, 'href="#endpoint-url"' in text(response)) == (400, True)
    (old,) = set(re.findall(r"whsec_[\w+/=]{44}", html_free(text(client.post(add, {"url": public})))))
    endpoint = WebhookEndpoint.objects.get()
    page = to("endpoint", endpoint.pk)
    assert old not in html_free(text(client.get(page)))
    client.post(to("endpoint-act", endpoint.pk, "test"))
    assert WebhookDelivery.objects.get().key in text(client.get(page))
    (new,) = set(
        re.findall(
            r"whsec_[\w+/=]{44}", html_free(text(client.post(to("endpoint-act", endpoint.pk, "rotate"))))
        )
    )
    assert new != old
    assert "Two secrets sign until" in text(client.get(page))
    client.post(to("endpoint-act", endpoint.pk, "disable"))
    assert "It is disabled" not in text(client.get(page))
    assert "is disabled" in text(client.post(to("endpoint-act", endpoint.pk, "test"), follow=True))
    assert client.post(to("endpoint-act", endpoint.pk, "unheard-of")).status_code == 404
    assert client.get(to("endpoint", 4711)).status_code == 404


def html_free(page: str) -> str:
    return page.replace("&#x2B;", "+").replace("&#43;", "+")


def test_alarms_name_who_is_behind_gone_or_not_reached(
    enter: Enter, edge: Gateway, operator: User, clock: Clock
) -> None:
    Change.objects.create(
        at=NOW, kind=ChangeKind.ENDED, service="face", capability="face.identification", transaction=0
    )
    Change.objects.create(at=NOW, kind=ChangeKind.ENDED, service="vision", transaction=0)
    assert alarms(NOW + timedelta(minutes=5)) == []
    assert alarms(NOW + timedelta(minutes=6)) == [f"gateway behind: {edge.pk}"]
    made = webhook.add_endpoint(
        edge, "https://gate.example/", random=b"r" * 32, allowed=[], by=operator, now=NOW
    )[0]
    delivery = webhook._queue(made, "access.ended", "msg_1", (0, 1), NOW)
    assert alarms(NOW + timedelta(hours=2))[1:] == [f"endpoint not reached: {made.pk}"]
    delivery.delete()
    WebhookEndpoint.objects.update(disabled_at=NOW)
    assert alarms(NOW + timedelta(hours=2))[1:] == [f"endpoint gone: {made.pk}"]
    clock.forward(hours=2)
    assert "answered that it is gone" in text(enter(operator).get(to("gateways")))
    assert f"endpoint gone: {made.pk}" in Client().get("/readyz").json()["alarms"]
    webhook.disable_endpoint(made, by=operator, now=NOW)
    assert alarms(NOW + timedelta(hours=2)) == [f"gateway behind: {edge.pk}"]


@pytest.mark.parametrize("many", [1, 12])
def test_the_list_takes_as_many_statements_for_many(
    enter: Enter, auditor: User, edge: Gateway, many: int, django_assert_num_queries: Any
) -> None:
    Gateway.objects.bulk_create(
        Gateway(name=f"g{n}", services=["face"], created_at=NOW) for n in range(many - 1)
    )
    client = enter(auditor)
    client.get(to("gateways"))
    with django_assert_num_queries(QUERIES):
        page = text(client.get(to("gateways")))
    assert page.count("row-target") == many
    assert to("gateway-register") not in page


@pytest.mark.parametrize("who", ["reviewer", "lead", "auditor"])
def test_nobody_else_acts_on_gateways(
    request: pytest.FixtureRequest, enter: Enter, edge: Gateway, operator: User, public: str, who: str
) -> None:
    made = webhook.add_endpoint(edge, public, random=b"r" * 32, allowed=[], by=operator, now=NOW)[0]
    waiting = actions.propose(edge, GatewayAct.DISABLE, reason="x", by=operator, now=NOW)
    client = enter(request.getfixturevalue(who))
    paths = [
        to("gateway-register"),
        to("gateway-enable", edge.pk),
        to("gateway-key", edge.pk),
        to("gateway-act", edge.pk, "silence"),
        to("gateway-key-end", GatewayKey.objects.get().pk),
        to("gateway-answer", waiting.pk),
        to("endpoint-act", made.pk, "disable"),
    ]
    assert [client.post(path).status_code for path in paths] == [403] * len(paths)
