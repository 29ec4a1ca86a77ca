"""`/api/v1/access-decisions` and the command, as a gateway and an engineer meet them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client

from applications.actions.gateway import create_key
from applications.api import authentication, decisions
from applications.enums import Outcome
from applications.models import Customer, PolicyEdition, RequestedCapability, Subscription, Suspension, User
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock

URL = "/api/v1/access-decisions"
END = datetime(2023, 7, 1, tzinfo=UTC)
SECRET = "s" * 43

pytestmark = pytest.mark.usefixtures("edition_row", "clean_memory")


@pytest.fixture
def clean_memory(clock: Clock) -> None:
    authentication.forget_callers()


@pytest.fixture
def gateway(edition_row: PolicyEdition, edition: Edition, client: Client) -> Client:
    """A client that calls with the key of a gateway of Face API."""
    _gateway, key = create_key("edge-1", ["face"], secret=SECRET, edition=edition, now=factories.NOW)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


@pytest.fixture
def entrance(nordlys: Customer) -> Subscription:
    """Existing customer's subscription in its grace year."""
    made = factories.subscription(nordlys, "Staff entrance", used={"face": factories.BEFORE_THE_CUT})
    factories.grace(made, "face.identification")
    factories.grace(made, "face.emotion")
    return made


def ask(client: Client, subscription: object, capability: str = "face.identification", **more: str) -> Any:
    return client.get(URL, {"subscription_id": str(subscription), "capability": capability, **more})


def test_decision_has_the_form_of_the_contract(gateway: Client, entrance: Subscription) -> None:
    response = ask(gateway, entrance.guid)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    answer = response.json()
    assert answer.pop("next_step").startswith("Apply before access ends: http")
    assert answer == {
        "subscription_id": str(entrance.guid),
        "capability": "face.identification",
        "allowed": True,
        "reason": "grace",
        "ends_at": "2023-07-01T00:00:00Z",
        "valid_for_s": 60,
        "evaluated_at": "2023-05-15T14:40:00Z",
        "edition": "2022-06-21",
    }


def test_deny_is_a_200(gateway: Client, entrance: Subscription, clock: Clock) -> None:
    clock.set(END)
    response = ask(gateway, entrance.guid)
    assert (response.status_code, response.json()["allowed"], response.json()["reason"]) == (
        200,
        False,
        "grace_ended",
    )


@pytest.mark.parametrize(("asked_by", "reason"), [("nordlys", "pending"), ("other_customer", "grace_ended")])
def test_claim_of_a_stranger_reveals_nothing(
    gateway: Client,
    entrance: Subscription,
    asked_by: str,
    reason: str,
    request: pytest.FixtureRequest,
    clock: Clock,
) -> None:
    customer = request.getfixturevalue(asked_by)
    row = factories.edition_row_in_force()
    application = factories.submitted(customer, row)
    RequestedCapability.objects.create(
        application=application,
        customer=customer,
        subscription=entrance,
        capability="face.identification",
        asked_at=factories.NOW,
    )
    clock.set(END)
    assert ask(gateway, entrance.guid).json()["reason"] == reason


def test_rows_of_every_kind_meet_the_rule(
    gateway: Client, entrance: Subscription, nordlys: Customer, lead: User
) -> None:
    row = factories.edition_row_in_force()
    application = factories.submitted(nordlys, row)
    RequestedCapability.objects.create(
        application=application,
        customer=nordlys,
        subscription=entrance,
        capability="face.verification",
        asked_at=factories.NOW - timedelta(days=5),
        closed_at=factories.NOW,
        outcome=Outcome.DENIED,
    )
    assert ask(gateway, entrance.guid, "face.verification").json()["reason"] == "denied"
    Suspension.objects.create(subscription=entrance, starts_at=factories.NOW, suspended_by=lead)
    assert ask(gateway, entrance.guid).json()["reason"] == "suspended"
    assert ask(gateway, entrance.guid, "face.detection").json()["reason"] == "open"
    factories.right(entrance, "face.verification", revoked_at=factories.NOW, revoked_by=lead)
    Suspension.objects.update(ends_at=factories.NOW, resumed_by=lead)
    assert ask(gateway, entrance.guid, "face.verification").json()["reason"] == "revoked"


def test_without_a_key_nobody_is_answered(client: Client, entrance: Subscription) -> None:
    response = ask(client, entrance.guid)
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    client.defaults["HTTP_AUTHORIZATION"] = "Bearer lap_" + "x" * 43
    assert ask(client, entrance.guid).status_code == 401


def test_customers_session_is_no_key(client: Client, owner: User, entrance: Subscription) -> None:
    client.force_login(owner)
    assert ask(client, entrance.guid).status_code == 401


def test_staff_may_ask_about_another_instant(
    sign_in: Callable[[User], Client], auditor: User, entrance: Subscription
) -> None:
    client = sign_in(auditor)
    assert ask(client, entrance.guid, at="2023-07-01T02:00:00+02:00").json()["reason"] == "grace_ended"
    assert ask(client, entrance.guid, at="2023-06-30T23:59:59.999999Z").json()["reason"] == "grace"
    assert ask(client, entrance.guid, at="yesterday").json()["code"] == "invalid_instant"


def test_gateway_may_not_ask_about_another_instant(gateway: Client, entrance: Subscription) -> None:
    response = ask(gateway, entrance.guid, at="2023-07-01T00:00:00Z")
    assert (response.status_code, response.json()["code"]) == (403, "at_not_allowed")


def test_gateway_asks_about_its_own_services_only(gateway: Client, entrance: Subscription) -> None:
    response = ask(gateway, entrance.guid, "video-indexer.face-identification")
    assert (response.status_code, response.json()["code"]) == (403, "out_of_scope")
    assert ask(gateway, entrance.guid, "face.unheard-of").json()["reason"] == "unknown_capability"


@pytest.mark.parametrize(
    ("subscription", "capability", "code"),
    [
        ("0123456789abcdef0123456789abcdef", "face.detection", "invalid_subscription"),
        ("", "face.detection", "invalid_subscription"),
        ("dc4d27d9-ea49-4921-938f-7782a774e15\u0661", "face.detection", "invalid_subscription"),
        ("dc4d27d9-ea49-4921-938f-7782a774e151", "", "invalid_capability"),
        ("dc4d27d9-ea49-4921-938f-7782a774e151", "face\x00", "invalid_capability"),
        ("dc4d27d9-ea49-4921-938f-7782a774e151", "f" * 100_000, "invalid_capability"),
    ],
)
def test_nonsense_gets_a_problem_that_does_not_echo_it(
    gateway: Client, subscription: str, capability: str, code: str
) -> None:
    response = ask(gateway, subscription, capability)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert len(response.content) < 400
    assert "0123456789abcdef" not in response.content.decode()


def post(client: Client, body: object) -> Any:
    return client.post(URL, body, content_type="application/json")


@pytest.mark.parametrize("many", [1, 40])
def test_many_by_one_statement(
    gateway: Client, nordlys: Customer, many: int, django_assert_num_queries: Any
) -> None:
    made = [factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}) for _ in range(many)]
    for subscription in made:
        factories.grace(subscription, "face.identification")
    items = [{"subscription_id": str(s.guid), "capability": "face.identification"} for s in made]
    ask(gateway, made[0].guid)  # the caller and the edition are known from here on
    with django_assert_num_queries(1):
        response = post(gateway, {"items": items})
    answers = response.json()["items"]
    assert [answer["subscription_id"] for answer in answers] == [str(s.guid) for s in made]
    assert {answer["reason"] for answer in answers} == {"grace"}
    with django_assert_num_queries(1):
        ask(gateway, made[0].guid)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"items": {}}', '{"items": [1]}', "[" * 100_000, b"\xff\xfe", '{"items": null}'],
)
def test_body_that_is_not_ours(gateway: Client, body: Any) -> None:
    response = post(gateway, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_body")


def test_bad_item_is_named_by_its_place(gateway: Client) -> None:
    good = {"subscription_id": "dc4d27d9-ea49-4921-938f-7782a774e151", "capability": "face.detection"}
    response = post(gateway, {"items": [good, {**good, "subscription_id": 7}]})
    assert (response.status_code, response.json()["index"]) == (400, 1)
    assert post(gateway, {"items": [good] * 1001}).status_code == 413
    assert post(gateway, {"items": []}).json() == {"items": []}


def test_other_methods(gateway: Client) -> None:
    response = gateway.head(URL)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")


def test_database_that_fails_is_a_deny(gateway: Client, entrance: Subscription) -> None:
    ask(gateway, entrance.guid)
    with mock.patch.object(decisions, "decide_one", side_effect=OperationalError("gone")):
        response = ask(gateway, entrance.guid)
    answer = response.json()
    assert (response.status_code, answer["allowed"], answer["reason"], answer["valid_for_s"]) == (
        503,
        False,
        "error",
        0,
    )
    assert "gone" not in response.content.decode()


def test_no_edition_is_a_deny(gateway: Client, entrance: Subscription) -> None:
    PolicyEdition.objects.update(in_force=False)
    assert (ask(gateway, entrance.guid).status_code, ask(gateway, entrance.guid).json()["allowed"]) == (
        503,
        False,
    )


# --- the command ---


def run(*args: str, stdin: str = "") -> list[str]:
    out = io.StringIO()
    with mock.patch("sys.stdin", io.StringIO(stdin)):
        call_command("access_decision", *args, stdout=out, stderr=out)
    return out.getvalue().splitlines()


def test_command_answers_and_a_deny_is_no_failure(entrance: Subscription) -> None:
    line = run(str(entrance.guid), "face.identification", "--at", "2023-07-01T00:00:00Z", "--json")[-1]
    assert json.loads(line)["reason"] == "grace_ended"
    assert run(f"/subscriptions/{entrance.guid}/resourceGroups/x", "face.identification")[0].startswith(
        "ALLOW grace"
    )


def test_command_explains_each_step(entrance: Subscription) -> None:
    lines = run(str(entrance.guid), "face.identification", "--explain")
    assert "edition 2022-06-21" in lines
    assert any(line.startswith("right ") and "2023-07-01T00:00:00Z)" in line for line in lines)
    assert "2. open: no (gated)" in lines
    grace = entrance.grants.get(capability="face.identification")
    assert any(line.endswith(f"grace: yes (right {grace.pk})") for line in lines)


def test_command_reads_lines_and_never_echoes_a_key(entrance: Subscription) -> None:
    key = "0123456789abcdef0123456789abcdef"
    lines = [
        f"{entrance.guid},face.identification",
        f"{key},face.identification",
        "",
        f"{entrance.guid},face.identification,2023-07-01T00:00:00Z",
        f"{entrance.guid}",
        f"{entrance.guid},face.identification,tomorrow",
    ]
    answers = [json.loads(line) for line in run("-", stdin="\n".join(lines))]
    assert [answer.get("reason") or answer["error"] for answer in answers] == [
        "grace",
        "subscription_secret",
        "grace_ended",
        "columns",
        "at",
    ]
    assert answers[1]["line"] == 2
    assert key not in json.dumps(answers)


def test_command_refuses_what_is_no_subscription() -> None:
    with pytest.raises(CommandError, match="secret"):
        run("0123456789abcdef0123456789abcdef", "face.identification")
    with pytest.raises(CommandError, match="zone"):
        run("dc4d27d9-ea49-4921-938f-7782a774e151", "face.identification", "--at", "2023-07-01")


def test_key_is_made_once_and_not_kept(edition: Edition, client: Client, entrance: Subscription) -> None:
    out = io.StringIO()
    call_command("create_gateway_key", "edge-2", "--service", "face", "--json", stdout=out)
    made = json.loads(out.getvalue())
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {made['key']}"
    assert ask(client, entrance.guid).status_code == 200
    with pytest.raises(CommandError, match="face"):
        call_command("create_gateway_key", "edge-2", "--service", "nose", stdout=out)
