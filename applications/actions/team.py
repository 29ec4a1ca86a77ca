"""Floor 4: the people of one customer: invite, answer, change, hand over, leave (design §3; promises P4, P8).

A customer that has an owner keeps one: whoever would take the last one away is told what to do first.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from applications.actions import audit, message
from applications.actions.account import end_sessions
from applications.actions.customer import hold, join, settle_request
from applications.enums import MessageKind, Role
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow, SomebodyWasFaster
from applications.models import Contact, Customer, Invitation, JoinRequest, Membership, User
from applications.permissions import Can, can, role_in
from applications.queries.customer import confirmed_addresses, owners
from applications.queries.policy import edition_in_force
from applications.queries.team import invitation_token, new_nonce, token_hash
from applications.rules.identifiers import email_domain, normalise_email

INVITATION_LASTS = timedelta(days=7)
MOST_INVITATIONS = 50


def _as_owner(person: User, customer: Customer) -> None:
    """Hold the customer, then see that the person is its owner: of two who act on each other one is second."""
    hold(customer)
    role = role_in(person, customer)
    if role is None:
        raise NotFound
    if role != Role.OWNER:
        raise NotAllowed(
            _("Only an owner of this organisation may do this. Ask one: the team page names them.")
        )


# --- Invitations ---


@transaction.atomic
def invite(*, by: User, customer: Customer, email: str, role: Role, now: datetime) -> Invitation:
    """An owner asks somebody in. An earlier open invitation of the same address is replaced.

    Effects: the invitation with the hash of its token, valid 7 days; an audit row; a mail that makes the token.
    Raises InvalidInput (`email`), NotAllowed, NotFound, NotPossibleNow (too many are open).
    """
    _as_owner(by, customer)
    address = _invitable(customer, email)
    customer.invitations.filter(email=address, closed_at__isnull=True).update(closed_at=now)
    if customer.invitations.filter(closed_at__isnull=True, expires_at__gt=now).count() >= MOST_INVITATIONS:
        raise NotPossibleNow(_("Too many invitations are open. Take some back, or wait for answers."))
    nonce = new_nonce()
    invitation = Invitation.objects.create(
        customer=customer,
        email=address,
        role=role,
        token_hash=token_hash(invitation_token(nonce)),
        invited_by=by,
        invited_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    audit.record("invited", by=by, now=now, customer_id=customer.pk, target=invitation, data={"role": role})
    message.queue(
        MessageKind.INVITATION,
        key=f"invitation:{invitation.pk}",
        to=address,
        now=now,
        customer=customer,
        context={"invitation": invitation.pk, "nonce": nonce},
    )
    return invitation


def _invitable(customer: Customer, email: str) -> str:
    address = normalise_email(email)
    if not address:
        raise InvalidInput({"email": _("This is not an e-mail address. Enter one such as name@example.org.")})
    if customer.memberships.filter(
        user__emailaddress__email=address, user__emailaddress__verified=True
    ).exists():
        raise InvalidInput({"email": _("This person is a member already.")})
    if edition_in_force().is_free_mail(email_domain(address)) and not Contact.objects.filter(
        customer=customer, email=address
    ):
        raise InvalidInput(
            {
                "email": _(
                    "This is a free-mail address. Invite the person at the address your organisation gave them."
                )
            }
        )
    return address


@transaction.atomic
def withdraw_invitation(*, by: User, invitation: Invitation, now: datetime) -> None:
    """An owner takes an invitation back. Effects: closed, an audit row. Raises SomebodyWasFaster when it is closed."""
    _as_owner(by, invitation.customer)
    if not Invitation.objects.filter(pk=invitation.pk, closed_at__isnull=True).update(closed_at=now):
        raise SomebodyWasFaster(_("This invitation is closed already: it was accepted or taken back."))
    audit.record(
        "invitation_withdrawn", by=by, now=now, customer_id=invitation.customer_id, target=invitation
    )


@transaction.atomic
def accept_invitation(*, by: User, invitation: Invitation, now: datetime) -> Membership:
    """The invited person comes in. Accepting twice is once (promise P4).

    Effects: the invitation closed, the membership, their own request to join closed, an audit row. Raises
    NotAllowed (signed in with another address) and NotPossibleNow (closed, or its 7 days are over).
    """
    if invitation.email not in confirmed_addresses(by):
        raise NotAllowed(
            _("This invitation went to another address. Sign in with that one, or add and confirm it."),
            code="other_address",
        )
    hold(invitation.customer)
    closed = Invitation.objects.filter(pk=invitation.pk, closed_at__isnull=True, expires_at__gt=now).update(
        closed_at=now, accepted_by=by
    )
    if not closed:
        mine = Membership.objects.filter(customer=invitation.customer, user=by).first()
        if mine is not None:
            return mine
        raise NotPossibleNow(
            _("This invitation is no longer open. Ask an owner of the organisation for a new one.")
        )
    membership = join(invitation.customer, by, Role(invitation.role), now=now)
    audit.record(
        "invitation_accepted",
        by=by,
        now=now,
        customer_id=invitation.customer_id,
        target=invitation,
        data={"role": membership.role},
    )
    return membership


# --- Requests to join ---


@transaction.atomic
def answer_join(
    *, by: User, request: JoinRequest, accept: bool, now: datetime, role: Role = Role.EDITOR
) -> None:
    """An owner answers; an operator where there is no owner, and whoever they let in becomes the owner.

    Effects: the request answered, the membership, the operators' list, an audit row, a mail to the person. Raises
    NotFound, NotAllowed, SomebodyWasFaster.
    """
    customer = request.customer
    if can(by, Can.OPERATE):
        hold(customer)
        if owners(customer).exists():
            raise NotPossibleNow(_("This customer has an owner now, who will answer."))
        role = Role.OWNER
    else:
        _as_owner(by, customer)
    answered = JoinRequest.objects.filter(pk=request.pk, answered_at__isnull=True).update(
        answered_at=now, answered_by=by, accepted=accept
    )
    if not answered:
        request.refresh_from_db()
        raise SomebodyWasFaster(
            _("Somebody has answered this request already."),
            who=str(request.answered_by or ""),
            when=request.answered_at,
        )
    if accept:
        join(customer, request.user, role, now=now)
    settle_request(request, by, now)
    audit.record(
        "join_answered",
        by=by,
        now=now,
        customer_id=customer.pk,
        target=request,
        data={"accepted": accept, **({"role": role} if accept else {})},
    )
    message.queue(
        MessageKind.JOIN_ANSWERED,
        key=f"join-answered:{request.pk}",
        to=request.user,
        now=now,
        customer=customer,
        context={"join_request": request.pk},
    )


# --- Members ---


@transaction.atomic
def change_role(*, by: User, member: Membership, role: Role, now: datetime) -> None:
    """An owner gives a member another role. The same role again changes nothing.

    Effects: the role, the member's sessions ended unless it is oneself, an audit row. Raises NotFound, NotAllowed,
    NotPossibleNow (the last owner).
    """
    _as_owner(by, member.customer)
    was = _role_now(member)
    if was == role:
        return
    if role != Role.OWNER:
        _keep_an_owner(member)
    Membership.objects.filter(pk=member.pk).update(role=role)
    if member.user_id != by.pk:
        end_sessions(member.user)
    audit.record(
        "role_changed",
        by=by,
        now=now,
        customer_id=member.customer_id,
        target=member,
        data={"person": str(member.user.key), "from": was, "to": role},
    )


@transaction.atomic
def hand_over(*, by: User, member: Membership, now: datetime) -> None:
    """An owner makes another member the owner in their place and becomes an editor.

    Effects: both roles, one audit row. Raises NotFound, NotAllowed, NotPossibleNow (handing over to oneself).
    """
    _as_owner(by, member.customer)
    _role_now(member)
    if member.user_id == by.pk:
        raise NotPossibleNow(_("You are the owner already. Choose another member to hand over to."))
    if not member.user.is_active:
        raise NotPossibleNow(_("This person cannot sign in. Choose another member to hand over to."))
    Membership.objects.filter(pk=member.pk).update(role=Role.OWNER)
    Membership.objects.filter(customer=member.customer, user=by).update(role=Role.EDITOR)
    end_sessions(member.user)
    audit.record(
        "handed_over",
        by=by,
        now=now,
        customer_id=member.customer_id,
        target=member,
        data={"to": str(member.user.key)},
    )


@transaction.atomic
def remove(*, by: User, member: Membership, now: datetime) -> None:
    """An owner takes a member out. What the person did stays.

    Effects: the membership deleted, their sessions ended, an audit row. Raises NotFound, NotAllowed, NotPossibleNow.
    """
    _as_owner(by, member.customer)
    if member.user_id == by.pk:
        leave(by=by, customer=member.customer, now=now)
        return
    _take_out("member_removed", member, by, now)
    end_sessions(member.user)


@transaction.atomic
def leave(*, by: User, customer: Customer, now: datetime) -> None:
    """A member leaves. Effects: the membership deleted, an audit row. Raises NotFound, NotPossibleNow (last owner)."""
    hold(customer)
    mine = Membership.objects.filter(customer=customer, user=by).select_related("user", "customer").first()
    if mine is None:
        raise NotFound
    _take_out("member_left", mine, by, now)


def _take_out(action: str, member: Membership, by: User, now: datetime) -> None:
    was = _role_now(member)
    _keep_an_owner(member)
    Membership.objects.filter(pk=member.pk).delete()
    audit.record(
        action,
        by=by,
        now=now,
        customer_id=member.customer_id,
        target=member,
        data={"person": str(member.user.key), "role": was},
    )


def _role_now(member: Membership) -> str:
    """The member's role as it is now that the customer is held. Raises NotFound: they are gone."""
    role = Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()
    if role is None:
        raise NotFound
    return role


def _keep_an_owner(member: Membership) -> None:
    if not owners(member.customer).exclude(pk=member.user_id).exists() and _role_now(member) == Role.OWNER:
        raise NotPossibleNow(
            _("An organisation needs an owner. Make another member an owner first, then try again."),
            code="last_owner",
        )
