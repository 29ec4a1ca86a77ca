"""How people and customers find each other."""

import pytest

from applications.actions import customer as actions
from applications.enums import AttentionCode, MessageKind, Role, Sector
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import (
    Attention,
    AuditEvent,
    Contact,
    Customer,
    Invitation,
    JoinRequest,
    MailDomain,
    Membership,
    OutboundMessage,
    User,
)
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("edition_row")
MIRA = "mira@nordlys.example"


def audited() -> list[tuple[str, object]]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", "customer_ref"))


def contact(customer: Customer, email: str = MIRA) -> Contact:
    return Contact.objects.create(customer=customer, email=email)


def test_a_contact_claims_every_customer_that_names_them(nordlys: Customer, other_customer: Customer) -> None:
    mira = factories.person(MIRA)
    contact(nordlys)
    contact(other_customer)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    assert dict(Membership.objects.values_list("customer", "role")) == {
        nordlys.pk: Role.OWNER,
        other_customer.pk: Role.OWNER,
    }
    assert set(Contact.objects.values_list("claimed_by", flat=True)) == {mira.pk}
    assert audited() == [("contact_claimed", nordlys.pk), ("contact_claimed", other_customer.pk)]
    assert AuditEvent.objects.first().data == {"role": Role.OWNER}  # type: ignore[union-attr]


def test_a_contact_of_a_customer_with_an_owner_becomes_editor(nordlys: Customer, owner: User) -> None:
    contact(nordlys)
    mira = factories.person(MIRA)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    assert Membership.objects.get(user=mira).role == Role.EDITOR


def test_welcoming_twice_is_once(nordlys: Customer) -> None:
    mira = factories.person(MIRA)
    contact(nordlys)
    for _ in range(2):
        actions.welcome(by=mira, address=MIRA, now=NOW)
    assert len(audited()) == 1
    assert Membership.objects.count() == 1


def test_the_first_owner_gets_the_requests_that_lay_with_operators(nordlys: Customer) -> None:
    early = factories.person("early@nordlys.example")
    actions.welcome(by=early, address=early.email, now=NOW)
    assert Attention.objects.get().settled_at is None
    mira = factories.person(MIRA)
    contact(nordlys)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    assert Attention.objects.get().settled_by == mira
    message = OutboundMessage.objects.get(kind=MessageKind.JOIN_REQUESTED)
    assert (message.user, message.context) == (mira, {"join_request": JoinRequest.objects.get().pk})


def test_a_claim_closes_the_own_request(nordlys: Customer) -> None:
    mira = factories.person(MIRA)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    contact(nordlys)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    asked = JoinRequest.objects.get()
    assert (asked.accepted, asked.answered_by) == (True, mira)
    assert Attention.objects.get().settled_at == NOW
    assert not OutboundMessage.objects.exists()


def test_an_address_at_the_domain_asks_each_owner(nordlys: Customer, owner: User) -> None:
    second = factories.member(nordlys, factories.person("two@nordlys.example"))
    away = factories.member(nordlys, factories.person("away@nordlys.example", is_active=False))
    mira = factories.person(MIRA)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    told = set(OutboundMessage.objects.values_list("user", flat=True))
    assert told == {owner.pk, second.pk}
    assert away.pk not in told
    assert audited() == [("join_requested", nordlys.pk)]


def test_nobody_asks_again_after_an_answer(nordlys: Customer, owner: User) -> None:
    mira = factories.person(MIRA)
    JoinRequest.objects.create(
        customer=nordlys, user=mira, requested_at=NOW, answered_at=NOW, answered_by=owner, accepted=False
    )
    actions.welcome(by=mira, address=MIRA, now=NOW)
    assert JoinRequest.objects.count() == 1


def test_an_invited_person_does_not_ask(nordlys: Customer, owner: User) -> None:
    Invitation.objects.create(
        customer=nordlys,
        email=MIRA,
        role=Role.VIEWER,
        token_hash="0" * 64,
        invited_at=NOW,
        expires_at=NOW.replace(year=2024),
    )
    actions.welcome(by=factories.person(MIRA), address=MIRA, now=NOW)
    assert not JoinRequest.objects.exists()


def test_free_mail_and_members_of_another_customer_do_not_ask(nordlys: Customer, stranger: User) -> None:
    MailDomain.objects.create(customer=nordlys, domain="gmail.com")  # the import never writes one
    actions.welcome(by=factories.person("a@gmail.com"), address="a@gmail.com", now=NOW)
    actions.welcome(by=stranger, address="lucia@nordlys.example", now=NOW)
    assert not JoinRequest.objects.exists()


def found(by: User, name: str = "Havfisk AS") -> Customer:
    return actions.found_customer(
        by=by, name=name, website="https://havfisk.example", country="NO", sector=Sector.COMMERCIAL, now=NOW
    )


def test_a_new_customer_has_its_domain_and_an_owner(db: None) -> None:
    mira = factories.person("mira@havfisk.example")
    made = found(mira, "  Havfisk\u202e  AS ")
    assert (made.name, made.name_key, made.imported_at) == ("Havfisk AS", "havfisk as", None)
    assert made.domains.get().domain == "havfisk.example"
    assert Membership.objects.get().role == Role.OWNER
    assert audited() == [("customer_founded", made.pk)]


def test_naming_it_twice_is_one_customer(db: None) -> None:
    mira = factories.person("mira@havfisk.example")
    assert found(mira) == found(mira, "HAVFISK as")
    with pytest.raises(NotPossibleNow):
        found(mira, "Another")
    assert Customer.objects.count() == 1


def test_the_name_of_an_imported_customer_makes_a_customer_apart(db: None) -> None:
    imported = factories.customer("Havfisk AS", imported=True)
    made = found(factories.person("mira@havfisk.example"))
    assert made != imported
    assert made.name_key == imported.name_key


def test_a_shared_domain_stays_with_who_has_it(nordlys: Customer) -> None:
    made = found(factories.person(MIRA))
    assert not made.domains.exists()


def test_free_mail_names_no_customer(db: None) -> None:
    with pytest.raises(NotPossibleNow, match="free mail"):
        found(factories.person("mira@gmail.com"))


def test_a_name_of_nothing_is_refused(db: None) -> None:
    with pytest.raises(InvalidInput) as refusal:
        found(factories.person(MIRA), "\u200b ")
    assert list(refusal.value.errors) == ["name"]


def test_attention_names_the_request(nordlys: Customer) -> None:
    mira = factories.person(MIRA)
    actions.welcome(by=mira, address=MIRA, now=NOW)
    attention = Attention.objects.get()
    assert (attention.code, attention.detail) == (
        AttentionCode.JOIN_REQUEST,
        str(JoinRequest.objects.get().pk),
    )
