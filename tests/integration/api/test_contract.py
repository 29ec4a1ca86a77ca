"""Every input gets an answer as described, or a problem document: by schemathesis, and by what it does not think of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import LazySettings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis import GenerationMode

from applications.actions.gateway import create_key
from applications.api import authentication, changes
from applications.api.openapi import document
from applications.api.problems import TITLES
from applications.models import PolicyEdition
from applications.rules import rehearsal
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock

KEY = "lap_" + "s" * 43
OPERATIONS = [
    (path, method) for path, methods in document("http://localhost")["paths"].items() for method in methods
]


@pytest.fixture(params=["portal.urls_api", "portal.urls"])
def site(request: pytest.FixtureRequest, settings: LazySettings) -> None:
    """The API by itself, as `portal.wsgi_api` serves it, and inside the site."""
    settings.ROOT_URLCONF = request.param
    if request.param == "portal.urls_api":
        settings.MIDDLEWARE = ["portal.middleware.RequestLog", "portal.middleware.Headers"]


@pytest.fixture
def alone(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = "portal.urls_api"
    settings.MIDDLEWARE = ["portal.middleware.RequestLog", "portal.middleware.Headers"]


@pytest.fixture
def gateway(
    edition_row: PolicyEdition, edition: Edition, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LONGEST_S", 0)  # nobody changes anything: a wait would only be waited for
    authentication.forget_callers()
    create_key("edge-1", ["face"], secret=KEY[4:], edition=edition, now=factories.NOW)


@pytest.fixture
def wsgi() -> Iterator[WSGIHandler]:
    """As a server calls it, on the test's own connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("alone", "gateway")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=["as it should be", "as it should not be"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: str(part).rpartition("/")[2])
def test_schemathesis_finds_nothing(wsgi: WSGIHandler, path: str, method: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", wsgi)
    called: list[int] = []

    @examples(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method.upper()].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        response = case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"})
        called.append(response.status_code)

    check()
    assert len(called) >= 20
    assert 503 not in called


ITEM = {"subscription_id": str(rehearsal.ENDING_GUID), "capability": "face.identification"}
DECISIONS, ACK = "/api/v1/access-decisions", "/api/v1/changes/ack"
JSON = "application/json"
ODD: dict[str, tuple[str, str, bytes | str, str, set[int]]] = {
    "no json": ("POST", DECISIONS, "{", JSON, {400}),
    "not utf-8": ("POST", DECISIONS, b"\xff\xfe\x00", JSON, {400}),
    "a number": ("POST", DECISIONS, "7", JSON, {400}),
    "not a number": (
        "POST",
        DECISIONS,
        '{"items": [{"subscription_id": NaN, "capability": 1e999}]}',
        JSON,
        {400},
    ),
    "a very long number": ("POST", DECISIONS, '{"items": ' + "9" * 5000 + "}", JSON, {400}),
    "deep": ("POST", DECISIONS, '{"items":' + "[" * 100_000, JSON, {400}),
    "deep and whole": ("POST", ACK, "[" * 500 + "]" * 500, JSON, {400}),
    "1,001 items": ("POST", DECISIONS, json.dumps({"items": [ITEM] * 1001}), JSON, {413}),
    "1,000 items": ("POST", DECISIONS, json.dumps({"items": [ITEM] * 1000}), JSON, {200}),
    "three megabytes": ("POST", DECISIONS, json.dumps({"items": [], "x": "y" * 3_000_000}), JSON, {413}),
    "five megabytes": ("POST", ACK, "y" * 5_000_000, JSON, {413}),
    "unknown fields": ("POST", DECISIONS, json.dumps({"items": [{**ITEM, "x": [1]}], "y": {}}), JSON, {200}),
    "the same field twice": ("POST", ACK, '{"cursor": "1.1", "cursor": "9.9.9"}', JSON, {400}),
    "a form for json": ("POST", DECISIONS, "items=1", "application/x-www-form-urlencoded", {400}),
    "a broken multipart": ("POST", "/api/v1/token", "--x", "multipart/form-data; boundary=", {400}),
    "an unknown charset": ("POST", "/api/v1/token", "grant_type=x", "text/plain; charset=nowhere", {400}),
    "too many fields": (
        "POST",
        "/api/v1/token",
        "&".join(f"f{n}=1" for n in range(2000)),
        "application/x-www-form-urlencoded",
        {400},
    ),
    "a nul in a name": (
        "POST",
        "/api/v1/token",
        "grant_type=client_credentials&client_id=a%00b&client_secret=c",
        "application/x-www-form-urlencoded",
        {401},
    ),
    "a nul in a query": ("GET", f"{DECISIONS}?subscription_id=%00&capability=%00", "", JSON, {400}),
    "broken escapes": ("GET", f"{DECISIONS}?subscription_id=%ff%zz&capability=%", "", JSON, {400}),
    "a slip of the pen": ("GET", "/api/v1/changes?wiat=20", "", JSON, {400}),
    "a cursor beyond numbers": ("GET", f"/api/v1/changes?after={'9' * 19}.{'9' * 19}", "", JSON, {400}),
    "a number beyond numbers": ("GET", f"/api/v1/changes?limit={'9' * 40}", "", JSON, {400}),
    "head": ("HEAD", DECISIONS, "", JSON, {405}),
    "options": ("OPTIONS", DECISIONS, "", JSON, {405}),
    "trace": ("TRACE", "/api/v1/snapshot", "", JSON, {405}),
    "a method of nobody": ("BREW", ACK, "", JSON, {405}),
}


@pytest.mark.usefixtures("site", "gateway")
@pytest.mark.parametrize(("method", "path", "body", "media", "statuses"), ODD.values(), ids=ODD)
def test_odd_input_is_answered(
    client: Client, method: str, path: str, body: bytes | str, media: str, statuses: set[int]
) -> None:
    response = client.generic(
        method, path, body, content_type=media, headers={"Authorization": f"Bearer {KEY}"}
    )
    assert response.status_code in statuses
    if method == "HEAD":
        assert response["Allow"] == "GET, POST"
        return
    said = response.json()
    if response["Content-Type"] == "application/problem+json":
        assert (said["status"], said["title"]) == TITLES[said["code"]]
        assert len(response.content) < 500
    elif response.status_code >= 400:
        assert set(said) == {"error"}  # RFC 6749's form


@pytest.mark.usefixtures("alone")
def test_other_addresses_of_the_api_by_itself_are_a_problem(client: Client, db: None) -> None:
    for path in ("/", "/api/v1/", "/api/v1/access-decisions/", "/admin/", "/api/v1/%00"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
