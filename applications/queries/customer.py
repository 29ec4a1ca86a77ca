"""Floor 3: whose person somebody is. Everything a person may see of a customer starts at `membership`."""

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from applications.enums import Role
from applications.exceptions import NotFound
from applications.models import Conflict, Contact, Customer, JoinRequest, Membership, User
from applications.queries.policy import edition_in_force
from applications.rules.identifiers import email_domain


def memberships(user: User) -> QuerySet[Membership]:
    """The customers this person belongs to, with their role, by name."""
    return Membership.objects.filter(user=user).select_related("customer").order_by("customer__name", "pk")


def membership(user: User, customer_id: int) -> Membership:
    """The person's place in this customer. Raises NotFound: absent and foreign answer alike (promise P9)."""
    found = Membership.objects.filter(user=user, customer_id=customer_id).select_related("customer").first()
    if found is None:
        raise NotFound
    return found


def person(person_id: int) -> User:
    """One person, for staff who may act on people. Raises NotFound."""
    found = User.objects.filter(pk=person_id).first()
    if found is None:
        raise NotFound
    return found


def conflicts_of(user: User) -> list[Conflict]:
    """The customers that a person of ours declared to stand too near to, and nobody has lifted."""
    found = Conflict.objects.filter(user=user, lifted_at=None).select_related("customer")
    return list(found.order_by("declared_at", "pk"))


def conflict(person_id: int, conflict_id: int) -> Conflict:
    """One declared conflict of a person, lifted or not. Raises NotFound."""
    found = Conflict.objects.filter(pk=conflict_id, user_id=person_id).select_related("customer").first()
    if found is None:
        raise NotFound
    return found


def owners(customer: Customer) -> QuerySet[User]:
    """Who may answer for the customer: its owners who can sign in."""
    return User.objects.filter(
        memberships__customer=customer, memberships__role=Role.OWNER, is_active=True
    ).order_by("pk")


def confirmed_addresses(user: User) -> list[str]:
    """The addresses this person has shown to be theirs, the one they sign in with first."""
    found = EmailAddress.objects.filter(user_id=user.pk, verified=True).order_by("-primary", "pk")
    return list(found.values_list("email", flat=True))


def organisation_domain(user: User) -> str:
    """The mail domain of the person's organisation, or "" when they confirmed free mail only."""
    edition = edition_in_force()
    domains = (email_domain(address) for address in confirmed_addresses(user))
    return next((domain for domain in domains if not edition.is_free_mail(domain)), "")


def waits_to_join(user: User) -> bool:
    """Whether somebody has yet to answer this person's request to join."""
    return JoinRequest.objects.filter(user=user, answered_at__isnull=True).exists()


def may_sign_up(address: str) -> bool:
    """Whether this address opens an account: an organisation's, or any that an imported contact has."""
    if not edition_in_force().is_free_mail(email_domain(address)):
        return True
    return Contact.objects.filter(email=address).exists()
