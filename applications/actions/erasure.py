"""Floor 4: people and customers are forgotten, as the inventory says, and the record stays whole (promise P8).

The audit trail holds codes, ids and pseudonyms, and reasons only by a salted hash: nothing in it has to change. What
stands in texts of others about a person is taken out of them; a customer's texts are emptied.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from applications.actions import account, audit
from applications.actions.customer import hold
from applications.enums import (
    OPEN_MESSAGE_STATES,
    UNDECIDED_STATES,
    AttentionCode,
    ContactState,
    MessageState,
    Role,
    State,
)
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.models import (
    AccessGrant,
    Application,
    Attention,
    AuditReason,
    Contact,
    Customer,
    Erasure,
    Evidence,
    Invitation,
    MailEvent,
    Membership,
    OutboundMessage,
    Submission,
    User,
)
from applications.permissions import Can, require
from applications.queries import privacy as find
from applications.queries.evidence import path_of
from applications.rules.identifiers import clean_text, normalise_email, search_key
from applications.rules.inventory import INVENTORY
from applications.rules.privacy import Holding, scrubber

PLACEHOLDER = "erased@erased.invalid"
WHY_MAX = 500
_OURS = ("applications.user", "applications.customer")


# --- a person ---


@transaction.atomic
def erase_person(person: User, *, by: User | None, reason: str = "", now: datetime) -> bool:
    """Forget a person: asked by themselves, by an operator for them, or by the clock. False when it is done already.

    Effects, in order: their name and addresses taken out of what was written in their customers; rows that are
    theirs alone deleted (memberships, addresses, passkeys, sessions, invitations); contacts and mails with their
    addresses emptied; the person a pseudonym that cannot sign in; a customer that nobody reaches any more on the
    operators' list; one audit row. Raises NotAllowed; NotPossibleNow with code `on_hold`, `staff`, or `last_owner`
    (other members would be left without an owner, unless an operator does it).
    """
    by_operator = by is not None and by.pk != person.pk
    if by_operator and by is not None:
        require(by, Can.OPERATE)
    if person.staff_role:
        raise NotPossibleNow(
            _("People who work here are erased after their role is taken away."), code="staff"
        )
    addresses = find.addresses_of(person)
    customers = find.customers_near(person, addresses)
    _hold_all(customers)
    if not User.objects.filter(pk=person.pk, erased_at__isnull=True).update(erased_at=now):
        return False
    _refuse_held(customers)
    if not by_operator:
        _refuse_last_owner(person)
    account.end_sessions(person)
    _scrub(customers, {person.name, *addresses}, now)
    _drop_mail(Q(user=person) | Q(address__in=addresses), now)
    _forget_contacts(Q(email__in=addresses) | Q(claimed_by=person), now)
    AuditReason.objects.filter(events__target="user", events__target_ref=person.pk).update(
        text="", salt="", erased_at=now
    )
    Invitation.objects.filter(email__in=addresses).delete()
    for label, held in INVENTORY.items():
        if "person" in held.leaves_with and held.person:
            find.rows_of(label).filter(**{held.person: person.pk}).delete()
    _pseudonymise(person, now)
    _see_who_is_reached(customers, now)
    audit.record(
        "person.erased",
        by=by,
        now=now,
        target=person,
        reason=clean_text(reason, multiline=True)[:WHY_MAX],
        data={"person": str(person.key), "customers": [one.pk for one in customers]},
    )
    return True


@transaction.atomic
def erase_address(address: str, *, reason: str, by: User, now: datetime) -> None:
    """An operator forgets whoever has this address: a person, else a contact whom an import named.

    Effects: as `erase_person`; of a mere contact: texts freed of name and address, the contact and mails emptied,
    one audit row. Raises NotAllowed, InvalidInput (`address`: nobody has it; `reason`), NotPossibleNow.
    """
    require(by, Can.OPERATE)
    known = normalise_email(address)
    why = clean_text(reason, multiline=True)[:WHY_MAX]
    if not why:
        raise InvalidInput({"reason": _("Say who asked, and when. The record keeps it.")})
    person = find.person_with(known)
    if person is not None:
        erase_person(person, by=by, reason=why, now=now)
        return
    customers = find.customers_near(None, {known})
    if not known or not customers:
        raise InvalidInput({"address": _("Nobody here has this address. Look for another spelling.")})
    _hold_all(customers)
    _refuse_held(customers)
    contacts = Contact.objects.filter(email=known)
    names = set(contacts.values_list("name", flat=True))
    _scrub(customers, {known, *names}, now)
    _drop_mail(Q(address=known), now)
    Invitation.objects.filter(email=known).delete()
    _forget_contacts(Q(email=known), now)
    _see_who_is_reached(customers, now)
    audit.record(
        "contact.erased", by=by, now=now, reason=why, data={"customers": [one.pk for one in customers]}
    )


def _hold_all(customers: Iterable[Customer]) -> None:
    for customer in customers:
        hold(customer)


def _refuse_held(customers: Iterable[Customer]) -> None:
    if any(find.open_hold(customer) for customer in customers):
        raise NotPossibleNow(
            _("The law obliges us to keep this customer's file for now, so nothing of it can be erased yet."),
            code="on_hold",
        )


def _refuse_last_owner(person: User) -> None:
    for left in find.left_without_owner(person):
        raise NotPossibleNow(
            _("%(name)s would be left without an owner. Hand over to another member first.")
            % {"name": left.name},
            code="last_owner",
        )


def _scrub(customers: list[Customer], names: set[str], now: datetime) -> None:
    """Take names and addresses out of every text of these customers."""
    scrub = scrubber(names | {search_key(name) for name in names})
    for label, held in INVENTORY.items():
        fields = [*held.content.split(), *held.internal.split()]
        if not held.customer or label in _OURS or not fields:
            continue
        rows = find.rows_of(label).filter(**{f"{held.customer}__in": [one.pk for one in customers]})
        for row in rows.order_by().values("pk", *fields).distinct().iterator():
            changed = {name: new for name in fields if (new := scrub(row[name])) != row[name]}
            if changed:
                find.rows_of(label).filter(pk=row["pk"]).update(**changed, **_unsalted(label, now))


def _unsalted(label: str, now: datetime) -> dict[str, Any]:
    """Rows whose hash is kept elsewhere lose their salt, so that nobody can guess what stood there."""
    return {"salt": "", "erased_at": now} if find.model_of(label) in (Submission, AuditReason) else {}


def _drop_mail(whose: Q, now: datetime) -> None:
    """Messages keep that they were sent, and lose to whom, their text, and the hash of the address in their key."""
    for message in OutboundMessage.objects.filter(whose).only("pk", "key", "state"):
        MailEvent.objects.filter(message_key=message.key).delete()
        is_open = message.state in (*OPEN_MESSAGE_STATES, MessageState.HELD, MessageState.QUARANTINED)
        OutboundMessage.objects.filter(pk=message.pk).update(
            key=f"erased:{message.pk}",
            address=PLACEHOLDER,
            subject="",
            body="",
            context={},
            last_error="",
            **({"state": MessageState.NOT_NEEDED, "finished_at": now} if is_open else {}),
        )


def _forget_contacts(whose: Q, now: datetime) -> None:
    """Nobody is written to under these addresses again; messages and reminders keep what they point to."""
    for contact in Contact.objects.filter(whose):
        Contact.objects.filter(pk=contact.pk).update(
            name="",
            email=f"{contact.pk}.{PLACEHOLDER}",
            state=ContactState.SUPPRESSED,
            state_changed_at=now,
            claimed_by=None,
        )


def _pseudonymise(person: User, now: datetime) -> None:
    nobody = User(key=person.key)
    nobody.set_unusable_password()
    User.objects.filter(pk=person.pk).update(
        email=f"{person.key}@erased.invalid",
        name="",
        password=nobody.password,
        language="",
        time_zone="",
        is_active=False,
        erased_at=now,
    )


def _see_who_is_reached(customers: Iterable[Customer], now: datetime) -> None:
    """A customer with rights that nobody can be warned about is for operators to look at (promise P3)."""
    for customer in customers:
        reached = (
            customer.contacts.filter(state=ContactState.OK, claimed_by__isnull=True).exists()
            or customer.memberships.filter(role=Role.OWNER, user__is_active=True).exists()
        )
        if not reached:
            Attention.objects.get_or_create(
                customer=customer,
                code=AttentionCode.NO_CONTACT,
                detail="",
                settled_at=None,
                defaults={"raised_at": now},
            )


# --- a customer ---


@transaction.atomic
def ask_to_erase(*, customer: Customer, reason: str, by: User, now: datetime) -> Erasure:
    """An operator notes that a customer asked to be erased; somebody else does it. Effects: the note, an audit row.

    Raises NotAllowed, InvalidInput (`reason`), NotPossibleNow (a hold, rights in force, undecided applications).
    """
    require(by, Can.OPERATE)
    why = clean_text(reason, multiline=True)[:WHY_MAX]
    if not why:
        raise InvalidInput({"reason": _("Say who asked, and when. The record keeps it.")})
    hold(customer)
    _refuse_in_use(customer, now)
    asked = Erasure.objects.filter(customer=customer, done_at__isnull=True).first()
    if asked is not None:
        return asked
    asked = Erasure.objects.create(customer=customer, reason=audit.written(why), asked_at=now, asked_by=by)
    audit.record(
        "customer.erasure_asked", by=by, now=now, customer_id=customer.pk, target=asked, reason=asked.reason
    )
    return asked


@transaction.atomic
def erase_customer(*, asked: Erasure, by: User, now: datetime) -> None:
    """A second person erases the customer. Rights, outcomes and the record stay, in codes and ids.

    Effects, in order: members who belong to no other customer erased (an audit row each); every text, name and
    address of the customer emptied, files deleted; rows about its people deleted; one audit row. Raises NotAllowed
    (the same person), NotPossibleNow (done already, a hold, rights in force, undecided applications).
    """
    if by.pk == asked.asked_by_id:
        raise NotAllowed(_("Somebody else has to do this: two people see it."))
    require(by, Can.FORGET)
    customer = asked.customer
    hold(customer)
    _refuse_in_use(customer, now)
    if not Erasure.objects.filter(pk=asked.pk, done_at__isnull=True).update(done_at=now, done_by=by):
        raise NotPossibleNow(_("This customer has been erased already."))
    alone = find.members_of_this_alone(customer)
    Membership.objects.filter(customer=customer).delete()
    for person in alone:
        erase_person(person, by=None, now=now)
    Application.objects.filter(customer=customer, state=State.DRAFT).delete()
    _drop_mail(Q(customer=customer), now)
    for label, held in INVENTORY.items():
        if "customer" in held.leaves_with:
            if label != "applications.contact":
                find.rows_of(label).filter(**{held.customer: customer.pk}).delete()
        elif held.customer and label not in _OURS:
            empty(label, held, find.rows_of(label).filter(**{held.customer: customer.pk}), now)
    _forget_contacts(Q(customer=customer), now)
    Application.objects.filter(customer=customer).update(erased_at=now)
    name = f"#{customer.pk}"  # as a key it is nobody's: cleaned names have no such sign
    Customer.objects.filter(pk=customer.pk).update(name=name, name_key=name, website="", erased_at=now)
    audit.record("customer.erased", by=by, now=now, customer_id=customer.pk, target=customer)


def _refuse_in_use(customer: Customer, now: datetime) -> None:
    _refuse_held([customer])
    rights = AccessGrant.objects.filter(customer=customer, ends_at__gt=now, revoked_at__isnull=True)
    if rights.exists():
        raise NotPossibleNow(
            _("This customer still has rights. They end, or are revoked, before it can be erased."),
            code="in_use",
        )
    if Application.objects.filter(customer=customer, state__in=UNDECIDED_STATES).exists():
        raise NotPossibleNow(
            _("An access application of this customer is open. It is decided or withdrawn before."),
            code="in_use",
        )


# --- emptying ---


def empty(label: str, held: Holding, rows: QuerySet[Any], now: datetime) -> None:
    """Empty every personal field of these rows; of evidence also the files, once this is written."""
    names = held.personal()
    if not names:
        return
    if find.model_of(label) is Evidence:
        for one in rows.filter(removed_at__isnull=True):
            transaction.on_commit(partial(_unlink, path_of(one)))
        rows.filter(removed_at__isnull=True).update(removed_at=now)
    meta = find.model_of(label)._meta
    blanks = {name: _blank(meta.get_field(name)) for name in names}
    find.rows_of(label).filter(pk__in=rows.order_by().values("pk")).update(**blanks, **_unsalted(label, now))


def _blank(field: Any) -> Any:
    if isinstance(field, models.EmailField):
        return PLACEHOLDER
    return (
        field.get_default()
        if isinstance(field, models.JSONField) and field.has_default()
        else ({} if isinstance(field, models.JSONField) else "")
    )


def _unlink(path: Path) -> None:
    with suppress(OSError):  # what is done is done; `evidence.forget_orphans` tries again each hour
        path.unlink()


@transaction.atomic
def empty_application(application: Application, *, now: datetime) -> None:
    """What was written in one closed application goes; that it was made, and its outcome, stays.

    Effects: texts and files of the application emptied, `erased_at`; one audit row. Its caller has warned before.
    """
    for label, held in INVENTORY.items():
        if held.customer.startswith("application__"):
            empty(label, held, find.rows_of(label).filter(application=application), now)
    Application.objects.filter(pk=application.pk).update(search_text="", erased_at=now)
    _drop_mail(Q(application=application), now)
    audit.record(
        "application.emptied",
        by=None,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=application,
    )
