"""The people of one customer: who may change whom, and that an owner always stays."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from applications.actions import customer as customers
from applications.actions import team as actions
from applications.enums import MessageKind, Role
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow, SomebodyWasFaster
from applications.models import (
    Attention,
    AuditEvent,
    Contact,
    Customer,
    Invitation,
    JoinRequest,
    Membership,
    OutboundMessage,
    User,
)
from applications.queries.team import invitation_token, token_hash
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("edition_row")
MIRA = "mira@nordlys.example"


def place(user: User) -> Membership:
    return Membership.objects.select_related("customer", "user").get(user=user)


def audited() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def signed_in(user: User) -> str:
    store = SessionStore()
    store.create()
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=store.session_key, user_agent="x")
    return str(store.session_key)


# --- Invitations ---


def invite(by: User, customer: Customer, email: str = MIRA, role: Role = Role.EDITOR) -> Invitation:
    return actions.invite(by=by, customer=customer, email=email, role=role, now=NOW)


def test_an_invitation_holds_a_hash_and_its_mail_a_nonce(nordlys: Customer, owner: User) -> None:
    made = invite(owner, nordlys, "  MIRA@Nordlys.example ")
    assert (made.email, made.role, made.expires_at - NOW) == (MIRA, Role.EDITOR, timedelta(days=7))
    message = OutboundMessage.objects.get()
    assert (message.kind, message.address, message.user) == (MessageKind.INVITATION, MIRA, None)
    token = invitation_token(message.context["nonce"])
    assert len(bytes.fromhex(token)) == 16
    assert token_hash(token) == made.token_hash
    assert token not in str(message.context)
    assert audited() == ["invited"]


def test_nonces_are_128_random_bits(nordlys: Customer, owner: User) -> None:
    for number in range(3):
        invite(owner, nordlys, f"m{number}@nordlys.example")
    nonces = {message.context["nonce"] for message in OutboundMessage.objects.all()}
    assert len(nonces) == 3
    assert {len(bytes.fromhex(nonce)) for nonce in nonces} == {16}


def test_inviting_again_replaces(nordlys: Customer, owner: User) -> None:
    first, second = invite(owner, nordlys), invite(owner, nordlys, role=Role.VIEWER)
    first.refresh_from_db()
    assert first.closed_at == NOW
    assert second.closed_at is None


@pytest.mark.parametrize("email", ["nobody", "", "a@b", "x@gmail.com"])
def test_what_cannot_be_invited_is_said_at_the_field(nordlys: Customer, owner: User, email: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        invite(owner, nordlys, email)
    assert list(refusal.value.errors) == ["email"]


def test_a_contact_with_free_mail_may_be_invited(nordlys: Customer, owner: User) -> None:
    Contact.objects.create(customer=nordlys, email="x@gmail.com")
    assert invite(owner, nordlys, "x@gmail.com").email == "x@gmail.com"


def test_a_member_is_not_invited_again(nordlys: Customer, owner: User, colleague: User) -> None:
    with pytest.raises(InvalidInput) as refusal:
        invite(owner, nordlys, colleague.email)
    assert "member already" in refusal.value.errors["email"]


def test_open_invitations_have_a_limit(
    nordlys: Customer, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_INVITATIONS", 1)
    invite(owner, nordlys)
    invite(owner, nordlys)  # replaces
    with pytest.raises(NotPossibleNow):
        invite(owner, nordlys, "other@nordlys.example")


def test_the_invited_person_comes_in_once(nordlys: Customer, owner: User) -> None:
    invitation = invite(owner, nordlys, role=Role.VIEWER)
    mira = factories.person(MIRA)
    made = actions.accept_invitation(by=mira, invitation=invitation, now=NOW)
    assert made.role == Role.VIEWER
    assert actions.accept_invitation(by=mira, invitation=invitation, now=NOW) == made
    invitation.refresh_from_db()
    assert (invitation.accepted_by, invitation.closed_at) == (mira, NOW)
    assert audited() == ["invited", "invitation_accepted"]


def test_accepting_closes_the_own_request(nordlys: Customer, owner: User) -> None:
    mira = factories.person(MIRA)
    customers.welcome(by=mira, address=MIRA, now=NOW)
    actions.accept_invitation(by=mira, invitation=invite(owner, nordlys), now=NOW)
    assert JoinRequest.objects.get().accepted


def test_an_invitation_is_for_its_address(nordlys: Customer, owner: User, stranger: User) -> None:
    with pytest.raises(NotAllowed):
        actions.accept_invitation(by=stranger, invitation=invite(owner, nordlys), now=NOW)
    assert not Membership.objects.filter(user=stranger, customer=nordlys).exists()


def test_a_late_or_withdrawn_invitation_is_refused(nordlys: Customer, owner: User) -> None:
    mira = factories.person(MIRA)
    invitation = invite(owner, nordlys)
    with pytest.raises(NotPossibleNow):
        actions.accept_invitation(by=mira, invitation=invitation, now=NOW + timedelta(days=7))
    actions.withdraw_invitation(by=owner, invitation=invitation, now=NOW)
    with pytest.raises(NotPossibleNow):
        actions.accept_invitation(by=mira, invitation=invitation, now=NOW)
    with pytest.raises(SomebodyWasFaster):
        actions.withdraw_invitation(by=owner, invitation=invitation, now=NOW)


# --- Requests to join ---


def ask(customer: Customer) -> JoinRequest:
    mira = factories.person(MIRA)
    customers.welcome(by=mira, address=MIRA, now=NOW)
    return JoinRequest.objects.select_related("customer", "user").get()


def test_an_owner_lets_somebody_in(nordlys: Customer, owner: User) -> None:
    request = ask(nordlys)
    actions.answer_join(by=owner, request=request, accept=True, role=Role.VIEWER, now=NOW)
    assert place(request.user).role == Role.VIEWER
    answer = OutboundMessage.objects.get(kind=MessageKind.JOIN_ANSWERED)
    assert answer.user == request.user
    event = AuditEvent.objects.get(action="join_answered")
    assert event.data == {"accepted": True, "role": "viewer"}


def test_an_owner_refuses(nordlys: Customer, owner: User) -> None:
    request = ask(nordlys)
    actions.answer_join(by=owner, request=request, accept=False, now=NOW)
    assert not Membership.objects.filter(user=request.user).exists()
    assert AuditEvent.objects.get(action="join_answered").data == {"accepted": False}


def test_two_owners_answer_and_the_second_hears_of_the_first(nordlys: Customer, owner: User) -> None:
    second = factories.member(nordlys, factories.person("two@nordlys.example", "Tove Two"))
    request = ask(nordlys)
    actions.answer_join(by=second, request=request, accept=True, now=NOW)
    with pytest.raises(SomebodyWasFaster) as refusal:
        actions.answer_join(by=owner, request=request, accept=False, now=NOW)
    assert (refusal.value.who, refusal.value.when) == ("Tove Two", NOW)
    assert place(request.user).role == Role.EDITOR


def test_without_an_owner_an_operator_answers_and_makes_one(nordlys: Customer, operator: User) -> None:
    request = ask(nordlys)
    actions.answer_join(by=operator, request=request, accept=True, now=NOW)
    assert place(request.user).role == Role.OWNER
    assert Attention.objects.get().settled_by == operator


def test_with_an_owner_an_operator_does_not_answer(nordlys: Customer, owner: User, operator: User) -> None:
    with pytest.raises(NotPossibleNow):
        actions.answer_join(by=operator, request=ask(nordlys), accept=True, now=NOW)


# --- Who may ---

Act = Callable[[User, Membership], object]
ACTS: dict[str, Act] = {
    "invite": lambda by, member: invite(by, member.customer),
    "change_role": lambda by, member: actions.change_role(by=by, member=member, role=Role.VIEWER, now=NOW),
    "hand_over": lambda by, member: actions.hand_over(by=by, member=member, now=NOW),
    "remove": lambda by, member: actions.remove(by=by, member=member, now=NOW),
    "answer": lambda by, member: actions.answer_join(
        by=by, request=ask(member.customer), accept=True, now=NOW
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", ["viewer", "colleague", "stranger", "lead", "auditor"])
def test_only_an_owner_changes_the_team(
    request: pytest.FixtureRequest, owner: User, colleague: User, act: str, who: str
) -> None:
    by = request.getfixturevalue(who)
    before = set(Membership.objects.values_list("user", "role"))
    with pytest.raises(NotAllowed if who in ("viewer", "colleague") else NotFound):
        ACTS[act](by, place(colleague))
    assert set(Membership.objects.values_list("user", "role")) == before


def test_nobody_but_a_member_leaves(nordlys: Customer, stranger: User) -> None:
    with pytest.raises(NotFound):
        actions.leave(by=stranger, customer=nordlys, now=NOW)


# --- Members ---


def test_a_new_role_signs_the_member_out(owner: User, colleague: User) -> None:
    key = signed_in(colleague)
    actions.change_role(by=owner, member=place(colleague), role=Role.VIEWER, now=NOW)
    assert place(colleague).role == Role.VIEWER
    assert not Session.objects.filter(session_key=key).exists()
    assert not UserSession.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.actor, event.data) == (
        owner.key,
        {"person": str(colleague.key), "from": "editor", "to": "viewer"},
    )


def test_the_same_role_changes_nothing(owner: User, colleague: User) -> None:
    key = signed_in(colleague)
    actions.change_role(by=owner, member=place(colleague), role=Role.EDITOR, now=NOW)
    assert Session.objects.filter(session_key=key).exists()
    assert audited() == []


def test_the_last_owner_stays(nordlys: Customer, owner: User, colleague: User) -> None:
    sleeping = factories.member(nordlys, factories.person("old@nordlys.example", is_active=False))
    for attempt in (
        lambda: actions.change_role(by=owner, member=place(owner), role=Role.EDITOR, now=NOW),
        lambda: actions.remove(by=owner, member=place(owner), now=NOW),
        lambda: actions.leave(by=owner, customer=nordlys, now=NOW),
    ):
        with pytest.raises(NotPossibleNow) as refusal:
            attempt()
        assert refusal.value.code == "last_owner"
    assert place(owner).role == Role.OWNER
    assert place(sleeping).role == Role.OWNER
    assert audited() == []


def test_handing_over_swaps(owner: User, colleague: User) -> None:
    actions.hand_over(by=owner, member=place(colleague), now=NOW)
    assert (place(owner).role, place(colleague).role) == (Role.EDITOR, Role.OWNER)
    assert audited() == ["handed_over"]


def test_handing_over_needs_another_who_can_sign_in(nordlys: Customer, owner: User) -> None:
    away = factories.member(nordlys, factories.person("old@nordlys.example", is_active=False), Role.EDITOR)
    for member in (place(owner), place(away)):
        with pytest.raises(NotPossibleNow):
            actions.hand_over(by=owner, member=member, now=NOW)


def test_a_removed_member_is_out_at_once(owner: User, colleague: User) -> None:
    key = signed_in(colleague)
    member = place(colleague)
    actions.remove(by=owner, member=member, now=NOW)
    assert not Membership.objects.filter(user=colleague).exists()
    assert not Session.objects.filter(session_key=key).exists()
    with pytest.raises(NotFound):
        actions.remove(by=owner, member=member, now=NOW)
    assert audited() == ["member_removed"]


def test_a_member_leaves_and_an_owner_too_when_another_stays(
    nordlys: Customer, owner: User, colleague: User
) -> None:
    actions.leave(by=colleague, customer=nordlys, now=NOW)
    factories.member(nordlys, factories.person("two@nordlys.example"))
    actions.leave(by=owner, customer=nordlys, now=NOW)
    assert audited() == ["member_left", "member_left"]
    assert Membership.objects.filter(customer=nordlys).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(5))
def test_two_owners_who_demote_each_other_leave_one(round_: int) -> None:
    customer = factories.customer()
    people = [factories.member(customer, factories.person(f"o{n}@nordlys.example")) for n in range(2)]
    places = [place(person) for person in people]
    barrier, outcomes = threading.Barrier(2), []

    def demote(by: User, member: Membership) -> None:
        try:
            barrier.wait()
            actions.change_role(by=by, member=member, role=Role.EDITOR, now=NOW)
            outcomes.append("done")
        except (NotAllowed, NotPossibleNow) as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=demote, args=(people[0], places[1])),
        threading.Thread(target=demote, args=(people[1], places[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "not_allowed"]
    assert Membership.objects.filter(role=Role.OWNER).count() == 1
