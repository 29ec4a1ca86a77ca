"""The follower: from the snapshot, along the feed, each right's end, and how long silence is borne."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from limited_access import Client, Follower, NoAnswer, Source

from applications.actions.gateway import create_key
from applications.api import authentication
from applications.enums import ChangeKind
from applications.models import AccessGrant, Change, Customer, Gateway, PolicyEdition
from applications.rules.policy import Edition
from tests import factories
from tests.clients.portal import CAPABILITY, SUBSCRIPTION, Moment, Portal, decision
from tests.clock import Clock

AT = "2023-06-30T23:00:00Z"


def page(
    *decisions: dict[str, Any] | None, cursor: str = "2.1", more: bool = False, at: str = AT
) -> dict[str, Any]:
    rows = [
        {
            "kind": "moved",
            "subscription_id": one and SUBSCRIPTION,
            "capability": one and CAPABILITY,
            "decision": one,
        }
        for one in decisions
    ]
    return {"changes": rows, "cursor": cursor, "has_more": more, "evaluated_at": at}


def start(*decisions: dict[str, Any], after: int | None = None, cursor: str = "1.1") -> dict[str, Any]:
    return {"decisions": list(decisions), "after": after, "cursor": cursor, "evaluated_at": AT}


@pytest.fixture
def follower(portal: Portal, monotonic: Moment) -> Follower:
    portal.answer("/api/v1/snapshot", start(decision()))
    portal.answer("/api/v1/changes", page())
    portal.answer("/api/v1/changes/ack", {"cursor": "1.1", "moved": True})
    client = Client(portal.address, "key", timeout_s=0.3, monotonic=monotonic)
    return Follower(client, max_silence_s=60, monotonic=monotonic)


def source(follower: Follower) -> Source:
    return follower.decide(SUBSCRIPTION, CAPABILITY).source


def confirmed(portal: Portal) -> list[str]:
    return [asked["cursor"] for path, asked in portal.asked if path == "/api/v1/changes/ack"]


def test_snapshot_is_read_to_its_end_and_confirmed(follower: Follower, portal: Portal) -> None:
    other = decision(subscription_id="aaaaaaaa-ea49-4921-938f-7782a774e151")
    pages = {"": start(other, after=7), "7": start(decision(), cursor="9.9")}
    portal.replies["/api/v1/snapshot"] = lambda asked: (
        200,
        json.dumps(pages[asked.get("after", "")]).encode(),
    )
    follower.step()
    assert follower.cursor == "1.1"
    assert confirmed(portal) == ["1.1"]
    assert source(follower) is Source.MEMORY


def test_end_of_the_right_is_obeyed_by_the_portal_s_time(
    follower: Follower, portal: Portal, monotonic: Moment
) -> None:
    """An hour is left when the snapshot is read; no feed is needed to see it end."""
    follower.max_silence_s = 24 * 3600
    follower.step()
    monotonic.at += 3599.9
    assert source(follower) is Source.MEMORY
    monotonic.at += 0.1
    assert source(follower) is Source.NONE


def test_silence_is_borne_so_long_and_no_longer(
    follower: Follower, portal: Portal, monotonic: Moment
) -> None:
    follower.step()
    portal.kill()
    monotonic.at += 59.9
    with pytest.raises(NoAnswer):
        follower.step()
    assert source(follower) is Source.MEMORY
    monotonic.at += 0.1
    assert source(follower) is Source.NONE


def test_empty_page_is_contact_but_a_page_with_more_is_not(
    follower: Follower, portal: Portal, monotonic: Moment
) -> None:
    follower.step()
    monotonic.at += 59
    portal.answer("/api/v1/changes", page(decision(), more=True))
    assert follower.step()
    monotonic.at += 1
    assert source(follower) is Source.NONE
    portal.answer("/api/v1/changes", page(cursor="2.1"))
    assert not follower.step()
    assert source(follower) is Source.MEMORY
    assert confirmed(portal) == ["1.1", "2.1"]


def test_change_replaces_what_is_known_and_is_confirmed(follower: Follower, portal: Portal) -> None:
    follower.step()
    portal.answer("/api/v1/changes", page(decision(allowed=False, reason="revoked", valid_for_s=0)))
    follower.step()
    assert source(follower) is Source.NONE
    portal.answer("/api/v1/changes", page(decision(ends_at=None), cursor="3.1"))
    follower.step()
    assert source(follower) is Source.MEMORY
    assert confirmed(portal) == ["1.1", "2.1", "3.1"]


def test_a_deny_in_the_feed_drops_what_the_client_remembers(follower: Follower, portal: Portal) -> None:
    portal.answer("/api/v1/access-decisions", decision())
    assert follower.client.decide(SUBSCRIPTION, CAPABILITY).source is Source.FRESH
    follower.step()
    portal.answer("/api/v1/changes", page(decision(allowed=False, reason="revoked", valid_for_s=0)))
    follower.step()
    portal.kill()
    assert not follower.decide(SUBSCRIPTION, CAPABILITY).allowed


def test_failed_confirmation_is_said_again(follower: Follower, portal: Portal) -> None:
    follower.step()
    portal.answer("/api/v1/changes", page(decision()))
    portal.answer("/api/v1/changes/ack", {}, 503)
    with pytest.raises(NoAnswer):
        follower.step()
    portal.answer("/api/v1/changes", page())
    portal.answer("/api/v1/changes/ack", {})
    follower.step()
    assert confirmed(portal) == ["1.1", "2.1", "2.1"]


def test_change_for_everybody_reads_everything_anew(follower: Follower, portal: Portal) -> None:
    follower.step()
    portal.answer("/api/v1/snapshot", start(cursor="5.1"))
    portal.answer("/api/v1/changes", page(None))
    assert follower.step()
    assert (follower.cursor, source(follower)) == ("5.1", Source.NONE)


@pytest.mark.parametrize(
    "body",
    [b"<html>", {}, page(decision(ends_at="soon")), page({"allowed": True}), page(decision(), at="noon")],
    ids=["html", "empty", "end", "decision", "time"],
)
def test_garbage_in_the_feed_changes_nothing(follower: Follower, portal: Portal, body: object) -> None:
    follower.step()
    portal.answer("/api/v1/changes", body)
    with pytest.raises(NoAnswer):
        follower.step()
    assert (follower.cursor, source(follower)) == ("1.1", Source.MEMORY)


def test_snapshot_that_does_not_go_on_is_garbage(follower: Follower, portal: Portal) -> None:
    portal.answer("/api/v1/snapshot", start(decision(), after=0))
    with pytest.raises(NoAnswer):
        follower.step()
    assert source(follower) is Source.NONE


@pytest.mark.django_db(transaction=True)
def test_follows_the_portal_itself(
    live_server: Any, edition_row: PolicyEdition, edition: Edition, nordlys: Customer, clock: Clock
) -> None:
    """Against the real API: snapshot, an earlier end by the feed, and the confirmation in the gateway's row."""
    authentication.forget_callers()
    held = factories.subscription(nordlys)
    factories.right(held, CAPABILITY, ends_at=clock.moment + timedelta(days=1))
    gateway, key = create_key("edge-1", ["face"], secret="s" * 43, edition=edition, now=clock.moment)
    follower = Follower(Client(live_server.url, key, timeout_s=10))
    follower.step()
    assert follower.decide(str(held.guid), CAPABILITY).source is Source.MEMORY
    AccessGrant.objects.update(ends_at=clock.moment)
    row = Change.objects.create(
        at=clock.moment,
        kind=ChangeKind.MOVED,
        service="face",
        subscription_guid=held.guid,
        capability=CAPABILITY,
    )
    follower.step()
    answer = follower.decide(str(held.guid), CAPABILITY)
    assert (answer.allowed, answer.source) == (False, Source.FRESH)
    row.refresh_from_db()
    assert Gateway.objects.get(pk=gateway.pk).acked_change == row.pk
