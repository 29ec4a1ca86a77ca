"""Nobody judges their own customer: a member, the same mail domain, or a conflict that was declared (promise P5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from applications.actions import review, staff
from applications.enums import State
from applications.exceptions import NotAllowed, NotPossibleNow
from applications.models import Application, AuditEvent, Conflict, Customer, User
from applications.permissions import is_own_customer
from applications.queries.handing import Distance
from tests import factories
from tests.cases import case
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]


def test_who_declares_a_conflict_loses_the_cases_and_gets_none(
    enter: Enter, reviewer: User, held: Application, nordlys: Customer, other_customer: Customer
) -> None:
    waiting, other = case(nordlys), case(other_customer, state=State.IN_REVIEW, holder=reviewer)
    client, path = enter(reviewer), reverse("admin:case-near", args=[held.reference])
    page = reverse("admin:case", args=[held.reference])
    assert path in client.get(page).content.decode()
    assert "A lead can lift it" in client.post(path, follow=True).content.decode()
    held.refresh_from_db()
    other.refresh_from_db()
    assert (held.state, held.assigned_to, other.assigned_to) == (State.SUBMITTED, None, reviewer)
    assert is_own_customer(reviewer, nordlys)
    assert not is_own_customer(reviewer, other_customer)
    assert review.take_next(by=reviewer, now=NOW) is None
    with pytest.raises(NotAllowed) as refused:
        review.claim(waiting, by=reviewer, now=NOW)
    assert refused.value.code == "own_customer"
    assert not Distance([waiting], [reviewer]).allows(waiting.pk, reviewer.pk)
    assert "declared to stand too near" in client.get(page).content.decode()
    assert path not in client.get(page).content.decode()
    assert "declared this already" in client.post(path, follow=True).content.decode()
    assert AuditEvent.objects.filter(action="conflict.declared").count() == 1


def test_another_lead_lifts_it(
    enter: Enter, lead: User, reviewer: User, operator: User, waiting: Application, nordlys: Customer
) -> None:
    staff.declare_conflict(waiting, by=reviewer, now=NOW)
    declared = Conflict.objects.get()
    path = reverse("admin:conflict-lift", args=[reviewer.pk, declared.pk])
    person = reverse("admin:applications_user_change", args=[reviewer.pk])
    assert path in enter(lead).get(person).content.decode()
    assert path not in enter(operator).get(person).content.decode()
    assert nordlys.name in enter(operator).get(person).content.decode()
    assert enter(operator).post(path).status_code == 403
    assert enter(lead).post(reverse("admin:conflict-lift", args=[lead.pk, declared.pk])).status_code == 404
    assert "judge this customer again" in enter(lead).post(path, follow=True).content.decode()
    assert not is_own_customer(reviewer, nordlys)
    assert AuditEvent.objects.get(action="conflict.lifted").actor == lead.key
    staff.declare_conflict(waiting, by=lead, now=NOW)
    with pytest.raises(NotPossibleNow):
        staff.lift_conflict(Conflict.objects.get(lifted_at=None), by=lead, now=NOW)


@pytest.mark.parametrize(("address", "near"), [("a@nordlys.example", True), ("a@sub.nordlys.example", False)])
def test_a_mail_domain_is_near(nordlys: Customer, address: str, near: bool) -> None:
    assert is_own_customer(factories.person(address, staff_role="reviewer"), nordlys) is near
