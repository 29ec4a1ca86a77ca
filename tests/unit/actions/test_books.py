"""The books of a deadline: planned = confirmed + kept + open, and no closing while anything is open (promise P6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from applications.actions import books as actions
from applications.actions.gateway import acknowledge, create_key
from applications.enums import Basis
from applications.exceptions import NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.jobs.ends import close_ended
from applications.models import Change, Customer, DeadlinePreview, Gateway, Subscription, User
from applications.queries.books import Books, books, deadlines, oldest_open
from applications.rules.policy import Edition
from tests import factories

END = datetime(2023, 7, 1, tzinfo=UTC)
AFTER = END + timedelta(minutes=1)
pytestmark = [pytest.mark.usefixtures("edition_row"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def subscriptions(nordlys: Customer) -> list[Subscription]:
    """Three in their grace year; the first one is approved beyond it."""
    made = [factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}) for _ in range(3)]
    for one in made:
        factories.grace(one, "face.identification")
    factories.right(made[0], "face.identification")
    return made


@pytest.fixture
def gateways(edition: Edition) -> list[Gateway]:
    return [
        create_key(name, ["face"], secret=name * 20, edition=edition, now=factories.NOW)[0]
        for name in ("north", "south")
    ]


def numbers(edition: Edition) -> tuple[int, int, int, int]:
    found: Books = books(END, edition)
    return found.planned, found.confirmed, found.kept, found.open


def confirm(gateway: Gateway, rows: int | None = None) -> None:
    last = list(Change.objects.order_by("transaction", "pk"))[: rows or None][-1]
    acknowledge(gateway.pk, cursor=(last.transaction, last.pk), now=AFTER)


def test_from_planned_to_closed(
    subscriptions: list[Subscription], gateways: list[Gateway], edition: Edition, operator: User
) -> None:
    assert numbers(edition) == (3, 0, 0, 3)
    close_ended(AFTER)
    assert numbers(edition) == (3, 0, 1, 2)
    confirm(gateways[0])
    assert numbers(edition) == (3, 0, 1, 2)
    assert oldest_open(END) == AFTER
    with pytest.raises(NotPossibleNow, match="2 ends are still open"):
        actions.close_deadline(END, edition=edition, by=operator, now=AFTER)
    confirm(gateways[1])
    assert numbers(edition) == (3, 2, 1, 0)
    assert oldest_open(END) is None
    closing = actions.close_deadline(END, edition=edition, by=operator, now=AFTER)
    assert (closing.planned, closing.confirmed, closing.kept) == (3, 2, 1)
    with pytest.raises(SomebodyWasFaster):
        actions.close_deadline(END, edition=edition, by=operator, now=AFTER)


def test_no_gateway_means_nothing_to_hand_on(subscriptions: list[Subscription], edition: Edition) -> None:
    close_ended(AFTER)
    assert numbers(edition) == (3, 0, 3, 0)


def test_disabled_gateway_is_not_waited_for(
    subscriptions: list[Subscription], gateways: list[Gateway], edition: Edition
) -> None:
    close_ended(AFTER)
    confirm(gateways[0])
    Gateway.objects.filter(pk=gateways[1].pk).update(disabled_at=AFTER)
    assert numbers(edition) == (3, 2, 1, 0)


def test_deadline_ahead_is_not_closed(
    subscriptions: list[Subscription], edition: Edition, operator: User, lead: User
) -> None:
    with pytest.raises(NotPossibleNow, match="ahead"):
        actions.close_deadline(END, edition=edition, by=operator, now=factories.NOW)
    with pytest.raises(NotAllowed):
        actions.close_deadline(END, edition=edition, by=lead, now=AFTER)


def test_list_shows_grace_and_shared_ends(subscriptions: list[Subscription], nordlys: Customer) -> None:
    alone = factories.subscription(nordlys)
    factories.right(alone, "face.verification", basis=Basis.APPROVAL, ends_at=END + timedelta(days=1))
    listed = deadlines(factories.NOW)
    assert [(one.ends_at, one.rights, one.not_closed) for one in listed] == [(END, 3, 3)]


def test_preview_is_armed_by_two(operator: User, lead: User, edition: Edition) -> None:
    second = factories.person("olga@vendor.example", staff_role=operator.staff_role)
    preview = DeadlinePreview.objects.create(
        ends_at=END, made_at=factories.NOW, rights=3, customers=1, pending=0, unwarned=0
    )
    with pytest.raises(NotPossibleNow):
        actions.arm(preview, by=second, now=factories.NOW)
    with pytest.raises(NotAllowed):
        actions.propose_arming(preview, by=lead, now=factories.NOW)
    actions.propose_arming(preview, by=operator, now=factories.NOW)
    with pytest.raises(NotAllowed, match="second person"):
        actions.arm(preview, by=operator, now=factories.NOW)
    actions.arm(preview, by=second, now=factories.NOW)
    with pytest.raises(SomebodyWasFaster):
        actions.arm(preview, by=second, now=factories.NOW)
