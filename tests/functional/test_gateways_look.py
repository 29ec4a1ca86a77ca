"""Gateways at the desk and the API's pages in Chromium: sound for axe, fitting, by keyboard, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.actions import gateway as actions
from applications.actions import webhook
from applications.enums import ChangeKind, GatewayAct
from applications.models import Change, Gateway, GatewayProposal, User, WebhookEndpoint
from applications.rules.policy import Edition
from tests import factories
from tests.factories import NOW
from tests.functional.conftest import Complaints, looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]


def test_the_api_is_explained(page: Page, site: str) -> None:
    for name, path in {
        "overview": reverse("api"),
        "gateway": reverse("api-gateway"),
        "reference": reverse("api-reference"),
        "problem": reverse("api-problem", args=["too_many"]),
    }.items():
        page.goto(site + path)
        looked_at(page, f"api-{name}", closely=name in ("overview", "reference"))


def test_an_operator_registers_a_gateway_by_keyboard_and_sees_its_key_once(
    page: Page, site: str, enter: Callable[..., None], operator: User
) -> None:
    enter(operator)
    page.goto(site + reverse("admin:gateways"))
    looked_at(page, "gateways-empty")
    page.get_by_label("Name").focus()
    page.keyboard.type("face-west-1")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The key of face-west-1")
    looked_at(page, "gateways-key")
    page.get_by_role("link", name="It is kept, go on").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("face-west-1")
    assert Gateway.objects.get().services


def test_gateways_in_every_state(
    page: Page,
    site: str,
    enter: Callable[..., None],
    operator: User,
    edition: Edition,
    complaints: Complaints,
) -> None:
    complaints.expect("status of 400")  # the form that is sent back
    olga = factories.person("olga@vendor.example", "Olga Berg", staff_role="operator")
    west, east, north = (
        actions.create_key(name, ["face", "video-indexer"], secret=name * 8, edition=edition, now=NOW)[0]
        for name in (
            "face-west-1",
            "a-gateway-with-a-name-that-is-as-long-as-names-of-gateways-may-be",
            "north",
        )
    )
    Gateway.objects.update(seen_at=NOW)
    Change.objects.create(at=NOW - timedelta(hours=3), kind=ChangeKind.ENDED, service="face", transaction=0)
    Gateway.objects.filter(pk=north.pk).update(disabled_at=NOW, disabled_by=olga)
    actions.replace_key(west, secret="t" * 43, by=operator, now=NOW)
    actions.propose(
        west, GatewayAct.SILENCE, seconds=3600, reason="The ferry link is down each night.", by=olga, now=NOW
    )
    actions.propose(east, GatewayAct.DISABLE, reason="Moved to face-west-1.", by=operator, now=NOW)
    endpoint = webhook.add_endpoint(
        west, "https://gate.example:8443/feed?of=west", random=b"r" * 32, allowed=[], by=operator, now=NOW
    )[0]
    gone = webhook.add_endpoint(
        west, "https://gone.example/", random=b"r" * 32, allowed=[], by=operator, now=NOW
    )[0]
    WebhookEndpoint.objects.filter(pk=gone.pk).update(disabled_at=NOW)
    webhook.rotate_secret(endpoint, random=b"s" * 32, by=operator, now=NOW)
    delivery = webhook.send_test(endpoint, by=operator, now=NOW)
    for outcome, status in (("timeout", None), ("503", 503), ("503", 503), ("500", 500), ("204", 204)):
        type(delivery).objects.update(state="queued", kind="access.ended")
        delivery.refresh_from_db()
        webhook.claim(delivery, at=NOW, now=NOW)
        webhook.settle(delivery, outcome=outcome, status=status, retry_after_s=None, took_ms=31, now=NOW)
    enter(operator)
    for name, path in {
        "gateways": reverse("admin:gateways"),
        "gateways-one": reverse("admin:gateway", args=[west.pk]),
        "gateways-disabled": reverse("admin:gateway", args=[north.pk]),
        "gateways-calls": reverse("admin:endpoint", args=[endpoint.pk]),
        "gateways-gone": reverse("admin:endpoint", args=[gone.pk]),
    }.items():
        page.goto(site + path)
        looked_at(page, name, closely=name in ("gateways", "gateways-one"))
    page.goto(site + reverse("admin:gateway", args=[west.pk]))
    page.get_by_label("Seconds after the last contact").fill("99999999")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_label("Seconds after the last contact")).to_have_value("99999999")
    looked_at(page, "gateways-error")
    page.goto(site + reverse("admin:gateways"))
    page.get_by_role("button", name="Agree and do it").press("Enter")
    expect(page.get_by_text("Agreed, and done.")).to_be_visible()
    assert GatewayProposal.objects.filter(agreed=True).count() == 1
