"""Tokens for callers, signed decisions, what a service may answer, and the test subscriptions."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.test import Client

from applications import signing
from applications.actions.gateway import create_key
from applications.api import authentication
from applications.enums import AccessReason
from applications.models import Customer, Gateway, GatewayKey, PolicyEdition, Subscription
from applications.queries import decision
from applications.rules import rehearsal
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock

URL = "/api/v1/access-decisions"
SECRET = "lap_" + "s" * 43
END = datetime(2023, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def known_gateway(edition_row: PolicyEdition, edition: Edition, clock: Clock) -> None:
    authentication.forget_callers()
    decision.forget_rehearsals()
    create_key("edge-1", ["face", "computer-vision"], secret=SECRET[4:], edition=edition, now=factories.NOW)


@pytest.fixture
def entrance(nordlys: Customer) -> Subscription:
    made = factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT})
    factories.grace(made, "face.identification")
    return made


def get_token(client: Client, **more: str) -> Any:
    body = {
        "grant_type": "client_credentials",
        "client_id": "edge-1",
        "client_secret": SECRET,
        **more,
    }
    return client.post("/api/v1/token", body)


def ask(client: Client, subscription: object, capability: str = "face.identification", **more: Any) -> Any:
    token = more.pop("bearer", SECRET)
    return client.get(
        URL,
        {"subscription_id": str(subscription), "capability": capability, **more},
        HTTP_AUTHORIZATION=f"Bearer {token}",
    )


def test_client_credentials_give_a_token_of_five_minutes(
    client: Client, entrance: Subscription, clock: Clock
) -> None:
    response = get_token(client)
    made = response.json()
    assert (made["token_type"], made["expires_in"], made["scope"]) == ("Bearer", 300, "computer-vision face")
    assert response.headers["Cache-Control"] == "no-store"
    assert ask(client, entrance.guid, bearer=made["access_token"]).json()["reason"] == "grace"
    authentication.forget_callers()
    clock.forward(minutes=5)
    assert ask(client, entrance.guid, bearer=made["access_token"]).status_code == 401


def test_token_may_be_narrower_and_holds_its_scope(client: Client, entrance: Subscription) -> None:
    narrow = get_token(client, scope="computer-vision").json()["access_token"]
    assert ask(client, entrance.guid, bearer=narrow).status_code == 403
    assert get_token(client, scope="video-indexer").json() == {"error": "invalid_scope"}


def test_basic_authentication_gives_the_same(client: Client) -> None:
    value = base64.b64encode(f"edge-1:{SECRET}".encode()).decode()
    response = client.post(
        "/api/v1/token", {"grant_type": "client_credentials"}, HTTP_AUTHORIZATION=f"Basic {value}"
    )
    assert response.json()["expires_in"] == 300


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"client_secret": "lap_wrong"}, 401, "invalid_client"),
        ({"client_id": "edge-2"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused_as_the_standard_says(
    client: Client, change: dict[str, str], status: int, code: str
) -> None:
    response = get_token(client, **change)
    assert (response.status_code, response.json()) == (status, {"error": code})


def test_basic_that_is_no_base64(client: Client) -> None:
    response = client.post(
        "/api/v1/token", {"grant_type": "client_credentials"}, HTTP_AUTHORIZATION="Basic %%%"
    )
    assert response.status_code == 401


def test_secret_rotates_with_overlap_and_dies_at_its_end(
    client: Client, edition: Edition, entrance: Subscription, clock: Clock
) -> None:
    create_key("edge-1", ["face"], secret="t" * 43, edition=edition, now=factories.NOW)
    GatewayKey.objects.filter(prefix=SECRET[:10]).update(expires_at=factories.NOW + timedelta(hours=1))
    assert get_token(client).status_code == 200
    assert get_token(client, client_secret="lap_" + "t" * 43).status_code == 200
    clock.forward(hours=1)
    assert get_token(client).status_code == 401
    authentication.forget_callers()
    assert ask(client, entrance.guid).status_code == 401


def test_disabled_gateway_is_nobody(client: Client, entrance: Subscription) -> None:
    Gateway.objects.update(disabled_at=factories.NOW)
    assert get_token(client).status_code == 401
    assert ask(client, entrance.guid).status_code == 401


def test_token_of_another_kind_or_key_opens_nothing(client: Client, entrance: Subscription) -> None:
    signed = ask(client, entrance.guid, include="token").json()["token"]
    assert ask(client, entrance.guid, bearer=signed).status_code == 401
    forged = jwt.encode({"sub": "1", "scope": "face", "exp": 9e9}, "k" * 32, algorithm="HS256")
    assert ask(client, entrance.guid, bearer=forged).status_code == 401
    assert ask(client, entrance.guid, bearer="x" * 100_000).status_code == 401


def test_signed_decision_is_verified_with_the_published_key_and_never_outlives_the_right(
    client: Client, entrance: Subscription, clock: Clock
) -> None:
    clock.set(END - timedelta(seconds=20))
    answer = ask(client, entrance.guid, include="token").json()
    key_set = client.get("/.well-known/jwks.json").json()
    key = jwt.PyJWKSet.from_dict(key_set)[jwt.get_unverified_header(answer["token"])["kid"]]
    claims = jwt.decode(answer["token"], key, algorithms=["EdDSA"], options={"verify_exp": False})
    assert claims["exp"] == END.timestamp()
    assert {name: claims[name] for name in answer if name != "token"} == {
        name: value for name, value in answer.items() if name != "token"
    }
    body, signature = answer["token"].rsplit(".", 1)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{body}.{signature[:-4]}AAAA", key, algorithms=["EdDSA"])


def test_keys_rotate_with_the_secret_key(client: Client, settings: Any, entrance: Subscription) -> None:
    old = ask(client, entrance.guid, include="token").json()["token"]
    before = client.get("/.well-known/jwks.json").json()["keys"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of at least fifty characters, 0123456789 abc"
    after = client.get("/.well-known/jwks.json").json()["keys"]
    assert after[1:] == before
    assert signing.read(old, "decision+jwt") is not None
    settings.SECRET_KEY_FALLBACKS = []
    assert signing.read(old, "decision+jwt") is None


def test_service_learns_what_to_answer(client: Client, entrance: Subscription, clock: Clock) -> None:
    told = ask(client, entrance.guid, include="service_error").json()["as_service_error"]
    assert (told["status"], told["body"]) == (None, None)
    assert told["headers"]["Deprecation"] == "@1655769600"
    assert told["headers"]["Sunset"] == "Sat, 01 Jul 2023 00:00:00 GMT"
    assert told["headers"]["Link"].startswith("<http")
    clock.set(END)
    told = ask(client, entrance.guid, include="service_error").json()["as_service_error"]
    assert told["status"] == 403
    assert told["headers"] == {}
    inner = told["body"]["error"]["innererror"]
    assert inner["code"] == "UnsupportedFeature"
    assert "Identification" in inner["message"]
    assert "/applications/new/?capability=face.identification" in inner["message"]
    retired = ask(client, entrance.guid, "face.emotion", include="service_error").json()["as_service_error"]
    assert "retired" in retired["body"]["error"]["innererror"]["message"]
    granted = ask(client, entrance.guid, "face.detection", include="service_error").json()["as_service_error"]
    assert granted["headers"] == {}


def test_many_may_be_signed_too(client: Client, entrance: Subscription) -> None:
    item = {"subscription_id": str(entrance.guid), "capability": "face.identification"}
    response = client.post(
        URL,
        json.dumps({"items": [item, item], "include": ["token", "service_error"]}),
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {SECRET}",
    )
    assert all({"token", "as_service_error"} <= set(answer) for answer in response.json()["items"])


@pytest.mark.parametrize("reason", list(AccessReason))
def test_every_reason_can_be_rehearsed(client: Client, reason: AccessReason) -> None:
    response = ask(client, rehearsal.GUIDS[reason])
    answer = response.json()
    assert answer["reason"] == reason.value
    assert answer["allowed"] is (reason.value in ("open", "approved", "extension", "grace"))
    assert response.status_code == (503 if reason is AccessReason.ERROR else 200)


def test_deadline_can_be_rehearsed(client: Client, clock: Clock) -> None:
    first = ask(client, rehearsal.ENDING_GUID).json()
    assert (first["allowed"], first["valid_for_s"]) == (True, 60)
    clock.forward(seconds=59)
    assert ask(client, rehearsal.ENDING_GUID).json()["valid_for_s"] == 1
    clock.forward(seconds=1)
    assert ask(client, rehearsal.ENDING_GUID).json()["reason"] == "expired"
    clock.forward(minutes=10)
    assert ask(client, rehearsal.ENDING_GUID).json()["allowed"] is True


def test_unknown_capability_is_unknown_to_a_test_subscription_too(client: Client) -> None:
    answer = ask(client, rehearsal.GUIDS[AccessReason.APPROVED], "face.nothing").json()
    assert answer["reason"] == "unknown_capability"
