"""The description is true: what it lists exists, and what the API answers has the form it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from applications.actions.gateway import create_key
from applications.api import authentication
from applications.enums import AccessReason
from applications.models import PolicyEdition
from applications.rules import rehearsal
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock

KEY = "lap_" + "s" * 43


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json()


@pytest.fixture
def gateway(edition_row: PolicyEdition, edition: Edition, client: Client, clock: Clock) -> Client:
    authentication.forget_callers()
    create_key("edge-1", ["face"], secret=KEY[4:], edition=edition, now=factories.NOW)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {KEY}"
    return client


def test_every_address_of_the_api_is_described(document: dict[str, Any]) -> None:
    routes = {
        f"/api/v1/{pattern.pattern}"
        for resolver in get_resolver().url_patterns
        if str(resolver.pattern) == "api/v1/"
        for pattern in resolver.url_patterns
    }
    assert set(document["paths"]) == routes - {"/api/v1/openapi.json"}


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("reason", list(AccessReason))
def test_answers_have_the_described_form(
    gateway: Client, document: dict[str, Any], reason: AccessReason
) -> None:
    asked = {
        "subscription_id": str(rehearsal.GUIDS[reason]),
        "capability": "face.identification",
        "include": ["token", "service_error"],
    }
    answer = gateway.get("/api/v1/access-decisions", asked).json()
    assert fits(document, document["components"]["schemas"]["Decision"], answer)
    del answer["reason"]
    assert not fits(document, document["components"]["schemas"]["Decision"], answer)


def test_examples_are_answered(gateway: Client, document: dict[str, Any]) -> None:
    operations = document["paths"]["/api/v1/access-decisions"]
    asked = {p["name"]: p["example"] for p in operations["get"]["parameters"] if "example" in p}
    assert gateway.get("/api/v1/access-decisions", asked).json()["allowed"] is True
    body = operations["post"]["requestBody"]["content"]["application/json"]["example"]
    answer = gateway.post("/api/v1/access-decisions", json.dumps(body), content_type="application/json")
    assert answer.json()["items"][0]["reason"] == "grace"


def fits(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    """A small judge of the part of JSON Schema that the description uses."""
    if "$ref" in schema:
        return fits(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value)
    if "anyOf" in schema:
        return any(fits(document, one, value) for one in schema["anyOf"])
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    if not isinstance(value, kinds[schema["type"]]) or (schema["type"] == "integer" and value is True):
        return False
    if schema["type"] == "object" and "properties" in schema:
        known = schema["properties"]
        return set(schema["required"]) <= set(value) <= set(known) and all(
            fits(document, known[name], part) for name, part in value.items()
        )
    return all(fits(document, schema["items"], one) for one in value) if schema["type"] == "array" else True
