"""Disable, enable, absence: who may, and what becomes of the cases a person holds (design §5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from applications.actions import review, staff
from applications.enums import State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.models import Application, AuditEvent, Customer, PolicyEdition, User
from tests.cases import case

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(nordlys: Customer, edition_row: PolicyEdition, reviewer: User) -> Application:
    return case(nordlys, state=State.IN_REVIEW, holder=reviewer)


def test_a_disabled_reviewer_holds_nothing(
    held: Application, reviewer: User, operator: User, now: datetime
) -> None:
    assert staff.disable(reviewer, reason="Left us.", by=operator, now=now) == 1
    assert staff.disable(reviewer, reason="Again.", by=operator, now=now) == 0
    held.refresh_from_db()
    assert (held.state, held.assigned_to) == (State.SUBMITTED, None)
    event = AuditEvent.objects.get(action="person.disabled")
    assert (event.actor, event.reason.text) == (operator.key, "Left us.")
    assert not User.objects.get(pk=reviewer.pk).is_active
    assert staff.enable(reviewer, by=operator, now=now)
    assert not staff.enable(reviewer, by=operator, now=now)
    assert User.objects.get(pk=reviewer.pk).is_active


def test_only_operators_and_never_oneself(reviewer: User, lead: User, operator: User, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        staff.disable(reviewer, reason="No.", by=lead, now=now)
    with pytest.raises(NotAllowed):
        staff.enable(reviewer, by=lead, now=now)
    with pytest.raises(NotPossibleNow):
        staff.disable(operator, reason="Me.", by=operator, now=now)
    with pytest.raises(InvalidInput):
        staff.disable(reviewer, reason=" ", by=operator, now=now)
    assert User.objects.filter(is_active=False).count() == 0


def test_nobody_gives_a_case_to_who_is_away(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, lead: User, now: datetime
) -> None:
    waiting = case(nordlys)
    today = now.date()
    staff.set_absence(reviewer, until=today, by=lead, now=now)
    with pytest.raises(InvalidInput) as refused:
        review.assign(waiting, to=User.objects.get(pk=reviewer.pk), by=lead, now=now)
    assert "away until" in refused.value.errors["to"]
    tomorrow = now + timedelta(days=1)
    assert review.assign(waiting, to=reviewer, by=lead, now=tomorrow).assigned_to == reviewer
    assert AuditEvent.objects.filter(action="person.absent").count() == 1


def test_absence_is_ones_own_an_operators_or_a_leads(
    reviewer: User, second_reviewer: User, operator: User, owner: User, now: datetime
) -> None:
    day = now.date()
    with pytest.raises(NotAllowed):
        staff.set_absence(reviewer, until=day, by=second_reviewer, now=now)
    with pytest.raises(NotAllowed):
        staff.set_absence(owner, until=day, by=operator, now=now)
    with pytest.raises(InvalidInput):
        staff.set_absence(reviewer, until=day - timedelta(days=1), by=operator, now=now)
    staff.set_absence(reviewer, until=day, by=reviewer, now=now)
    staff.set_absence(reviewer, until=None, by=operator, now=now)
    assert User.objects.get(pk=reviewer.pk).absent_until is None


def test_a_second_return_goes_to_a_lead_who_is_at_work(held: Application, lead: User, now: datetime) -> None:
    assert review.lead_for(held, other_than=set(), now=now) == lead
    User.objects.filter(pk=lead.pk).update(absent_until=now.date())
    assert review.lead_for(held, other_than=set(), now=now) is None
