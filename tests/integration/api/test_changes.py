"""`/api/v1/changes`: commit order without gaps, and what a gateway confirms (promise P6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from applications.actions.gateway import create_key
from applications.api import authentication
from applications.enums import ChangeKind
from applications.models import Change, Customer, Gateway, PolicyEdition, Subscription
from applications.queries.change import START, read_cursor, read_feed
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock

URL = "/api/v1/changes"


@pytest.fixture
def gateway(edition_row: PolicyEdition, edition: Edition, client: Client, clock: Clock) -> Client:
    authentication.forget_callers()
    _gateway, key = create_key("edge-1", ["face"], secret="s" * 43, edition=edition, now=factories.NOW)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


@pytest.fixture
def entrance(nordlys: Customer) -> Subscription:
    made = factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT})
    factories.grace(made, "face.identification")
    return made


def change(of: Subscription | None = None, service: str = "face", **more: Any) -> Change:
    return Change.objects.create(
        at=factories.NOW,
        kind=more.pop("kind", ChangeKind.GRANTED),
        service=service,
        subscription_guid=of.guid if of else None,
        capability="face.identification" if of else "",
        **more,
    )


@pytest.mark.django_db(transaction=True)
def test_feed_tells_what_is_true_at_delivery(gateway: Client, entrance: Subscription, clock: Clock) -> None:
    change(entrance, deadline_at=datetime(2023, 7, 1, tzinfo=UTC), kind=ChangeKind.ENDED)
    row = gateway.get(URL).json()["changes"][0]
    assert (row["kind"], row["deadline"], row["decision"]["allowed"]) == (
        "ended",
        "2023-07-01T00:00:00Z",
        True,
    )
    clock.set(datetime(2023, 7, 1, tzinfo=UTC))
    assert gateway.get(URL).json()["changes"][0]["decision"]["reason"] == "grace_ended"


@pytest.mark.django_db(transaction=True)
def test_pages_follow_on_and_other_services_are_left_out(gateway: Client, entrance: Subscription) -> None:
    mine = [change(entrance).pk for _ in range(5)]
    change(entrance, service="video-indexer")
    policy = change(service="", kind=ChangeKind.POLICY).pk
    seen: list[int] = []
    after = ""
    while True:
        page = gateway.get(URL, {"after": after, "limit": "2"}).json()
        seen += [int(row["cursor"].partition(".")[2]) for row in page["changes"]]
        after = page["cursor"]
        if not page["has_more"]:
            break
    assert seen == [*mine, policy]
    last = gateway.get(URL, {"after": after}).json()
    assert (last["changes"], last["cursor"], last["has_more"]) == ([], after, False)
    assert last["evaluated_at"] == "2023-05-15T14:40:00Z"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("many", [1, 30])
def test_page_takes_as_many_statements_for_many_rows(
    gateway: Client, entrance: Subscription, many: int, django_assert_num_queries: Any
) -> None:
    for _ in range(many):
        change(entrance)
    gateway.get(URL)
    with django_assert_num_queries(3 if connection.vendor == "postgresql" else 2):
        assert len(gateway.get(URL).json()["changes"]) == many


@pytest.mark.django_db(transaction=True)
def test_confirming_goes_forward_only(gateway: Client, entrance: Subscription) -> None:
    for _ in range(2):
        change(entrance)
    first, second = (row["cursor"] for row in gateway.get(URL).json()["changes"])

    def confirm(cursor: object) -> Any:
        return gateway.post(f"{URL}/ack", {"cursor": cursor}, content_type="application/json")

    assert confirm(second).json()["moved"] is True
    assert confirm(first).json()["moved"] is False
    assert confirm(second).json()["moved"] is False
    known = Gateway.objects.get()
    assert (known.acked_transaction, known.acked_change) == read_cursor(second)
    assert known.acked_at == factories.NOW
    for nonsense in ("", "1", "a.b", 7, None, "1.2.3", "\u0661.\u0662"):
        assert confirm(nonsense).status_code == 400
    assert gateway.post(f"{URL}/ack", "{", content_type="application/json").status_code == 400


def test_cursor_and_method_that_are_not_ours(gateway: Client) -> None:
    assert gateway.get(URL, {"after": "yesterday"}).json()["code"] == "invalid_cursor"
    assert gateway.post(URL).status_code == 405
    assert gateway.get(f"{URL}/ack").status_code == 405
    del gateway.defaults["HTTP_AUTHORIZATION"]
    assert gateway.get(URL).status_code == 401


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("not config.getoption('--db') == 'postgresql'", reason="SQLite has one writer at a time")
def test_row_that_commits_late_is_not_skipped(edition_row: PolicyEdition, entrance: Subscription) -> None:
    """The slow writer takes its number first and commits last; a reader in between must wait for it."""
    numbered, may_commit = threading.Event(), threading.Event()
    slow: list[int] = []

    def write_slowly() -> None:
        with transaction.atomic():
            slow.append(change(entrance).pk)
            numbered.set()
            may_commit.wait(20)

    thread = in_thread(write_slowly)
    assert numbered.wait(20)
    quick = change(entrance).pk
    early = read_feed(["face"], START, 10, factories.NOW)
    assert quick not in ids(early.rows)
    may_commit.set()
    thread.join(20)
    late = read_feed(["face"], early.cursor, 10, factories.NOW)
    assert ids(early.rows + late.rows) == [*slow, quick]


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["cursor"].partition(".")[2]) for row in rows]


@pytest.mark.django_db(transaction=True)
def test_snapshot_and_feed_together_miss_nothing(
    gateway: Client, nordlys: Customer, clock: Clock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("applications.api.changes.USUAL", 2)
    made = [factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}) for _ in range(5)]
    for one in made:
        factories.grace(one, "face.identification")
    change(made[0])
    first = gateway.get("/api/v1/snapshot").json()
    change(made[1])
    told, page = list(first["decisions"]), first
    while page["after"]:
        page = gateway.get("/api/v1/snapshot", {"after": page["after"]}).json()
        told += page["decisions"]
    assert {row["subscription_id"] for row in told} == {str(one.guid) for one in made}
    assert all(row["ends_at"] == "2023-07-01T00:00:00Z" for row in told)
    later = gateway.get(URL, {"after": first["cursor"]}).json()["changes"]
    assert [row["subscription_id"] for row in later] == [str(made[1].guid)]
    clock.set(datetime(2023, 7, 1, tzinfo=UTC))
    assert gateway.get("/api/v1/snapshot").json()["decisions"] == []


@pytest.mark.django_db(transaction=True)
def test_long_poll_answers_when_something_changes(
    gateway: Client, entrance: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sleep is where another process would write; here it writes itself."""
    monkeypatch.setattr("applications.api.changes.time.sleep", lambda _s: change(entrance))
    page = gateway.get(URL, {"wait": "25"}).json()
    assert len(page["changes"]) == 1


@pytest.mark.django_db(transaction=True)
def test_long_poll_has_a_few_places_and_others_are_answered_at_once(
    gateway: Client, entrance: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("applications.api.changes._places", threading.BoundedSemaphore(1))
    inner: list[Any] = []

    def meanwhile(_seconds: float) -> None:
        if not inner:
            inner.append(gateway.get(URL, {"wait": "25"}).json())
            change(entrance)

    monkeypatch.setattr("applications.api.changes.time.sleep", meanwhile)
    outer = gateway.get(URL, {"wait": "25"}).json()
    assert inner[0]["changes"] == []
    assert len(outer["changes"]) == 1
