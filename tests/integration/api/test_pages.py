"""The API explained: every problem and reason has its place, and every example is run as it stands on the page."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import limited_access
import pytest
from django.conf import LazySettings
from django.test import Client

from applications.actions.gateway import create_key
from applications.api import authentication
from applications.api.pages import HELP
from applications.api.problems import TITLES
from applications.enums import AccessReason
from applications.models import PolicyEdition
from applications.rules import rehearsal
from applications.rules.policy import Edition
from tests import factories
from tests.clients.portal import CAPABILITY, SUBSCRIPTION, Portal, decision
from tests.clock import Clock
from tests.integration.api.test_openapi import fits

KEY = "lap_" + "s" * 43


def examples(client: Client, page: str) -> list[str]:
    found = re.findall(r"<pre[^>]*>(.*?)</pre>", client.get(page).content.decode(), re.S)
    return [html.unescape(text) for text in found]


def run(client: Client, curl: str) -> Any:
    """What curl would do, by the test's client."""
    words = shlex.split(curl.replace("\\\n", " ").replace("$KEY", KEY).replace("$NAME", "edge-1"))
    assert words.pop(0) == "curl"
    address, method, body, headers = "", "GET", "", {}
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _colon, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-u":
            client_id, _colon, secret = words.pop(0).partition(":")
            headers["X-Basic"] = f"{client_id}:{secret}"
        elif word == "-d":
            body, method = words.pop(0), "POST"
        elif word == "-X":
            method = words.pop(0)
        else:
            assert not address
            address = word
    parts = urlsplit(address)
    if basic := headers.pop("X-Basic", ""):
        name, secret = basic.split(":")
        body += f"&client_id={name}&client_secret={secret}"
    media = headers.pop("Content-Type", "application/octet-stream")
    return client.generic(method, f"{parts.path}?{parts.query}", body, content_type=media, headers=headers)


@pytest.fixture
def gateway(edition_row: PolicyEdition, edition: Edition, clock: Clock) -> None:
    authentication.forget_callers()
    create_key("edge-1", ["face"], secret=KEY[4:], edition=edition, now=factories.NOW)


@pytest.mark.usefixtures("gateway")
def test_every_example_of_the_reference_is_answered(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    curls = examples(client, "/api/reference/")
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(curls) == len(operations)
    for curl, (path, method, operation) in zip(curls, operations, strict=True):
        response = run(client, curl)
        assert (response.request["PATH_INFO"], response.request["REQUEST_METHOD"].lower()) == (path, method)
        assert response.status_code in (200, 204), (curl, response.content)
        content = operation["responses"][str(response.status_code)].get("content", {})
        for part in content.values():
            assert fits(document, part["schema"], response.json())
            assert response.json() == part.get("example", response.json())


@pytest.mark.usefixtures("gateway")
def test_the_overview_s_question_has_the_answer_beneath_it(client: Client) -> None:
    curl, answer, call = examples(client, "/api/")
    assert run(client, curl).json() == json.loads(answer)
    assert set(json.loads(call)) == {"type", "timestamp", "data"}


def test_reasons_and_test_subscriptions_are_all_told(client: Client) -> None:
    text = client.get("/api/").content.decode()
    for reason in AccessReason:
        assert f'id="reason-{reason.value}"' in text
        assert str(rehearsal.GUIDS[reason]) in text.replace("<wbr>", "")
    assert str(rehearsal.ENDING_GUID) in text.replace("<wbr>", "")


def test_every_problem_leads_to_its_page(client: Client, settings: LazySettings) -> None:
    assert set(HELP) == set(TITLES)
    document = client.get("/api/v1/access-decisions").json()
    for code in TITLES:
        place = document["type"].replace(document["code"], code)
        assert place.startswith(settings.SITE_URL)
        page = client.get(urlsplit(place).path)
        assert (page.status_code, str(HELP[code]) in html.unescape(page.content.decode())) == (200, True)
    assert client.get("/api/v1/problems/unheard-of").status_code == 404


def test_the_gateway_s_page_shows_what_the_tests_run(client: Client) -> None:
    server, gate, python, envoy = examples(client, "/api/gateway/")
    assert "auth_request /_gate;" in server
    assert "location = /_gate {" in gate
    assert "failure_mode_allow: false" in envoy
    assert "Not run by our tests" in client.get("/api/gateway/").content.decode()
    portal = Portal()
    portal.answer("/api/v1/access-decisions", decision(allowed=False, reason="revoked", valid_for_s=0))
    names = {"key": "key", "subscription_id": SUBSCRIPTION, "limited_access": limited_access}
    exec(python.replace("https://portal.example", portal.address), names)  # noqa: S102 -- our own example
    portal.kill()
    assert portal.asked[0][1] == {"subscription_id": SUBSCRIPTION, "capability": CAPABILITY}
