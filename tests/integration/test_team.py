"""The team page and what owners do there, through addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from applications.actions import team as actions
from applications.enums import MessageKind, MessageState, Role
from applications.models import Customer, Invitation, JoinRequest, Membership, OutboundMessage, User
from applications.queries.team import invitation_token
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("edition_row", "frozen_clock")
SignIn = Callable[[User], Client]
MIRA = "mira@nordlys.example"


def place(user: User) -> Membership:
    return Membership.objects.get(user=user)


def url(name: str, customer: Customer, **more: int) -> str:
    return reverse(f"team-{name}", kwargs={"customer_id": customer.pk, **more})


def ask(customer: Customer, email: str = MIRA) -> JoinRequest:
    return JoinRequest.objects.create(customer=customer, user=factories.person(email), requested_at=NOW)


def invite(by: User, customer: Customer, email: str = MIRA) -> tuple[Invitation, str]:
    made = actions.invite(by=by, customer=customer, email=email, role=Role.VIEWER, now=NOW)
    message = OutboundMessage.objects.get(kind=MessageKind.INVITATION, address=email)
    return made, reverse("invitation", args=[invitation_token(message.context["nonce"])])


def test_an_owner_sees_members_requests_and_invitations(
    sign_in: SignIn, nordlys: Customer, owner: User, colleague: User
) -> None:
    ask(nordlys)
    invite(owner, nordlys, "new@nordlys.example")
    page = sign_in(owner).get(reverse("team"))
    body = page.content.decode()
    for shown in (owner.email, colleague.email, MIRA, "new@nordlys.example", "Invite a colleague"):
        assert shown in body


def test_others_see_the_members_only(
    sign_in: SignIn, nordlys: Customer, owner: User, colleague: User
) -> None:
    ask(nordlys)
    invite(owner, nordlys, "new@nordlys.example")
    body = sign_in(colleague).get(url("of", nordlys)).content.decode()
    assert owner.email in body
    for hidden in (MIRA, "new@nordlys.example", "Invite a colleague"):
        assert hidden not in body


@pytest.mark.parametrize("many", [1, 5])
def test_the_team_page_costs_the_same_for_one_and_for_many(
    sign_in: SignIn,
    nordlys: Customer,
    owner: User,
    many: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(many):
        factories.member(nordlys, factories.person(f"m{number}@nordlys.example"), Role.EDITOR)
        ask(nordlys, f"j{number}@nordlys.example")
        invite(owner, nordlys, f"i{number}@nordlys.example")
    client = sign_in(owner)
    with django_assert_num_queries(7):  # session, person, place, members, invitations, requests, other places
        assert client.get(url("of", nordlys)).status_code == 200


def test_owners_see_whose_mail_came_back_until_one_arrives(
    sign_in: SignIn, nordlys: Customer, owner: User, colleague: User
) -> None:
    def mail(state: MessageState, minutes: int, address: str = colleague.email) -> None:
        OutboundMessage.objects.create(
            key=f"{state}:{minutes}",
            kind=MessageKind.APPLICATION_DECIDED,
            state=state,
            user=colleague,
            address=address,
            queued_at=NOW,
            due_at=NOW,
            finished_at=NOW + timedelta(minutes=minutes),
        )

    said = "Our last mail to one of you came back"
    mail(MessageState.BOUNCED, 1, "freja@old.example")
    assert said not in sign_in(owner).get(url("of", nordlys)).content.decode()
    mail(MessageState.BOUNCED, 2)
    assert said in sign_in(owner).get(url("of", nordlys)).content.decode()
    assert said not in sign_in(colleague).get(url("of", nordlys)).content.decode()
    mail(MessageState.SENT, 3)
    assert said not in sign_in(owner).get(url("of", nordlys)).content.decode()


def test_an_owner_invites_and_the_person_comes_in(sign_in: SignIn, nordlys: Customer, owner: User) -> None:
    answer = sign_in(owner).post(url("invite", nordlys), {"email": MIRA, "role": "editor"}, follow=True)
    assert f"We sent an invitation to {MIRA}." in answer.content.decode()
    message = OutboundMessage.objects.get()
    path = reverse("invitation", args=[invitation_token(message.context["nonce"])])

    stranger_yet = Client()
    page = stranger_yet.get(path).content.decode()
    assert "Create an account" in page
    assert nordlys.name in page
    mira = factories.person(MIRA)
    client = Client()
    client.force_login(mira)
    assert "Accept the invitation" in client.get(path).content.decode()
    assert not Membership.objects.filter(user=mira).exists(), "opening the link changes nothing"
    assert client.post(path).status_code == 302
    assert place(mira).role == Role.EDITOR


def test_an_invitation_of_another_address_is_not_accepted(
    nordlys: Customer, owner: User, stranger: User
) -> None:
    _made, path = invite(owner, nordlys)
    client = Client()
    client.force_login(stranger)
    page = client.get(path).content.decode()
    assert "another address" in page
    assert MIRA not in page
    assert client.post(path).status_code == 409
    assert not Membership.objects.filter(user=stranger, customer=nordlys).exists()


def test_a_wrong_token_is_not_there_and_a_closed_one_says_what_to_do(nordlys: Customer, owner: User) -> None:
    made, path = invite(owner, nordlys)
    assert Client().get(reverse("invitation", args=["0" * 32])).status_code == 404
    assert Client().get(reverse("invitation", args=["\x00é🐟"])).status_code == 404
    assert Client().post(path).status_code == 302, "signs in first"
    actions.withdraw_invitation(by=owner, invitation=made, now=NOW)
    assert "not open any more" in Client().get(path).content.decode()


@pytest.mark.parametrize(
    "email", ["", "nobody", "x@gmail.com", "\x00", "🐟" * 400, "x" * 100_000 + "@a.example"]
)
def test_a_wrong_address_is_said_at_the_field(
    sign_in: SignIn, nordlys: Customer, owner: User, email: str
) -> None:
    page = sign_in(owner).post(url("invite", nordlys), {"email": email, "role": "viewer"})
    assert page.status_code == 422
    assert "email" in page.context["form"].errors
    assert page.context["form"]["role"].value() == "viewer", "nothing chosen is lost"
    assert not Invitation.objects.exists()


def test_an_owner_takes_an_invitation_back(sign_in: SignIn, nordlys: Customer, owner: User) -> None:
    made, _path = invite(owner, nordlys)
    client = sign_in(owner)
    assert client.post(url("withdraw-invitation", nordlys, invitation_id=made.pk)).status_code == 302
    made.refresh_from_db()
    assert made.closed_at == NOW


@pytest.mark.parametrize(("accept", "joined"), [("1", True), ("", False)])
def test_an_owner_answers_a_request(
    sign_in: SignIn, nordlys: Customer, owner: User, accept: str, joined: bool
) -> None:
    request = ask(nordlys)
    data = {"accept": accept, "role": "viewer"}
    sign_in(owner).post(url("answer-join", nordlys, request_id=request.pk), data)
    assert Membership.objects.filter(user=request.user, role=Role.VIEWER).exists() is joined
    again = sign_in(owner).post(url("answer-join", nordlys, request_id=request.pk), data, follow=True)
    assert "Somebody has answered this request already." in again.content.decode()


def test_an_owner_changes_a_role_hands_over_and_leaves(
    sign_in: SignIn, nordlys: Customer, owner: User, colleague: User
) -> None:
    client = sign_in(owner)
    member = {"member_id": place(colleague).pk}
    assert client.get(url("member", nordlys, **member)).status_code == 200
    client.post(url("member", nordlys, **member), {"role": "viewer"})
    assert place(colleague).role == Role.VIEWER
    assert "You are its only owner" in client.get(url("leave", nordlys)).content.decode()
    refused = client.post(url("leave", nordlys), follow=True).content.decode()
    assert "An organisation needs an owner." in refused
    client.post(url("hand-over", nordlys, **member))
    assert (place(colleague).role, place(owner).role) == (Role.OWNER, Role.EDITOR)
    assert client.post(url("leave", nordlys)).status_code == 302
    assert not Membership.objects.filter(user=owner).exists()


def test_a_removed_member_finds_nothing_at_the_next_click(
    sign_in: SignIn, nordlys: Customer, owner: User, colleague: User
) -> None:
    theirs = Client()
    theirs.force_login(colleague)
    assert theirs.get(url("of", nordlys)).status_code == 200
    sign_in(owner).post(url("remove", nordlys, member_id=place(colleague).pk))
    assert theirs.get(url("of", nordlys)).status_code == 404


def addresses(nordlys: Customer, colleague: User, request: JoinRequest, made: Invitation) -> dict[str, str]:
    member = {"member_id": place(colleague).pk}
    return {
        "of": url("of", nordlys),
        "invite": url("invite", nordlys),
        "leave": url("leave", nordlys),
        "withdraw": url("withdraw-invitation", nordlys, invitation_id=made.pk),
        "answer": url("answer-join", nordlys, request_id=request.pk),
        "member": url("member", nordlys, **member),
        "hand-over": url("hand-over", nordlys, **member),
        "remove": url("remove", nordlys, **member),
    }


def without_own_words(page, path: str) -> str:
    """The page without the token of this very page and without the address that was asked for."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode()).replace(path, "PATH")


def test_strangers_get_the_answer_of_what_does_not_exist(
    sign_in: SignIn, nordlys: Customer, owner: User, colleague: User, stranger: User
) -> None:
    made, _path = invite(owner, nordlys, "new@nordlys.example")
    foreign = addresses(nordlys, colleague, ask(nordlys), made)
    client = sign_in(stranger)
    before = set(Membership.objects.values_list("user", "role"))
    for name, path in foreign.items():
        absent = path.replace(f"/team/{nordlys.pk}/", "/team/987654321/")
        for method in ("get", "post"):
            pages = [getattr(client, method)(place) for place in (path, absent)]
            assert pages[0].status_code == pages[1].status_code, (name, method)
            assert pages[0].status_code in (404, 405), (name, method)
            if pages[0].status_code == 404:
                bodies = [
                    without_own_words(page, place) for page, place in zip(pages, (path, absent), strict=True)
                ]
                assert bodies[0] == bodies[1], (name, method)
    assert set(Membership.objects.values_list("user", "role")) == before


def test_ids_of_another_customer_open_nothing(
    sign_in: SignIn, nordlys: Customer, colleague: User, owner: User, other_customer: Customer, stranger: User
) -> None:
    """The owner of one customer puts the ids of another one behind their own."""
    made, _path = invite(owner, nordlys, "new@nordlys.example")
    client = sign_in(stranger)
    mixed = addresses(nordlys, colleague, ask(nordlys), made)
    for name in ("withdraw", "answer", "member", "hand-over", "remove"):
        path = mixed[name].replace(f"/team/{nordlys.pk}/", f"/team/{other_customer.pk}/")
        assert client.post(path, {"role": "viewer", "accept": "1"}).status_code == 404, name
    page_of_member = mixed["member"].replace(f"/team/{nordlys.pk}/", f"/team/{other_customer.pk}/")
    assert client.get(page_of_member).status_code == 404


def test_signed_out_leads_to_sign_in(nordlys: Customer, owner: User) -> None:
    page = Client().get(url("of", nordlys))
    assert page.headers["Location"] == f"{reverse('account_login')}?next={url('of', nordlys)}"


def test_an_old_sign_in_is_asked_again_and_what_was_sent_goes_on(
    client: Client, nordlys: Customer, owner: User
) -> None:
    client.force_login(owner)
    session = client.session
    session.update(factories.authenticated(owner, ago=timedelta(minutes=6)))
    session.save()
    asked = client.post(url("invite", nordlys), {"email": MIRA, "role": "editor"})
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert not Invitation.objects.exists()
    done = client.post(
        asked.headers["Location"], {"password": factories.PASSWORD, "next": url("invite", nordlys)}
    )
    assert done.status_code == 302
    assert Invitation.objects.get().email == MIRA


def test_who_belongs_nowhere_is_led_to_name_an_organisation(sign_in: SignIn) -> None:
    client = sign_in(factories.person("mira@havfisk.example"))
    assert client.get(reverse("team")).headers["Location"] == reverse("organisation")
    assert client.get(reverse("account-start")).headers["Location"] == reverse("organisation")
    page = client.get(reverse("organisation"))
    assert "havfisk.example" in page.content.decode()


def test_a_wrong_organisation_loses_nothing_typed(sign_in: SignIn) -> None:
    client = sign_in(factories.person("mira@havfisk.example"))
    data = {"name": "Havfisk AS", "website": "no site", "country": "NO", "sector": "government"}
    page = client.post(reverse("organisation"), data)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["website"]
    body = page.content.decode()
    for kept in ("Havfisk AS", "no site"):
        assert f'value="{kept}"' in body


def test_who_confirmed_free_mail_only_is_told_to_add_an_address(sign_in: SignIn) -> None:
    page = sign_in(factories.person("mira@gmail.com")).get(reverse("organisation"))
    assert "You have confirmed free mail only." in page.content.decode()
