"""One batch of the import: what is new is recorded once, with its grace and its audit rows."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError

from applications.actions.customers_import import _Batch, import_rows
from applications.enums import AttentionCode, Basis, Source
from applications.models import (
    AccessGrant,
    Attention,
    AuditEvent,
    Change,
    Contact,
    Customer,
    MailDomain,
    OutboundMessage,
    ServiceUse,
    Subscription,
)
from applications.rules.customers_file import physical_lines, read_rows
from tests import factories
from tests.customers_file import GUID, OTHER_GUID, record, text

pytestmark = pytest.mark.django_db

NOW = datetime(2022, 9, 1, 10, tzinfo=UTC)
AFTER_THE_END = datetime(2023, 7, 1, tzinfo=UTC)


@pytest.fixture
def bring(edition):
    """Import these records as one batch."""

    def bring(*records, now=NOW, first_line=lambda _guid: None):
        rows = read_rows(
            physical_lines(io.StringIO(text(*records), newline="")),
            known_services=edition.services.keys(),
            free_mail_domains=edition.free_mail_domains,
            today=date(2026, 1, 1),
        )
        return import_rows(list(rows), edition=edition, first_line=first_line, by=None, now=now)

    return bring


def listed():
    return set(Attention.objects.values_list("code", "detail"))


def first_uses():
    return {(use.service, use.first_used_on.isoformat()) for use in ServiceUse.objects.all()}


def test_a_row_becomes_customer_contact_subscription_use_and_grace(bring, edition):
    report = bring(record(services="video-indexer"))
    assert (len(report.imported), report.unchanged, report.rejects) == (1, [], [])
    customer = Customer.objects.get()
    assert (customer.name, customer.name_key) == ("Nordlys Airports A/S", "nordlys airports a s")
    assert (customer.website, customer.country, customer.sector) == (
        "https://www.nordlys.example",
        "DK",
        "commercial",
    )
    assert (customer.created_at, customer.imported_at) == (NOW, NOW)
    contact = Contact.objects.get(customer=customer)
    assert (contact.name, contact.email, contact.order) == ("Henrik Aagaard", "henrik@nordlys.example", 0)
    assert MailDomain.objects.get(customer=customer).domain == "nordlys.example"
    subscription = Subscription.objects.get(customer=customer)
    assert (str(subscription.guid), subscription.known_at) == (GUID, NOW)
    assert first_uses() == {("video-indexer", "2021-06-17")}
    gate = edition.gates[edition.capabilities["video-indexer.face-identification"].gate]
    rights = AccessGrant.objects.all()
    assert report.grace_grants == len(rights) == 3
    assert {right.capability for right in rights} == {
        "video-indexer.face-identification",
        "video-indexer.person-customization",
        "video-indexer.celebrity-recognition",
    }
    assert {(right.basis, right.starts_at, right.ends_at, right.closed_at) for right in rights} == {
        (Basis.GRACE, gate.cut_at, datetime(2023, 7, 1, tzinfo=UTC), None)
    }
    assert not listed()
    assert not OutboundMessage.objects.exists()
    assert not Change.objects.exists()


def test_face_brings_grace_for_what_is_gated_and_for_what_retires_later(bring, edition):
    bring(record(services="face"))
    granted = set(AccessGrant.objects.values_list("capability", flat=True))
    assert granted == {c.code for c in edition.capabilities_of("face") if c.grace}
    assert {"face.identification", "face.emotion"} <= granted
    assert "face.detection" not in granted


def test_each_change_has_one_audit_row_of_codes_and_ids(bring):
    bring(record(services="computer-vision"))
    customer, subscription = Customer.objects.get(), Subscription.objects.get()
    use, right = ServiceUse.objects.get(), AccessGrant.objects.get()
    events = AuditEvent.objects.order_by("action")
    assert [(event.action, event.target, event.target_ref) for event in events] == [
        ("customer.imported", "customer", customer.pk),
        ("right.grace", "accessgrant", right.pk),
        ("subscription.imported", "subscription", subscription.pk),
        ("use.recorded", "serviceuse", use.pk),
    ]
    assert {(event.at, event.source, event.customer_ref, event.actor) for event in events} == {
        (NOW, Source.COMMAND, customer.pk, None)
    }
    written = str(list(events.values_list("data", flat=True)))
    assert "Nordlys" not in written
    assert "henrik" not in written


@pytest.mark.parametrize(("day", "rights"), [("2022-06-20", 1), ("2022-06-21", 0), ("2022-06-22", 0)])
def test_existing_is_used_before_the_day_of_the_cut(bring, day, rights):
    assert bring(record(services="computer-vision", first_used_on=day)).grace_grants == rights
    assert AccessGrant.objects.count() == rights


def test_the_same_row_again_is_unchanged_in_the_batch_and_after_it(bring):
    assert len(bring(record(), record()).unchanged) == 1
    counts = [model.objects.count() for model in (Customer, Contact, AccessGrant, AuditEvent, Attention)]
    report = bring(record(contact_name="Somebody else"), now=NOW + timedelta(days=1))
    assert (len(report.imported), len(report.unchanged), report.grace_grants) == (0, 1, 0)
    assert [
        model.objects.count() for model in (Customer, Contact, AccessGrant, AuditEvent, Attention)
    ] == counts
    assert Contact.objects.get().name == "Henrik Aagaard"


def test_rows_share_a_customer_by_its_cleaned_name(bring):
    bring(
        record(country="", website="", contact_email=""),
        record(customer="NORDLYS  airports, a/s", subscription_id=OTHER_GUID, sector="government"),
    )
    customer = Customer.objects.get()
    assert customer.name == "Nordlys Airports A/S"
    assert (customer.country, customer.website) == ("DK", "https://www.nordlys.example")
    assert customer.sector == "commercial"
    assert customer.subscriptions.count() == 2
    assert not AuditEvent.objects.filter(action="customer.completed").exists()


def test_blank_details_are_filled_in_later_and_audited(bring):
    bring(record(country="", sector="x"))
    report = bring(record(country="SE", sector="government"), now=NOW + timedelta(days=1))
    customer = Customer.objects.get()
    assert (customer.country, customer.sector) == ("SE", "government")
    assert len(report.imported) == 1
    assert AuditEvent.objects.get(action="customer.completed").target_ref == customer.pk
    assert bring(record(country="SE", sector="government")).imported == []


def test_another_contact_comes_after_the_ones_there_are(bring):
    bring(record(), record(contact_email="freja@nordlys.example"))
    report = bring(record(contact_email="a@nordlys.example; b@other.example"))
    assert len(report.imported) == 1
    assert list(Contact.objects.values_list("email", "order")) == [
        ("henrik@nordlys.example", 0),
        ("freja@nordlys.example", 1),
        ("a@nordlys.example", 2),
        ("b@other.example", 3),
    ]
    assert set(MailDomain.objects.values_list("domain", flat=True)) == {"nordlys.example", "other.example"}


def test_another_service_adds_its_rights(bring):
    bring(record(services="face"))
    report = bring(record(services="face;computer-vision"))
    assert len(report.imported) == 1
    assert report.grace_grants == 1
    assert first_uses() == {("face", "2021-06-17"), ("computer-vision", "2021-06-17")}


@pytest.mark.parametrize("together", [True, False])
def test_an_earlier_date_makes_a_new_subscription_existing(bring, together):
    late, early = record(first_used_on="2022-07-01"), record(first_used_on="2020-01-31")
    if together:
        report = bring(late, early)
    else:
        assert bring(late).grace_grants == 0
        report = bring(early)
        moved = AuditEvent.objects.get(action="use.earlier")
        assert moved.data == {"service": "face", "first_used_on": "2020-01-31", "instead_of": "2022-07-01"}
    assert report.grace_grants == AccessGrant.objects.count() > 0
    assert first_uses() == {("face", "2020-01-31")}
    assert listed() == {(AttentionCode.LATER_DATE, f"{GUID} face 2022-07-01")}
    before = AuditEvent.objects.count()
    again = bring(late, early)
    assert (len(again.unchanged), again.grace_grants, AuditEvent.objects.count()) == (2, 0, before)
    assert Attention.objects.count() == 1


def test_a_later_date_changes_nothing_and_is_listed(bring):
    bring(record())
    report = bring(record(first_used_on="2021-06-18"))
    assert len(report.unchanged) == 1
    assert report.attention == [{AttentionCode.LATER_DATE}]
    assert first_uses() == {("face", "2021-06-17")}
    assert listed() == {(AttentionCode.LATER_DATE, f"{GUID} face 2021-06-18")}


def test_two_moves_in_one_batch_are_one_change(bring):
    bring(record(first_used_on="2022-05-01"))
    bring(record(first_used_on="2022-03-01"), record(first_used_on="2022-01-01"))
    moved = AuditEvent.objects.get(action="use.earlier")
    assert (moved.data["first_used_on"], moved.data["instead_of"]) == ("2022-01-01", "2022-05-01")
    assert first_uses() == {("face", "2022-01-01")}


def test_a_day_that_is_earlier_still_and_was_written_meanwhile_stands(bring, monkeypatch):
    bring(record(first_used_on="2022-05-01"))
    write = _Batch.write

    def late(batch, by):
        ServiceUse.objects.update(first_used_on=date(2019, 1, 1))
        return write(batch, by)

    monkeypatch.setattr(_Batch, "write", late)
    bring(record(first_used_on="2021-01-01"))
    assert first_uses() == {("face", "2019-01-01")}
    assert not AuditEvent.objects.filter(action="use.earlier").exists()


def test_an_unknown_service_beside_a_known_one_is_kept_for_later_editions(bring):
    report = bring(record(services="computer-vision;speech"))
    assert first_uses() == {("computer-vision", "2021-06-17"), ("speech", "2021-06-17")}
    assert report.grace_grants == 1
    assert listed() == {(AttentionCode.UNKNOWN_SERVICE, "speech")}


def test_a_subscription_under_two_customers_is_rejected_and_names_the_first_line(bring):
    report = bring(record(), record(customer="Banco del Sur", services="computer-vision", country="XX"))
    (reject,) = report.rejects
    assert (reject.line, reject.reason) == (3, "owner")
    assert reject.detail == "another customer holds it since line 2"
    assert Customer.objects.count() == 1
    assert first_uses() == {("face", "2021-06-17")}
    assert not listed()


def test_the_first_line_stays_the_first(bring):
    report = bring(record(), record(), record(customer="Banco del Sur"))
    assert report.rejects[0].detail == "another customer holds it since line 2"


def test_a_subscription_held_since_an_earlier_import_is_rejected(bring):
    bring(record())
    known = bring(record(customer="Banco del Sur"), first_line=lambda guid: {GUID: 7}[guid])
    unknown = bring(record(customer="Banco del Sur"))
    assert [known.rejects[0].detail, unknown.rejects[0].detail] == [
        "another customer holds it since line 7",
        "another customer holds it already",
    ]


def test_a_customer_that_signed_up_is_not_the_imported_one_of_the_same_name(bring):
    impostor = factories.customer("Nordlys Airports A/S")
    factories.subscription(impostor, guid=OTHER_GUID)
    report = bring(record(), record(subscription_id=OTHER_GUID))
    assert Customer.objects.filter(name_key=impostor.name_key).count() == 2
    assert not impostor.contacts.exists()
    assert [(reject.line, reject.reason) for reject in report.rejects] == [(3, "owner")]


def test_attention_that_was_settled_is_not_raised_again(bring):
    bring(record(country="XX"))
    Attention.objects.update(settled_at=NOW)
    assert bring(record(country="XX")).attention == [{AttentionCode.COUNTRY}]
    assert Attention.objects.count() == 1


@pytest.mark.parametrize(
    ("now", "closed"), [(AFTER_THE_END - timedelta.resolution, None), (AFTER_THE_END, AFTER_THE_END)]
)
def test_grace_that_is_over_is_recorded_closed_without_mail_and_listed(bring, now, closed):
    report = bring(record(services="computer-vision"), now=now)
    assert report.grace_grants == 1
    assert AccessGrant.objects.get().closed_at == closed
    assert listed() == ({(AttentionCode.NEVER_WARNED, "")} if closed else set())
    assert not OutboundMessage.objects.exists()


def test_a_batch_stands_whole_or_not_at_all(bring, monkeypatch):
    monkeypatch.setattr(
        "applications.actions.access.grant_grace_bulk",
        lambda *_a, **_k: (_ for _ in ()).throw(IntegrityError),
    )
    with pytest.raises(IntegrityError):
        bring(record())
    assert not Customer.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("rows", [1, 40])
def test_a_batch_takes_the_same_statements_whatever_its_size(bring, django_assert_num_queries, rows):
    records = [
        record(
            customer=f"Customer {number}",
            contact_email=f"ana@customer{number}.example",
            subscription_id=f"{number:08x}-0000-4000-8000-000000000001",
            services="computer-vision",
            country="XX",
        )
        for number in range(rows)
    ]
    with django_assert_num_queries(17):
        bring(*records)
