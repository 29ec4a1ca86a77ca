"""Floor 4: how people and customers find each other (design §3; promises P8, P9)."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from applications.actions import audit, message
from applications.enums import AttentionCode, MessageKind, Role, Sector
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import (
    Attention,
    Contact,
    Customer,
    Invitation,
    JoinRequest,
    MailDomain,
    Membership,
    User,
)
from applications.queries.customer import organisation_domain, owners
from applications.queries.policy import edition_in_force
from applications.rules.identifiers import clean_text, email_domain, name_key


def hold(customer: Customer) -> None:
    """Let nobody else change the customer's people until this transaction ends.

    An UPDATE that changes nothing: on both databases the second of two comes after the first and sees its work.
    """
    Customer.objects.filter(pk=customer.pk).update(created_at=F("created_at"))


@transaction.atomic
def welcome(*, by: User, address: str, now: datetime) -> None:
    """A person has shown that `address` is theirs. Safe to repeat.

    Effects: an imported contact with this address claims its customer (the first person becomes owner, later ones
    editors); else, unless they belong to a customer or are invited to one, they ask to join each customer that
    uses the mail domain: its owners are told, or operators find it on their list where there is none.
    """
    if _claim(by, address, now):
        return
    if Membership.objects.filter(user=by).exists() or _is_invited(address, now):
        return
    domain = email_domain(address)
    if edition_in_force().is_free_mail(domain):
        return
    for customer in Customer.objects.filter(domains__domain=domain).order_by("pk"):
        _ask_to_join(by, customer, now)


def _claim(person: User, address: str, now: datetime) -> bool:
    contacts = (
        Contact.objects.filter(email=address, claimed_by__isnull=True)
        .select_related("customer")
        .order_by("pk")
    )
    for contact in contacts:
        hold(contact.customer)
        if not Contact.objects.filter(pk=contact.pk, claimed_by__isnull=True).update(claimed_by=person):
            continue
        role = Role.EDITOR if owners(contact.customer).exists() else Role.OWNER
        role = Role(join(contact.customer, person, role, now=now).role)
        audit.record(
            "contact_claimed",
            by=person,
            now=now,
            customer_id=contact.customer_id,
            target=contact,
            data={"role": role},
        )
        if role == Role.OWNER:
            _hand_requests_over(contact.customer, person, now)
    return bool(contacts)


def join(customer: Customer, person: User, role: Role, *, now: datetime) -> Membership:
    """Make the person a member (or leave them what they are) and close their own open request. Writes no audit
    row: the caller's change has one.
    """
    made, _created = Membership.objects.get_or_create(
        customer=customer, user=person, defaults={"role": role, "joined_at": now}
    )
    for request in JoinRequest.objects.filter(customer=customer, user=person, answered_at__isnull=True):
        JoinRequest.objects.filter(pk=request.pk).update(answered_at=now, answered_by=person, accepted=True)
        settle_request(request, person, now)
    return made


def settle_request(request: JoinRequest, by: User, now: datetime) -> None:
    """Take the request off the operators' list."""
    Attention.objects.filter(
        customer_id=request.customer_id,
        code=AttentionCode.JOIN_REQUEST,
        detail=str(request.pk),
        settled_at__isnull=True,
    ).update(settled_at=now, settled_by=by)


def _hand_requests_over(customer: Customer, owner: User, now: datetime) -> None:
    """The first owner is here: requests that lay with operators are theirs to answer."""
    for request in JoinRequest.objects.filter(customer=customer, answered_at__isnull=True).exclude(
        user=owner
    ):
        settle_request(request, owner, now)
        _tell_owners(request, [owner], now)


def _is_invited(address: str, now: datetime) -> bool:
    return Invitation.objects.filter(email=address, closed_at__isnull=True, expires_at__gt=now).exists()


def _ask_to_join(person: User, customer: Customer, now: datetime) -> None:
    hold(customer)
    if JoinRequest.objects.filter(customer=customer, user=person).exists():
        return  # once is enough: an answer stands
    request = JoinRequest.objects.create(customer=customer, user=person, requested_at=now)
    audit.record("join_requested", by=person, now=now, customer_id=customer.pk, target=request)
    answering = list(owners(customer))
    if answering:
        _tell_owners(request, answering, now)
    else:
        Attention.objects.create(
            customer=customer, code=AttentionCode.JOIN_REQUEST, detail=str(request.pk), raised_at=now
        )


def _tell_owners(request: JoinRequest, people: list[User], now: datetime) -> None:
    for owner in people:
        message.queue(
            MessageKind.JOIN_REQUESTED,
            key=f"join-requested:{request.pk}",
            to=owner,
            now=now,
            customer=request.customer,
            context={"join_request": request.pk},
        )


@transaction.atomic
def found_customer(
    *, by: User, name: str, website: str, country: str, sector: Sector, now: datetime
) -> Customer:
    """A person names their organisation, the first of their customer. Twice the same is one customer (promise P4).

    Effects: the customer, its mail domain unless another customer uses it, the person as owner, an audit row.
    An imported customer of the same name stays apart and is not revealed. Raises InvalidInput (no name) and
    NotPossibleNow (no organisation address, or they belong to a customer already).
    """
    name = clean_text(name)
    if not name:
        raise InvalidInput({"name": _("Enter the name of your organisation.")})
    domain = organisation_domain(by)
    if not domain:
        raise NotPossibleNow(
            _(
                "You have confirmed free mail only. Add the address that your organisation gave you, then go on."
            )
        )
    User.objects.filter(pk=by.pk).update(joined_at=F("joined_at"))  # two tabs: the second waits for the first
    mine = Membership.objects.filter(user=by).select_related("customer").first()
    if mine is not None:
        if mine.customer.name_key == name_key(name):
            return mine.customer
        raise NotPossibleNow(_("You belong to an organisation already. Its team page shows which."))
    customer = Customer.objects.create(
        name=name,
        name_key=name_key(name),
        website=clean_text(website),
        country=country,
        sector=sector,
        created_at=now,
    )
    if not MailDomain.objects.filter(domain=domain).exists():
        MailDomain.objects.create(customer=customer, domain=domain)
    join(customer, by, Role.OWNER, now=now)
    audit.record("customer_founded", by=by, now=now, customer_id=customer.pk, target=customer)
    return customer
