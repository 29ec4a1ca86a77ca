"""Floor 3: the people of one customer, for its team page; and the secret of an invitation."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.crypto import salted_hmac

from applications.enums import MessageState, Role
from applications.exceptions import NotFound
from applications.models import Customer, Invitation, JoinRequest, Membership, OutboundMessage, User
from applications.queries.customer import membership

MOST_SHOWN = 200


RETURNED = (MessageState.BOUNCED, MessageState.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Team:
    """What the team page shows; invitations, requests and returned mail are for owners alone."""

    mine: Membership
    members: Sequence[Membership]
    invitations: list[Invitation]
    requests: list[JoinRequest]

    @property
    def is_owner(self) -> bool:
        return self.mine.role == Role.OWNER

    @property
    def returned(self) -> list[Membership]:
        """Members whose last mail came back."""
        return [m for m in self.members if self.is_owner and m.mail_state in RETURNED]  # type: ignore[attr-defined]


def team(user: User, customer_id: int, now: datetime) -> Team:
    """The team of a customer this person belongs to. Raises NotFound for strangers."""
    mine = membership(user, customer_id)
    members = list(
        Membership.objects.filter(customer_id=customer_id)
        .select_related("user")
        .annotate(mail_state=Subquery(_last_mail()))
        .order_by("joined_at", "pk")
    )
    if mine.role != Role.OWNER:
        return Team(mine, members, [], [])
    invitations = Invitation.objects.filter(
        customer_id=customer_id, closed_at__isnull=True, expires_at__gt=now
    ).order_by("invited_at", "pk")
    return Team(mine, members, list(invitations), list(open_requests(mine.customer)))


def _last_mail() -> QuerySet[OutboundMessage, Any]:
    """What became of the last mail to a member's address: one that arrived makes good an older one that did not."""
    settled = (MessageState.SENT, MessageState.DELIVERED, *RETURNED)
    found = OutboundMessage.objects.filter(
        user=OuterRef("user"), address=OuterRef("user__email"), state__in=settled
    )
    return found.order_by("-finished_at", "-pk").values("state")[:1]


def open_requests(customer: Customer) -> list[JoinRequest]:
    """Who asks to join and has no answer yet, the longest waiting first."""
    found = JoinRequest.objects.filter(customer=customer, answered_at__isnull=True)
    return list(found.select_related("user").order_by("requested_at", "pk"))


def requests_for_operators() -> list[JoinRequest]:
    """Open requests to join a customer that has no owner who could answer, the longest waiting first."""
    owned = Membership.objects.filter(customer=OuterRef("customer"), role=Role.OWNER, user__is_active=True)
    found = JoinRequest.objects.filter(~Exists(owned), answered_at__isnull=True)
    return list(found.select_related("user", "customer").order_by("requested_at", "pk")[:MOST_SHOWN])


def request_for_operators(request_id: int) -> JoinRequest:
    """One request to join, answered or not. Raises NotFound."""
    found = (
        JoinRequest.objects.filter(pk=request_id).select_related("user", "customer", "answered_by").first()
    )
    if found is None:
        raise NotFound
    return found


def member(customer: Customer, member_id: int) -> Membership:
    """One member of the customer. Raises NotFound."""
    found = customer.memberships.filter(pk=member_id).select_related("user", "customer").first()
    if found is None:
        raise NotFound
    return found


def invitation(customer: Customer, invitation_id: int) -> Invitation:
    """One open invitation of the customer. Raises NotFound."""
    found = customer.invitations.filter(pk=invitation_id, closed_at__isnull=True).first()
    if found is None:
        raise NotFound
    return found


def join_request(customer: Customer, request_id: int) -> JoinRequest:
    """One request to join the customer, answered or not. Raises NotFound."""
    found = customer.join_requests.filter(pk=request_id).select_related("user", "customer").first()
    if found is None:
        raise NotFound
    return found


def invited(token: str) -> Invitation:
    """The invitation that this token opens, whatever became of it. Raises NotFound."""
    found = (
        Invitation.objects.filter(token_hash=token_hash(token))
        .select_related("customer", "invited_by")
        .first()
    )
    if found is None:
        raise NotFound
    return found


# --- The token: 128 random bits that no table holds ---


def new_nonce() -> str:
    return secrets.token_hex(16)


def invitation_token(nonce: str) -> str:
    """The token (128 bit) that belongs to the nonce in the outbox: worked out anew when the mail is handed over.

    It needs the secret key. The database holds the nonce and the hash of the token, and neither opens anything.
    """
    return salted_hmac("applications.invitation", nonce, algorithm="sha256").hexdigest()[:32]


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
