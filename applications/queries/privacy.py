"""Floor 3: whose data is where, as the inventory says: for copies, erasing and retention (docs/privacy.md)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.db.models import Count, Exists, ForeignKey, Max, Model, OuterRef, Q, QuerySet

from applications.enums import NoticeKind, Role
from applications.models import (
    Acceptance,
    AuditEvent,
    Condition,
    Contact,
    Customer,
    Decision,
    Evidence,
    Invitation,
    LegalHold,
    Membership,
    OutboundMessage,
    RequestedCapability,
    User,
)
from applications.queries.evidence import may_download, path_of
from applications.rules.bundle import Member, plain
from applications.rules.inventory import INVENTORY
from applications.rules.privacy import PERIODS, Holding, mask

NOTICES = {NoticeKind.PRIVACY: "2023-05-01", NoticeKind.TERMS: "2023-05-01"}
"""The version in force of each; a new one is shown to everybody once."""
_PIECE = 64 * 1024
_ROWS = 500


def model_of(label: str) -> type[Model]:
    return apps.get_model(label)


def rows_of(label: str) -> QuerySet[Any]:
    return model_of(label)._default_manager.all()


# --- who a person is, and where ---


def addresses_of(person: User) -> set[str]:
    """Every address of theirs, confirmed or not."""
    return {person.email, *EmailAddress.objects.filter(user=person).values_list("email", flat=True)}


def customers_near(person: User | None, addresses: set[str]) -> list[Customer]:
    """Customers whose rows may name the person: theirs now or once, or that know an address of theirs."""
    found: set[int | None] = set()
    found |= set(Contact.objects.filter(email__in=addresses).values_list("customer_id", flat=True))
    found |= set(Invitation.objects.filter(email__in=addresses).values_list("customer_id", flat=True))
    written = Q(address__in=addresses)
    if person is not None:
        written |= Q(user=person)
        found |= set(person.memberships.values_list("customer_id", flat=True))
        found |= set(person.join_requests.values_list("customer_id", flat=True))
        found |= set(AuditEvent.objects.filter(actor=person.key).values_list("customer_ref", flat=True))
    found |= set(OutboundMessage.objects.filter(written).values_list("customer_id", flat=True))
    return list(Customer.objects.filter(pk__in=[pk for pk in found if pk]).order_by("pk"))


def person_with(address: str) -> User | None:
    """Who signs in with this address, or has shown that it is theirs."""
    shown = Q(emailaddress__email=address, emailaddress__verified=True)
    return User.objects.filter(Q(email=address) | shown).order_by("pk").first()


def left_without_owner(person: User) -> list[Customer]:
    """Customers with other members of which this person is the only owner."""
    others = Membership.objects.filter(customer=OuterRef("pk")).exclude(user=person)
    return list(
        Customer.objects.filter(
            Exists(others),
            ~Exists(others.filter(role=Role.OWNER, user__is_active=True)),
            memberships__user=person,
            memberships__role=Role.OWNER,
        ).order_by("pk")
    )


def members_of_this_alone(customer: Customer) -> list[User]:
    """Its members who belong to no other customer and do not work here."""
    elsewhere = Membership.objects.filter(user=OuterRef("pk")).exclude(customer=customer)
    return list(
        User.objects.filter(~Exists(elsewhere), memberships__customer=customer, staff_role="").order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a person's leaving means for one customer of theirs."""

    customer: Customer
    blocked: bool
    alone: bool
    rights: int
    ends_at: datetime | None


def effects_of(person: User, now: datetime) -> list[Effect]:
    """Per customer: whether others would be left without an owner, or nobody would be left, and what it still holds."""
    left = set(left_without_owner(person))
    found = []
    for member in person.memberships.select_related("customer").order_by("pk"):
        customer = member.customer
        rights = customer.grants.filter(ends_at__gt=now, revoked_at__isnull=True)
        told = rights.aggregate(count=Count("pk"), last=Max("ends_at"))
        alone = not customer.memberships.exclude(user=person).exists()
        found.append(Effect(customer, customer in left, alone, told["count"], told["last"]))
    return found


def acceptances(person: User) -> QuerySet[Acceptance]:
    return Acceptance.objects.filter(user=person).order_by("-accepted_at", "notice")


def on_hold(customer: str = "customer") -> Exists:
    """Condition of rows whose customer (by this look-up) is on hold."""
    return Exists(LegalHold.objects.filter(customer=OuterRef(customer), lifted_at__isnull=True))


def open_hold(customer: Customer) -> LegalHold | None:
    found = customer.holds.filter(lifted_at__isnull=True)
    return found.select_related("reason", "placed_by", "lift_proposed_by").first()


def due_notices(person: User) -> list[NoticeKind]:
    """Notices whose version in force this person was not shown yet. Staff are told by who employs them."""
    if person.staff_role:
        return []
    shown = set(Acceptance.objects.filter(user=person).values_list("notice", "version"))
    return [notice for notice, version in NOTICES.items() if (notice.value, version) not in shown]


# --- a copy of what is held ---


def copy_for_person(person: User, now: datetime) -> Iterator[Member]:
    """Everything about this person, and nothing of others: rows about them and what they wrote, their files."""
    addresses = addresses_of(person)

    def theirs(label: str, held: Holding) -> Q | None:
        if not held.person:
            return None
        known = Q(**{held.person: person.pk})
        return known | Q(email__in=addresses) if model_of(label) in (Contact, Invitation) else known

    yield from _copy(theirs, person, addresses, now, of={"person": str(person.key)})
    yield from _rows(
        "record.json", AuditEvent.objects.filter(actor=person.key), "auditevent", person, addresses
    )
    yield from _files(Evidence.objects.filter(uploaded_by=person))


def copy_for_customer(customer: Customer, owner: User, now: datetime) -> Iterator[Member]:
    """Everything about the customer that its owner may see: the mail addresses of others masked, no word of staff
    among themselves, no outcome before its letter.
    """
    addresses = addresses_of(owner)

    def its(label: str, held: Holding) -> Q | None:
        return Q(**{held.customer: customer.pk}) if held.customer and held.customer[:6] != "events" else None

    yield from _copy(its, owner, addresses, now, of={"customer": customer.pk})
    people = User.objects.filter(memberships__customer=customer).values("key")
    shown = AuditEvent.objects.filter(customer_ref=customer.pk).filter(
        Q(actor__in=people)
        | Q(actor__isnull=True)
        | Q(action__startswith="right.")
        | Q(action="application.decide") & ~Q(_letter_waits("application_ref", now))
    )
    yield from _rows("record.json", shown, "auditevent", owner, addresses)
    yield from _files(Evidence.objects.filter(application__customer=customer))


def _copy(
    whose: Callable[[str, Holding], Q | None],
    reader: User,
    addresses: set[str],
    now: datetime,
    of: dict[str, Any],
) -> Iterator[Member]:
    about = {"made_at": now, **of, "others": "Mail addresses of other people are masked.", "tables": {}}
    wanted = [
        (label, held, rows)
        for label, held in INVENTORY.items()
        if (rows := whose(label, held)) and held.told()
    ]
    for label, held, _q in wanted:
        about["tables"][label] = {"why": held.purpose, "kept_until": PERIODS[held.keep].until}
    yield "about.json", [json.dumps(about, default=_plain, indent=1).encode()]
    for label, _held, rows in wanted:
        found = rows_of(label).filter(rows, _shown(label, now)).distinct()
        yield from _rows(f"{label}.json", found, label, reader, addresses)


def _shown(label: str, now: datetime) -> Q:
    """What an applicant may see of a table: no word of staff among themselves, nothing before its letter."""
    model = model_of(label)
    if model is Decision:
        return Q(decided_at__isnull=False, taken_back_at__isnull=True, letter_due_at__lte=now)
    if model in (RequestedCapability, Condition):
        return ~Q(_letter_waits("application" if model is RequestedCapability else "item__application", now))
    return Q(internal=False) if label == "applications.note" else Q()


def _letter_waits(application: str, now: datetime) -> Exists:
    """Whether the application (by this look-up) is decided, and its letter has not gone out."""
    return Exists(
        Decision.objects.filter(
            application=OuterRef(application), letter_due_at__gt=now, taken_back_at__isnull=True
        )
    )


def _rows(name: str, rows: QuerySet[Any], label: str, reader: User, addresses: set[str]) -> Iterator[Member]:
    yield name, _lines(rows, label if "." in label else f"applications.{label}", reader, mask(addresses))


def _lines(rows: QuerySet[Any], label: str, reader: User, hide: Callable[[Any], Any]) -> Iterator[bytes]:
    fields, people = INVENTORY[label].told(), _people(label)
    mark = b"["
    for row in rows.order_by("pk").values(*fields).iterator(chunk_size=_ROWS):
        told = {
            field: ("you" if value in (reader.pk, reader.key) else None) if field in people else hide(value)
            for field, value in row.items()
        }
        yield mark + b"\n" + json.dumps(told, default=_plain, ensure_ascii=False).encode()
        mark = b","
    yield b"\n]\n" if mark == b"," else b"[]\n"


@cache
def _people(label: str) -> frozenset[str]:
    """Fields that name a person: a copy says whether that is the reader, and no more."""
    fields = (field for field in model_of(label)._meta.get_fields() if isinstance(field, ForeignKey))
    return frozenset(field.name for field in fields if field.related_model is User) | {"actor"}


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _files(rows: QuerySet[Evidence]) -> Iterator[Member]:
    for one in rows.select_related("application").order_by("pk").iterator():
        if may_download(one) and path_of(one).is_file():
            yield f"files/{one.application.reference}/{one.pk}-{plain(one.original_name)}", pieces_of(one)


def pieces_of(one: Evidence) -> Iterator[bytes]:
    with path_of(one).open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
