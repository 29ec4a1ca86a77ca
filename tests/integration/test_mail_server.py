"""A real mail server on loopback: what it is given, what its answers mean, one customer's data only in each mail."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from django.conf import LazySettings

from applications.actions import delivery, message
from applications.enums import ContactState, Duty, MessageKind, MessageState, ReminderState
from applications.jobs.delivery import deliver
from applications.models import Contact, Customer, JobRun, OutboundMessage, PolicyEdition, Reminder
from applications.rules.policy import Edition
from tests import factories

NOW = factories.NOW
FACE = "face.identification"


class Sink:
    """Accepts, refuses by the local part (`bounce-…`, `later-…`), or is slower than anybody waits (`slow-…`)."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.to: list[list[str]] = []

    async def handle_RCPT(
        self, server: object, session: object, envelope: object, address: str, _o: object
    ) -> str:
        if address.startswith("bounce-"):
            return "550 5.1.1 no such person"
        if address.startswith("later-"):
            return "451 4.7.1 come back"
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        if envelope.rcpt_tos[0].startswith("slow-"):  # type: ignore[attr-defined]
            await asyncio.sleep(3)
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[attr-defined]
        self.to.append(list(envelope.rcpt_tos))  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def sink(settings: LazySettings) -> Iterator[Sink]:
    handler = Sink()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "portal.bounded_smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_TIMEOUT = 1
    yield handler
    controller.stop()


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


def due(name: str, *addresses: str, end: datetime) -> Reminder:
    customer = factories.customer(name, country="GB")
    factories.grace(factories.subscription(customer, used={"face": factories.BEFORE_THE_CUT}), FACE)
    for order, address in enumerate(addresses):
        factories.contact(customer, address, order=order, name=f"Person of {name}")
    return Reminder.objects.create(
        customer=customer, ends_at=end, days_before=60, due_at=NOW, recorded_at=NOW
    )


def test_what_a_server_is_given(edition_row: PolicyEdition, sink: Sink, end: datetime) -> None:
    due("Zürich & Söhne", "chef@söhne.example".encode("idna").decode(), end=end)
    deliver(NOW)
    [mail] = sink.mails
    row = OutboundMessage.objects.get()
    assert row.state == MessageState.SENT
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@localhost>")
    assert mail["Reply-To"] == "limited-access@portal.example"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))  # type: ignore[attr-defined]
    assert "Zürich & Söhne" in text.get_content()
    assert "Zürich &amp; Söhne" in html.get_content()
    assert max(len(line) for line in mail.as_bytes().splitlines()) <= 998


def test_its_answers_are_understood(edition_row: PolicyEdition, sink: Sink, end: datetime) -> None:
    bounced = due("One", "bounce-a@one.example", "b@one.example", end=end)
    later = due("Two", "later-a@two.example", end=end)
    slow = due("Three", "slow-a@three.example", end=end)
    fine = due("Four", "a@four.example", end=end)
    deliver(NOW)
    assert [to for to in sink.to if not to[0].startswith("slow-")] == [["a@four.example"], ["b@one.example"]]
    states = dict(OutboundMessage.objects.values_list("address", "state"))
    assert states == {
        "bounce-a@one.example": MessageState.BOUNCED,
        "b@one.example": MessageState.SENT,
        "later-a@two.example": MessageState.QUEUED,
        "slow-a@three.example": MessageState.QUEUED,
        "a@four.example": MessageState.SENT,
    }
    unknown = dict(OutboundMessage.objects.values_list("address", "unknown_outcomes"))
    assert unknown["slow-a@three.example"] == 1
    assert unknown["later-a@two.example"] == 0
    assert Contact.objects.get(email="bounce-a@one.example").state == ContactState.BOUNCED
    reminders = {row.pk: row.state for row in Reminder.objects.all()}
    assert reminders == {
        bounced.pk: ReminderState.SENT,
        later.pk: ReminderState.DUE,
        slow.pk: ReminderState.DUE,
        fine.pk: ReminderState.SENT,
    }


def test_a_server_that_is_not_there_costs_no_try(
    edition_row: PolicyEdition, sink: Sink, settings: LazySettings, end: datetime
) -> None:
    due("One", "a@one.example", end=end)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    deliver(NOW)
    assert OutboundMessage.objects.get().attempts == 0
    settings.EMAIL_PORT = port
    deliver(NOW + delivery.PAUSE + timedelta(seconds=1))
    assert sink.to == [["a@one.example"]]


def test_each_mail_holds_the_data_of_one_customer(
    edition_row: PolicyEdition, sink: Sink, end: datetime
) -> None:
    for number in range(25):
        due(f"Canary-{number:03d}", f"a@canary-{number:03d}.example", end=end)
    deliver(NOW)
    assert len(sink.mails) == 25
    names = {customer.name for customer in Customer.objects.all()}
    guids = dict(Customer.objects.values_list("name", "subscriptions__guid"))
    for mail, to in zip(sink.mails, sink.to, strict=True):
        whole = "".join(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")  # type: ignore[attr-defined]
        own = to[0].removeprefix("a@").removesuffix(".example").title()
        assert {name for name in names if name in whole} == {own}
        assert {name for name, guid in guids.items() if str(guid) in whole} == {own}
        assert to == [mail["To"]]


def test_a_server_that_drips_holds_a_run_no_longer_than_one_that_is_silent(
    nordlys: Customer, settings: LazySettings, edition_row: PolicyEdition
) -> None:
    """A byte now and then keeps every limit of the socket; three answers that never come rest the mail."""
    settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = "portal.bounded_smtp.EmailBackend", 0.3
    with dripping() as port:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        message.tell_customer(MessageKind.ACCESS_CHANGED, key="one", customer=nordlys, now=NOW, context={})
        factories.member(nordlys, factories.person("henrik@nordlys.example"))
        message.tell_customer(MessageKind.ACCESS_CHANGED, key="two", customer=nordlys, now=NOW, context={})
        deliver(NOW)
    run = JobRun.objects.get(duty=Duty.DELIVERY)
    assert run.error == "no_mail_server"
    assert OutboundMessage.objects.get().state == MessageState.QUEUED


@contextmanager
def dripping() -> Iterator[int]:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        callers: list[socket.socket] = []

        def serve() -> None:
            while not over.is_set():
                with suppress(OSError):
                    callers.append(server.accept()[0])
                for caller in callers:
                    with suppress(OSError):
                        caller.sendall(b"2")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            thread.join(5)
            for caller in callers:
                caller.close()
