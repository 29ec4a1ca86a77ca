"""Operators answer who asks to join a customer that has no owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from applications.actions import customer as customers
from applications.enums import AttentionCode, Role
from applications.models import Attention, AuditEvent, Customer, JoinRequest, Membership, User
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("edition_row", "frozen_clock")
SignIn = Callable[[User], Client]


def ask(email: str = "mira@nordlys.example") -> JoinRequest:
    mira = factories.person(email, "Mira Solheim")
    customers.welcome(by=mira, address=email, now=NOW)
    return JoinRequest.objects.get(user=mira)


def answer(client: Client, request: JoinRequest, accept: str):
    return client.post(reverse("admin:join-answer", args=[request.pk]), {"accept": accept}, follow=True)


def test_an_operator_sees_only_requests_that_no_owner_can_answer(
    sign_in: SignIn, nordlys: Customer, operator: User, stranger: User
) -> None:
    ask()
    ask("rio@bancodelsur.example")
    body = sign_in(operator).get(reverse("admin:joins")).content.decode()
    assert "mira@nordlys.example" in body
    assert "rio@bancodelsur.example" not in body


@pytest.mark.parametrize(("accept", "roles"), [("1", [Role.OWNER]), ("0", []), ("", []), ("\x00", [])])
def test_an_operator_answers(
    sign_in: SignIn, nordlys: Customer, operator: User, accept: str, roles: list[Role]
) -> None:
    request = ask()
    assert answer(sign_in(operator), request, accept).status_code == 200
    assert list(Membership.objects.filter(user=request.user).values_list("role", flat=True)) == roles
    assert Attention.objects.get(code=AttentionCode.JOIN_REQUEST).settled_by == operator


def test_the_second_operator_hears_that_it_is_answered(
    sign_in: SignIn, nordlys: Customer, operator: User
) -> None:
    request = ask()
    client = sign_in(operator)
    answer(client, request, "0")
    assert "Somebody has answered this request already." in answer(client, request, "1").content.decode()
    assert not Membership.objects.exists()


@pytest.mark.parametrize("who", ["reviewer", "lead", "auditor", "owner"])
def test_nobody_else_answers(
    request: pytest.FixtureRequest, sign_in: SignIn, nordlys: Customer, who: str
) -> None:
    asked = ask()
    client = sign_in(request.getfixturevalue(who))
    assert client.get(reverse("admin:joins")).status_code == 403
    assert answer(client, asked, "1").status_code == 403
    asked.refresh_from_db()
    assert asked.answered_at is None


def test_an_absent_request_is_not_there(sign_in: SignIn, operator: User) -> None:
    assert (
        sign_in(operator).post(reverse("admin:join-answer", args=[4711]), {"accept": "1"}).status_code == 404
    )


def test_an_old_sign_in_is_asked_again_and_the_answer_goes_on(
    client: Client, nordlys: Customer, operator: User
) -> None:
    asked = ask()
    client.force_login(operator)
    session = client.session
    session.update(factories.authenticated(operator, ago=timedelta(minutes=6)))
    session.save()
    path = reverse("admin:join-answer", args=[asked.pk])
    redirected = client.post(path, {"accept": "1"})
    assert redirected.headers["Location"].startswith(reverse("account_reauthenticate"))
    client.post(redirected.headers["Location"], {"password": factories.PASSWORD, "next": path})
    assert Membership.objects.get(user=asked.user).role == Role.OWNER


# --- Sessions ---


def test_an_operator_ends_the_sessions_of_a_person(sign_in: SignIn, operator: User, owner: User) -> None:
    theirs = Client()
    theirs.post(reverse("account_login"), {"login": owner.email, "password": factories.PASSWORD})
    assert theirs.get(reverse("team")).status_code == 200
    client = sign_in(operator)
    page = client.get(reverse("admin:applications_user_change", args=[owner.pk])).content.decode()
    path = reverse("admin:person-sign-out", args=[owner.pk])
    assert path in page
    assert "1 session is ended." in client.post(path, follow=True).content.decode()
    assert theirs.get(reverse("team")).status_code == 302
    event = AuditEvent.objects.get(action="sessions_ended")
    assert (event.actor, event.data["sessions"]) == (operator.key, 1)


@pytest.mark.parametrize("who", ["reviewer", "lead", "auditor", "owner"])
def test_nobody_else_ends_them(
    request: pytest.FixtureRequest, sign_in: SignIn, operator: User, who: str
) -> None:
    client = sign_in(request.getfixturevalue(who))
    assert client.post(reverse("admin:person-sign-out", args=[operator.pk])).status_code == 403
    assert not AuditEvent.objects.exists()


def test_an_auditor_sees_a_person_without_the_button(sign_in: SignIn, auditor: User, owner: User) -> None:
    page = sign_in(auditor).get(reverse("admin:applications_user_change", args=[owner.pk]))
    assert page.status_code == 200
    assert reverse("admin:person-sign-out", args=[owner.pk]) not in page.content.decode()


def test_an_absent_person_is_not_there(sign_in: SignIn, operator: User) -> None:
    assert sign_in(operator).post(reverse("admin:person-sign-out", args=[4711])).status_code == 404
