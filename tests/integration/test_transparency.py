"""The public page of counts and its JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from applications.enums import Outcome
from applications.models import Customer, PolicyEdition, RequestedCapability, User
from tests import factories
from tests.clock import Clock

FEBRUARY = datetime(2023, 2, 10, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def decided(edition_row: PolicyEdition, nordlys: Customer, lead: User) -> None:
    """Twelve approved after 6 days, eleven denied after 4, one revoked, all in the first quarter; one asked in May."""
    cache.clear()
    application = factories.submitted(nordlys, edition_row, now=FEBRUARY)
    for number in range(24):
        subscription = factories.subscription(nordlys)
        approved = number < 12
        days = 6 if approved else 4
        RequestedCapability.objects.create(
            application=application,
            customer=nordlys,
            subscription=subscription,
            capability="face.verification",
            use_case="FC2",
            asked_at=FEBRUARY if number < 23 else factories.NOW,
            closed_at=FEBRUARY + timedelta(days=days) if number < 23 else None,
            outcome=(Outcome.APPROVED if approved else Outcome.DENIED) if number < 23 else "",
        )
        if number == 0:
            factories.right(
                subscription, "face.verification", revoked_at=FEBRUARY + timedelta(days=30), revoked_by=lead
            )


@pytest.mark.usefixtures("decided")
def test_figures_by_service_and_quarter(client: Client) -> None:
    rows = client.get("/transparency/data.json").json()["rows"]
    assert rows == [
        {
            "service": "face",
            "quarter": "2023 Q1",
            "received": 23,
            "approved": 12,
            "denied": None,  # the next smallest goes with the one revoked
            "revoked": None,
            "median_days": 6.0,
        }
    ]
    page = client.get("/transparency/").content.decode()
    assert "2023 Q1" in page
    assert "hidden" in page
    assert "2023 Q2" not in page


@pytest.mark.usefixtures("decided")
def test_figures_are_kept_until_the_quarter_turns(client: Client, clock: Clock) -> None:
    client.get("/transparency/data.json")
    RequestedCapability.objects.all().delete()
    assert client.get("/transparency/data.json").json()["rows"][0]["received"] == 23
    clock.set(datetime(2023, 7, 1, tzinfo=UTC))
    rows = client.get("/transparency/data.json").json()["rows"]
    assert [row["received"] for row in rows] == [0]


def test_nothing_to_show_yet(client: Client, edition_row: PolicyEdition) -> None:
    cache.clear()
    assert "No whole quarter" in client.get("/transparency/").content.decode()
