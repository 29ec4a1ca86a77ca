"""Reports of a mail provider: signed, once, in any order, also before we wrote that the mail was handed over."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

import portal.urls
from applications.actions import mail_event
from applications.enums import AttentionCode, ContactState, MailEventKind, MessageKind, MessageState
from applications.jobs.mailing import Answer, read
from applications.models import Attention, Contact, Customer, MailEvent, OutboundMessage
from tests import factories

urlpatterns = [*portal.urls.urlpatterns, path("mail-events/", include("anymail.urls"))]
SECRET = "portal:a-long-secret-of-the-provider"
URL = "/mail-events/postmark/tracking/"
NOW = factories.NOW
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider", "clock")]


@pytest.fixture
def provider(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.integration.test_mail_events"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x", "WEBHOOK_SECRET": SECRET}


@pytest.fixture
def contact(nordlys: Customer) -> Contact:
    return Contact.objects.create(customer=nordlys, name="Ann", email="ann@nordlys.example")


@pytest.fixture
def warning(nordlys: Customer, contact: Contact) -> OutboundMessage:
    return OutboundMessage.objects.create(
        key="reminder:7:c1",
        kind=MessageKind.REMINDER,
        state=MessageState.SENT,
        customer=nordlys,
        contact=contact,
        address=contact.email,
        queued_at=NOW,
        due_at=NOW,
        finished_at=NOW,
    )


def report(
    client: Client, record: str, number: int = 1, *, secret: str = SECRET, key: str = "reminder:7:c1"
) -> int:
    body = {
        "RecordType": record,
        "ID": number,
        "MessageID": f"0000-{number}",
        "Recipient": "ann@nordlys.example",
        "Email": "ann@nordlys.example",
        "DeliveredAt": "2023-05-15T14:40:00Z",
        "BouncedAt": "2023-05-15T14:40:00Z",
        "Type": "HardBounce",
        "Metadata": {"message": key},
    }
    credentials = base64.b64encode(secret.encode()).decode()
    return client.post(
        URL,
        json.dumps(body),
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Basic {credentials}",
    ).status_code


def test_delivered_then_bounced_ends_as_bounced_and_nobody_was_reached(
    client: Client, warning: OutboundMessage, contact: Contact
) -> None:
    assert report(client, "Delivery") == 200
    warning.refresh_from_db()
    assert warning.state == MessageState.DELIVERED
    assert report(client, "Bounce", 2) == 200
    assert report(client, "Delivery", 3) == 200
    warning.refresh_from_db()
    contact.refresh_from_db()
    assert (warning.state, contact.state) == (MessageState.BOUNCED, ContactState.BOUNCED)
    assert Attention.objects.get().code == AttentionCode.NOBODY_REACHED


def test_report_twice_is_one(client: Client, warning: OutboundMessage) -> None:
    report(client, "Bounce")
    report(client, "Bounce")
    assert MailEvent.objects.count() == 1
    assert Attention.objects.count() == 1


def test_forged_report_changes_nothing(client: Client, warning: OutboundMessage) -> None:
    assert report(client, "Bounce", secret="portal:guess") == 400
    assert not MailEvent.objects.exists()


def test_report_before_our_own_commit_waits(client: Client, warning: OutboundMessage) -> None:
    OutboundMessage.objects.update(state=MessageState.SENDING)
    assert report(client, "Delivery") == 200
    assert mail_event.settle_waiting(now=NOW) == 0
    OutboundMessage.objects.update(state=MessageState.SENT)
    assert mail_event.settle_waiting(now=NOW) == 1
    warning.refresh_from_db()
    assert warning.state == MessageState.DELIVERED


def test_complaint_keeps_later_mail_away(client: Client, warning: OutboundMessage, contact: Contact) -> None:
    mail_event.report(event_id="x", message_key=warning.key, kind=MailEventKind.SUPPRESSED, now=NOW)
    warning.refresh_from_db()
    contact.refresh_from_db()
    assert (warning.state, contact.state) == (MessageState.SUPPRESSED, ContactState.SUPPRESSED)


def test_report_about_somebody_elses_mail_is_only_stored(client: Client) -> None:
    assert report(client, "Bounce", key="not-ours") == 200
    assert MailEvent.objects.get().settled_at is not None


def test_answers_of_a_provider_mean_what_those_of_a_server_mean() -> None:
    exceptions = pytest.importorskip("anymail.exceptions")

    def answer(status: int) -> Answer:
        response = type("Response", (), {"status_code": status, "text": "", "reason": ""})()
        return read(exceptions.AnymailRequestsAPIError("x", response=response))[0]

    assert [answer(status) for status in (400, 401, 422, 429, 500)] == [
        Answer.REJECTED,
        Answer.DOWN,
        Answer.REJECTED,
        Answer.DOWN,
        Answer.DOWN,
    ]
    assert read(exceptions.AnymailRecipientsRefused("x"))[0] is Answer.BOUNCED
