"""A denial is taken back while its letter waits; an approval, a stranger's decision and a sent letter are not (P5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from applications.actions import decision
from applications.actions.taking_back import take_back
from applications.enums import Kind, MessageState, State
from applications.exceptions import NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import AccessGrant, Application, Customer, OutboundMessage, PolicyEdition, User
from tests import factories
from tests.cases import APPROVED, DENIED, audit_actions, case, same_for_all

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def denied(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> Application:
    return decided(nordlys, owner, reviewer, DENIED, now)


def decided(of: Customer, owner: User, by: User, outcome: object, now: datetime) -> Application:
    made = case(of, by=owner, state=State.IN_REVIEW, holder=by)
    decision.decide(made, outcomes=same_for_all(made, outcome), edition=factories.read_file(), by=by, now=now)
    return same(made)


def same(application: Application) -> Application:
    return Application.objects.select_related("customer").get(pk=application.pk)


def test_everything_is_as_before_the_decision(denied: Application, reviewer: User, now: datetime) -> None:
    take_back(denied, by=reviewer, now=now + MINUTE)
    again = same(denied)
    assert (again.state, again.assigned_to, again.closed_at) == (State.IN_REVIEW, reviewer, None)
    assert list(again.items.values_list("outcome", "reasons", "closed_at")) == [("", [], None)]
    assert again.decisions.get().taken_back_at == now + MINUTE
    assert OutboundMessage.objects.get().state == MessageState.NOT_NEEDED
    assert audit_actions(again) == ["application.decide", "application.take_back"]
    decision.decide(
        again, outcomes=same_for_all(again), edition=factories.read_file(), by=reviewer, now=now + 2 * MINUTE
    )
    assert AccessGrant.objects.filter(subscription=again.items.get().subscription).exists()
    assert OutboundMessage.objects.filter(state=MessageState.QUEUED).count() == 1


def test_a_sent_letter_stays(denied: Application, reviewer: User, now: datetime) -> None:
    with pytest.raises(NotPossibleNow, match="letter has gone out"):
        take_back(denied, by=reviewer, now=now + 10 * MINUTE)
    assert same(denied).state == State.DECIDED


def test_an_approval_counts_at_once(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    approved = decided(nordlys, owner, reviewer, APPROVED, now)
    with pytest.raises(NotPossibleNow, match="counts at once"):
        take_back(approved, by=reviewer, now=now + MINUTE)
    assert same(approved).state == State.DECIDED


def test_only_the_decider(denied: Application, second_reviewer: User, lead: User, now: datetime) -> None:
    for person in (second_reviewer, lead):
        with pytest.raises(NotAllowed):
            take_back(denied, by=person, now=now + MINUTE)
    assert same(denied).state == State.DECIDED


def test_the_second_of_two_clicks_is_told(denied: Application, reviewer: User, now: datetime) -> None:
    stale = same(denied)
    take_back(denied, by=reviewer, now=now + MINUTE)
    with pytest.raises(SomebodyWasFaster):
        take_back(stale, by=reviewer, now=now + MINUTE)


@pytest.mark.parametrize("follows", [True, False])
def test_what_was_asked_again_meanwhile_stays_decided(
    denied: Application, reviewer: User, now: datetime, follows: bool
) -> None:
    case(
        denied.customer,
        subscriptions=[denied.items.get().subscription],
        kind=Kind.APPEAL if follows else Kind.INITIAL,
        previous=denied if follows else None,
    )
    with pytest.raises(NotPossibleNow, match="newer application"):
        take_back(denied, by=reviewer, now=now + MINUTE)
    assert same(denied).state == State.DECIDED
    assert OutboundMessage.objects.get().state == MessageState.QUEUED
