"""Operators settle why customers need attention: a contact and its warning, a letter by post, or a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from applications import emails, letters
from applications.actions import delivery
from applications.enums import AttentionCode, ContactState, ReminderState, SettledBy
from applications.models import (
    Attention,
    AuditEvent,
    Contact,
    Customer,
    OutboundMessage,
    Reminder,
    User,
)
from applications.queries import attention as queries
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
END = datetime(2023, 7, 1, tzinfo=UTC)
TODAY = NOW.date()


def unreached(name: str, code: AttentionCode = AttentionCode.NOBODY_REACHED) -> Attention:
    """A customer whose grace ends, with somebody whose mail bounced, and the reason."""
    made = factories.customer(name, country="DE", imported=True)
    factories.grace(factories.subscription(made), "face.verification")
    factories.contact(made, f"it@{made.pk}.example", name="Ida Thorup", state=ContactState.BOUNCED)
    return Attention.objects.create(customer=made, code=code, raised_at=NOW - timedelta(days=made.pk % 5))


def path(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def test_the_list_says_who_why_and_how_long(enter: Enter, operator: User, auditor: User) -> None:
    row = unreached("Stadtwerke <b>Lippe</b>")
    other = unreached("Hafen Nord", AttentionCode.COUNTRY)
    for person in (operator, auditor):
        body = enter(person).get(path("attention")).content.decode()
        assert "Stadtwerke &lt;b&gt;Lippe&lt;/b&gt;" in body
        assert "46 days left" in body
        assert "bounced" in body
        assert "Hafen Nord" not in body
        assert ("Note as posted" in body) is (person == operator)
    client = enter(operator)
    assert "Hafen Nord" in client.get(path("attention"), {"about": "import"}).content.decode()
    for odd in (
        {"about": "\x00"},
        {"after": "x~y"},
        {"after": "2023-05-15~1"},
        {"after": f"{NOW.isoformat()}~{10**30}"},
    ):
        assert client.get(path("attention"), odd).status_code == 200
    assert client.get(path("attention-one", row.pk)).status_code == 200
    assert path("attention-settle", other.pk, "dismissed") not in (
        enter(auditor).get(path("attention-one", other.pk)).content.decode()
    )
    assert client.get(path("attention-one", 4711)).status_code == 404


@pytest.mark.parametrize("count", [1, 9])
def test_the_list_takes_as_many_statements_whatever_it_holds(
    enter: Enter, operator: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        unreached(f"Customer {number}")
    client = enter(operator)
    with django_assert_num_queries(6):
        assert client.get(path("attention")).status_code == 200


def test_pages_follow_each_other_without_gap_or_double(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    rows = [unreached(f"Customer {number}") for number in range(5)]
    seen, after = [], None
    while True:
        found = queries.page("unreached", now=NOW, after=after)
        seen += [one.attention.pk for one in found.rows]
        after = found.last
        if after is None:
            break
    ordered = sorted(rows, key=lambda one: (one.raised_at, one.pk))
    assert seen == [one.pk for one in ordered]


def test_a_contact_gets_the_warning_that_reached_nobody(
    enter: Enter, operator: User, edition_row: object
) -> None:
    row = unreached("Stadtwerke Lippe")
    warning = Reminder.objects.create(
        customer=row.customer,
        ends_at=END,
        days_before=60,
        due_at=NOW,
        recorded_at=NOW,
        addressed_at=NOW,
        finished_at=NOW,
        state=ReminderState.UNDELIVERABLE,
    )
    client, settle = enter(operator), path("attention-settle", row.pk, "contact")
    wrong = client.post(settle, {"email": "nonsense", "name": "Kai", "language": "en"})
    assert (wrong.status_code, b"This is not an e-mail address" in wrong.content) == (422, True)
    assert b'value="Kai"' in wrong.content
    said = client.post(settle, {"email": "Kai@Lippe.example", "name": "Kai", "language": "nl"}, follow=True)
    assert "the warning is on its way" in said.content.decode()
    contact = Contact.objects.get(email="kai@lippe.example")
    sent = OutboundMessage.objects.get(reminder=warning)
    assert (sent.contact, sent.key) == (contact, f"reminder:{warning.pk}:c{contact.pk}")
    assert (contact.order, contact.language) == (1, "nl")
    mail = emails.render(sent, edition=factories.read_file(), now=NOW)
    assert mail
    assert "Kai" in mail.text
    row.refresh_from_db()
    assert row.settled_at is None
    OutboundMessage.objects.update(state="sending", attempts=1)
    sent.refresh_from_db()
    delivery.confirm(sent, subject=mail.subject, body=mail.text, noticed=mail.noticed, now=NOW)
    row.refresh_from_db()
    assert row.settled_at == NOW
    assert Reminder.objects.get().state == ReminderState.UNDELIVERABLE
    assert AuditEvent.objects.get(action="contact.added").actor == operator.key
    again = client.post(settle, {"email": "kai@lippe.example", "language": "en"}, follow=True)
    assert "settled this already" in again.content.decode()


def test_a_contact_that_bounced_is_tried_anew_and_one_that_is_fine_refused(
    enter: Enter, operator: User
) -> None:
    row = unreached("Stadtwerke Lippe", AttentionCode.NO_CONTACT)
    bounced = row.customer.contacts.get()
    settle = path("attention-settle", row.pk, "contact")
    enter(operator).post(settle, {"email": bounced.email, "language": "en"})
    bounced.refresh_from_db()
    row.refresh_from_db()
    assert (bounced.state, row.settled_how) == (ContactState.OK, SettledBy.CONTACT)
    second = Attention.objects.create(customer=row.customer, code=AttentionCode.NO_CONTACT, raised_at=NOW)
    answer = enter(operator).post(
        path("attention-settle", second.pk, "contact"), {"email": bounced.email, "language": "en"}
    )
    assert (answer.status_code, b"We have this contact already" in answer.content) == (422, True)


def test_a_reason_is_needed_to_dismiss(enter: Enter, operator: User) -> None:
    row, client = unreached("Stadtwerke Lippe"), enter(operator)
    settle = path("attention-settle", row.pk, "dismissed")
    assert client.post(settle, {"reason": " "}).status_code == 422
    client.post(settle, {"reason": "Merged \u202ewith another"})
    row.refresh_from_db()
    assert (row.settled_by, row.settled_how) == (operator, SettledBy.DISMISSED)
    assert AuditEvent.objects.get(action="attention.dismissed").reason.text == "Merged with another"
    assert client.post(path("attention-settle", row.pk, "elsewhere")).status_code == 404


def test_letters_are_printed_and_noted_as_posted(enter: Enter, operator: User) -> None:
    rows = [unreached(name) for name in ("Stadtwerke Lippe", "مطارات الخليج")]
    ended = Attention.objects.create(
        customer=factories.customer("Nothing ends"), code=AttentionCode.NEVER_WARNED, raised_at=NOW
    )
    client = enter(operator)
    one = client.get(path("attention-letter", rows[0].pk))
    assert (one["Content-Type"], one.content[:5]) == ("application/pdf", b"%PDF-")
    none = client.get(path("attention-letter", ended.pk), follow=True)
    assert "no warning to post" in none.content.decode()
    ticked = {"row": [str(row.pk) for row in [*rows, ended]]}
    both = client.post(path("attention-letters"), ticked)
    assert both.content.count(b"/Type /Page\n") == 2
    assert len(both.content) > len(one.content)
    assert (
        "tick customers" in client.post(path("attention-letters"), {"row": "x"}, follow=True).content.decode()
    )
    for wrong in ("", "2023-05-16", "1999-01-01", "x"):
        assert client.post(path("attention-posted"), {**ticked, "on": wrong}).status_code == 422
    assert not Attention.objects.filter(settled_at__isnull=False).exists()
    done = {**ticked, "on": "2023-05-14"}
    assert "3 are noted" in client.post(path("attention-posted"), done, follow=True).content.decode()
    assert "0 are noted" in client.post(path("attention-posted"), done, follow=True).content.decode()
    assert set(Attention.objects.values_list("settled_how", "posted_on")) == {("posted", date(2023, 5, 14))}
    events = AuditEvent.objects.filter(action="attention.posted")
    assert {event.data["on"] for event in events} == {"2023-05-14"}
    assert events.count() == 3


def test_only_operators_settle(enter: Enter, lead: User, auditor: User, reviewer: User) -> None:
    row = unreached("Stadtwerke Lippe")
    for person in (lead, auditor, reviewer):
        client = enter(person)
        for name in ("contact", "posted", "dismissed"):
            assert client.post(path("attention-settle", row.pk, name)).status_code == 403
        assert client.post(path("attention-posted")).status_code == 403
        assert client.post(path("attention-letters")).status_code == 403
        assert client.get(path("attention-letter", row.pk)).status_code == 403


def test_the_letter_says_what_the_mail_says(operator: User, nordlys: Customer) -> None:
    factories.grace(factories.subscription(nordlys), "face.verification")
    made = letters.warning(
        nordlys, END, name="Ida Thorup", language="nl", edition=factories.read_file(), now=NOW
    )
    assert made
    assert made.to == ("Ida Thorup", "Nordlys Airports A/S", "Denmark")
    assert "face.verification" in made.text
    assert made.day == "15 mei 2023"
    assert (
        letters.warning(
            nordlys, END - timedelta(days=1), name="", language="", edition=factories.read_file(), now=NOW
        )
        is None
    )
