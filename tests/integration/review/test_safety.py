"""Through the desk: take a denial back, disable a reviewer, note an absence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from applications.actions import decision
from applications.enums import State
from applications.models import Application, User
from tests import factories
from tests.cases import DENIED, same_for_all
from tests.clock import Clock
from tests.factories import NOW

Enter = Callable[[User], Client]


@pytest.fixture
def denied(held: Application, reviewer: User) -> Application:
    decision.decide(
        held, outcomes=same_for_all(held, DENIED), edition=factories.read_file(), by=reviewer, now=NOW
    )
    return Application.objects.get(pk=held.pk)


def test_the_decider_takes_a_denial_back_from_the_page(
    enter: Enter, denied: Application, reviewer: User, lead: User, clock: Clock
) -> None:
    path = reverse("admin:case-take-back", args=[denied.reference])
    page = reverse("admin:case", args=[denied.reference])
    assert path not in enter(lead).get(page).content.decode()
    client = enter(reviewer)
    assert path in client.get(page).content.decode()
    told = client.post(path, {"seen": denied.state_changed_at.isoformat()}, follow=True).content.decode()
    assert "The letter is dropped" in told
    assert Application.objects.get(pk=denied.pk).state == State.IN_REVIEW


def test_after_the_letter_the_page_does_not_offer_it(
    enter: Enter, denied: Application, reviewer: User, clock: Clock
) -> None:
    clock.set(NOW + timedelta(minutes=11))
    client = enter(reviewer)
    path = reverse("admin:case-take-back", args=[denied.reference])
    assert path not in client.get(reverse("admin:case", args=[denied.reference])).content.decode()
    answer = client.post(path, {"seen": denied.state_changed_at.isoformat()})
    assert (answer.status_code, "letter has gone out" in answer.content.decode()) == (409, True)


def test_an_operator_disables_and_enables_from_the_persons_page(
    enter: Enter, held: Application, reviewer: User, operator: User
) -> None:
    client = enter(operator)
    page = reverse("admin:applications_user_change", args=[reviewer.pk])
    path = reverse("admin:person-disable", args=[reviewer.pk])
    assert path in client.get(page).content.decode()
    assert "Say why." in client.post(path, {"reason": ""}, follow=True).content.decode()
    assert "1 case went back" in client.post(path, {"reason": "Left"}, follow=True).content.decode()
    assert Application.objects.get(pk=held.pk).assigned_to is None
    back = reverse("admin:person-enable", args=[reviewer.pk])
    assert back in client.get(page).content.decode()
    assert "can sign in again" in client.post(back, follow=True).content.decode()
    own = reverse("admin:person-disable", args=[operator.pk])
    assert "cannot disable yourself" in client.post(own, {"reason": "x"}, follow=True).content.decode()


@pytest.mark.parametrize(
    ("until", "said"),
    [("2100-01-01", "Nobody gives"), ("", "are back"), ("x", "not a date"), ("2001-01-01", "past")],
)
def test_an_operator_notes_an_absence(
    enter: Enter, reviewer: User, operator: User, until: str, said: str
) -> None:
    path = reverse("admin:person-absence", args=[reviewer.pk])
    assert said in enter(operator).post(path, {"until": until}, follow=True).content.decode()


@pytest.mark.parametrize("name", ["person-disable", "person-enable"])
def test_nobody_else_may(enter: Enter, lead: User, auditor: User, reviewer: User, name: str) -> None:
    path = reverse(f"admin:{name}", args=[reviewer.pk])
    assert [enter(who).post(path, {"reason": "x"}).status_code for who in (lead, auditor)] == [403, 403]
