"""Delivery: nothing lost at any kill, three of one at most, and one bad row never stops the others (P3, P4)."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications import emails
from applications.actions import delivery, message
from applications.enums import (
    AttentionCode,
    ContactState,
    Duty,
    MessageKind,
    MessageState,
    ReminderState,
)
from applications.jobs import delivery as job
from applications.jobs import mailing
from applications.jobs.delivery import deliver
from applications.jobs.ends import close_ended
from applications.models import (
    Attention,
    AuditEvent,
    Customer,
    JobRun,
    MailSwitch,
    OutboundMessage,
    PolicyEdition,
    Reminder,
    User,
)
from applications.rules.policy import Edition
from tests import factories

NOW = factories.NOW  # 16:40 in Copenhagen: a decent hour
FACE = "face.identification"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


class Killed(BaseException):
    """The process dies here: nothing below may catch it."""


class Server:
    """A mail server that answers as told: an exception, or None to accept. `sent` is what it accepted."""

    def __init__(self) -> None:
        self.answers: list[BaseException | None] = []
        self.always: BaseException | None = None
        self.opens: Exception | None = None
        self.sent: list[EmailMessage] = []
        self.seen: list[EmailMessage] = []
        self.before: Callable[[], None] = lambda: None

    def open(self) -> None:
        if self.opens:
            raise self.opens

    def close(self) -> None:
        pass

    def send_messages(self, messages: list[EmailMessage]) -> int:
        self.before()
        self.seen += messages
        answer = self.answers.pop(0) if self.answers else self.always
        if answer:
            raise answer
        self.sent += messages
        return len(messages)

    @property
    def told(self) -> list[str]:
        return [message.to[0] for message in self.sent]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    found = Server()
    monkeypatch.setattr(mailing, "get_connection", lambda: found)
    return found


@pytest.fixture
def contacts(nordlys: Customer) -> list[str]:
    addresses = ["first@nordlys.example", "second@nordlys.example", "third@nordlys.example"]
    for order, address in enumerate(addresses):
        factories.contact(nordlys, address, order=order)
    return addresses


@pytest.fixture
def due(nordlys: Customer, edition_row: PolicyEdition, end: datetime) -> Reminder:
    """A reminder of the grace year that is due."""
    factories.grace(factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}), FACE)
    return Reminder.objects.create(customer=nordlys, ends_at=end, days_before=60, due_at=NOW, recorded_at=NOW)


def letter(to: User, key: str = "one") -> OutboundMessage:
    message.queue(MessageKind.ACCESS_CHANGED, key=key, to=to, now=NOW, customer=to.memberships.get().customer)
    return OutboundMessage.objects.latest("pk")


def state_of(row: Reminder | OutboundMessage) -> str:
    row.refresh_from_db()
    return row.state


def refused(code: int) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({"x@y.example": (code, b"no")})


# --- the way of a message ---


def test_a_message_is_accepted_once_and_keeps_what_was_said(owner: User, server: Server) -> None:
    row = letter(owner)
    assert deliver(NOW) == {"sent": 1}
    assert deliver(NOW) == {}
    assert state_of(row) == MessageState.SENT
    assert (row.attempts, row.finished_at, row.leased_until) == (1, NOW, None)
    assert row.subject == server.sent[0].subject
    assert row.body == server.sent[0].body
    assert server.told == [owner.email]


def test_the_real_backend_is_used(owner: User) -> None:
    letter(owner)
    deliver(NOW)
    assert [sent.to for sent in mail.outbox] == [[owner.email]]
    assert len({sent.extra_headers["Message-ID"] for sent in mail.outbox}) == 1


def test_a_message_waits_until_it_is_due(owner: User, server: Server) -> None:
    OutboundMessage.objects.filter(pk=letter(owner).pk).update(due_at=NOW + MINUTE)
    assert deliver(NOW + MINUTE - timedelta.resolution) == {}
    assert deliver(NOW + MINUTE) == {"sent": 1}


def test_the_claim_is_committed_before_the_try_and_nothing_is_open_during_it(
    owner: User, server: Server
) -> None:
    row = letter(owner)
    seen: list[tuple[str, int]] = []
    server.before = lambda: seen.append((state_of(row), row.attempts))
    deliver(NOW)
    assert seen == [(MessageState.SENDING, 1)]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_is_asked(owner: User, server: Server) -> None:
    letter(owner)
    open_during: list[bool] = []
    server.before = lambda: open_during.append(connection.in_atomic_block)
    deliver(NOW)
    assert open_during == [False]


# --- kills ---


def test_a_kill_between_claim_and_confirm_loses_nothing_and_repeats_the_message_id(
    owner: User, server: Server
) -> None:
    row = letter(owner)
    server.answers = [Killed()]
    with pytest.raises(Killed):
        deliver(NOW)
    assert state_of(row) == MessageState.SENDING
    assert deliver(NOW + MINUTE) == {}
    assert deliver(NOW + delivery.LEASE + MINUTE) == {"sent": 1}
    assert state_of(row) == MessageState.SENT
    assert len({sent.extra_headers["Message-ID"] for sent in server.seen}) == 1
    assert len(server.seen) == 2


def test_after_three_kills_a_person_looks(owner: User, server: Server) -> None:
    row = letter(owner)
    server.always = Killed()
    now = NOW
    for _kill in range(3):
        with pytest.raises(Killed):
            deliver(now)
        now += delivery.LEASE + MINUTE
    assert deliver(now) == {"not_claimed": 1}
    assert state_of(row) == MessageState.QUARANTINED
    assert len(server.seen) == 3
    assert deliver(now + timedelta(days=1)) == {}


def test_tries_of_unknown_outcome_are_three_at_most(owner: User, server: Server) -> None:
    row = letter(owner)
    server.always = smtplib.SMTPServerDisconnected("gone")
    now = NOW
    for _day in range(6):
        deliver(now)
        now += timedelta(days=1)
    assert state_of(row) == MessageState.QUARANTINED
    assert len(server.seen) == 3


def test_who_took_over_an_expired_lease_is_not_overwritten(owner: User, server: Server) -> None:
    row = letter(owner)
    slow = OutboundMessage.objects.get(pk=row.pk)
    assert delivery.claim(slow, lease_from=NOW, now=NOW)
    later = NOW + delivery.LEASE
    fast = OutboundMessage.objects.get(pk=row.pk)
    assert delivery.claim(fast, lease_from=later, now=later)
    delivery.postpone(slow, error="421", now=later)
    assert state_of(row) == MessageState.SENDING
    assert not delivery.claim(
        OutboundMessage(pk=row.pk, state="queued", attempts=0), lease_from=later, now=later
    )


def test_a_row_that_was_tried_and_put_back_meanwhile_is_not_tried_too_early(
    owner: User, server: Server
) -> None:
    row = letter(owner)
    stale = OutboundMessage.objects.get(pk=row.pk)
    server.answers = [refused(450)]
    deliver(NOW)
    assert not delivery.claim(stale, lease_from=NOW, now=NOW)
    assert (state_of(row), row.attempts) == (MessageState.QUEUED, 1)


# --- what the server says ---


@pytest.mark.parametrize(
    ("error", "state", "next_try"),
    [
        (refused(450), MessageState.QUEUED, delivery.FIRST_WAIT),
        (smtplib.SMTPDataError(451, b"later"), MessageState.QUEUED, delivery.FIRST_WAIT),
        (refused(550), MessageState.BOUNCED, None),
        (smtplib.SMTPDataError(554, b"spam"), MessageState.UNDELIVERABLE, None),
        (ValueError("header"), MessageState.UNDELIVERABLE, None),
        (smtplib.SMTPNotSupportedError("utf8"), MessageState.UNDELIVERABLE, None),
        (smtplib.SMTPSenderRefused(550, b"you", "x"), MessageState.QUEUED, delivery.FIRST_WAIT),
        (TimeoutError(), MessageState.QUEUED, delivery.FIRST_WAIT),
    ],
)
def test_an_answer_is_read(
    owner: User, server: Server, error: Exception, state: MessageState, next_try: timedelta | None
) -> None:
    row = letter(owner)
    server.answers = [error]
    deliver(NOW)
    assert state_of(row) == state
    assert row.due_at == NOW + (next_try or timedelta(0))
    assert (row.finished_at is None) is (state == MessageState.QUEUED)
    assert "@" not in row.last_error


def test_waiting_grows_and_ends(owner: User, server: Server) -> None:
    row = letter(owner)
    server.always = refused(451)
    now, waits = NOW, []
    while state_of(row) == MessageState.QUEUED:
        deliver(row.due_at)
        row.refresh_from_db()
        waits.append(row.due_at - now)
        now = row.due_at
    assert row.state == MessageState.UNDELIVERABLE
    assert len(waits) == delivery.MOST_TRIES
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (5, 10, 20, 40)]
    assert max(waits) == delivery.LONGEST_WAIT


def test_one_bad_row_never_stops_the_others(
    owner: User, colleague: User, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, good = letter(owner, "bad"), letter(colleague, "good")
    real = emails.render

    def render(sent: OutboundMessage, **given: object) -> emails.Mail | None:
        if sent.pk == poisoned.pk:
            raise ZeroDivisionError
        return real(sent, **given)

    monkeypatch.setattr(emails, "render", render)
    now = NOW
    for _run in range(4):
        deliver(now)
        now += timedelta(days=1)
    assert state_of(good) == MessageState.SENT
    assert state_of(poisoned) == MessageState.QUARANTINED
    assert poisoned.attempts == 3


def test_a_server_that_does_not_open_burns_no_try_and_rests(owner: User, server: Server) -> None:
    row = letter(owner)
    server.opens = ConnectionRefusedError()
    deliver(NOW)
    assert (state_of(row), row.attempts) == (MessageState.QUEUED, 0)
    assert JobRun.objects.latest("pk").error == "no_mail_server"
    server.opens = None
    assert deliver(NOW + MINUTE) == {}
    assert JobRun.objects.latest("pk").error == "paused"
    assert deliver(NOW + delivery.PAUSE) == {"sent": 1}


def test_a_server_that_breaks_off_each_time_is_left_alone_after_three(owner: User, server: Server) -> None:
    rows = [letter(owner, f"number {number}") for number in range(6)]
    server.always = smtplib.SMTPServerDisconnected("gone")
    deliver(NOW)
    assert len(server.seen) == job.MOST_FAILURES
    assert [state_of(row) for row in rows].count(MessageState.QUEUED) == 6
    server.always = None
    assert deliver(NOW + timedelta(hours=1)) == {"sent": 6}


# --- the switch and the ceilings ---


def test_a_stopped_switch_stops_all_mail(owner: User, operator: User, server: Server) -> None:
    letter(owner)
    assert delivery.stop_mail(by=operator, now=NOW, reason="a backup was restored")
    assert not delivery.stop_mail(by=operator, now=NOW, reason="twice")
    assert deliver(NOW) == {"stopped": 1}
    assert server.seen == []
    assert delivery.start_mail(by=operator, now=NOW)
    assert not delivery.start_mail(by=operator, now=NOW)
    assert deliver(NOW) == {"sent": 1}
    assert [
        event.action for event in AuditEvent.objects.filter(action__startswith="mail.").order_by("pk")
    ] == [
        "mail.stopped",
        "mail.started",
    ]


def test_ceilings_by_run_and_by_hour(owner: User, server: Server) -> None:
    for number in range(7):
        letter(owner, f"number {number}")
    MailSwitch.objects.create(pk=1, per_run=3, per_hour=5)
    assert deliver(NOW)["sent"] == 3
    assert deliver(NOW + MINUTE)["sent"] == 2
    assert deliver(NOW + 2 * MINUTE) == {}
    assert deliver(NOW + delivery.HOUR)["sent"] == 2


def test_a_run_stops_when_its_time_is_used_up(owner: User, server: Server) -> None:
    letter(owner)
    assert deliver(NOW, budget_s=0) == {}
    assert deliver(NOW) == {"sent": 1}


# --- reminders ---


def test_each_owner_is_told_and_the_reminder_is_sent(
    due: Reminder, owner: User, nordlys: Customer, contacts: list[str], server: Server
) -> None:
    second = factories.member(nordlys, factories.person("ida@nordlys.example"))
    assert deliver(NOW) == {"addressed": 1, "sent": 2}
    assert sorted(server.told) == sorted([owner.email, second.email])
    assert state_of(due) == ReminderState.SENT
    assert due.finished_at == NOW
    assert deliver(NOW + MINUTE) == {}


def test_without_owner_the_first_contact_is_told_and_noticed(
    due: Reminder, colleague: User, contacts: list[str], nordlys: Customer, server: Server
) -> None:
    deliver(NOW)
    assert server.told == contacts[:1]
    assert nordlys.contacts.get(email=contacts[0]).noticed_at == NOW
    assert nordlys.contacts.get(email=contacts[1]).noticed_at is None


def test_a_message_leaves_at_a_decent_hour_of_its_recipient(
    due: Reminder, nordlys: Customer, server: Server
) -> None:
    factories.contact(nordlys, "far@nordlys.example", time_zone="Asia/Tokyo")
    assert deliver(NOW) == {"addressed": 1}
    row = OutboundMessage.objects.get()
    assert row.due_at == datetime(2023, 5, 16, 0, 0, tzinfo=NOW.tzinfo)
    assert deliver(row.due_at) == {"sent": 1}


def test_a_bounce_moves_on_to_the_next_contact_and_the_last_one_to_a_person(
    due: Reminder, contacts: list[str], nordlys: Customer, server: Server
) -> None:
    server.answers = [refused(550), smtplib.SMTPDataError(554, b"no")]
    deliver(NOW)
    assert server.told == [contacts[2]]
    assert state_of(due) == ReminderState.SENT
    states = list(nordlys.contacts.values_list("state", flat=True))
    assert states == [ContactState.BOUNCED, ContactState.OK, ContactState.OK]
    assert not Attention.objects.exists()


def test_nobody_reached_is_undeliverable_and_needs_attention_until_somebody_is(
    due: Reminder, contacts: list[str], nordlys: Customer, server: Server, end: datetime
) -> None:
    server.always = refused(550)
    deliver(NOW)
    assert state_of(due) == ReminderState.UNDELIVERABLE
    attention = Attention.objects.get(code=AttentionCode.NOBODY_REACHED)
    assert attention.settled_at is None
    server.always = None
    factories.contact(nordlys, "new@nordlys.example", order=9)
    following = Reminder.objects.create(
        customer=nordlys, ends_at=end, days_before=30, due_at=NOW, recorded_at=NOW
    )
    deliver(NOW + MINUTE)
    assert state_of(following) == ReminderState.SENT
    attention.refresh_from_db()
    assert attention.settled_at == NOW + MINUTE


def test_a_customer_without_anybody_is_listed_at_once(due: Reminder, server: Server) -> None:
    assert deliver(NOW) == {"undeliverable": 1}
    assert state_of(due) == ReminderState.UNDELIVERABLE
    assert Attention.objects.get().code == AttentionCode.NOBODY_REACHED


def test_a_suppressed_contact_is_passed_over(
    due: Reminder, contacts: list[str], nordlys: Customer, server: Server
) -> None:
    delivery.address_reminder(due, edition=factories.read_file(), now=NOW)
    nordlys.contacts.filter(email=contacts[0]).update(state=ContactState.SUPPRESSED)
    deliver(NOW)
    assert server.told == contacts[1:2]
    assert OutboundMessage.objects.get(address=contacts[0]).state == MessageState.SUPPRESSED


def test_a_bounced_owner_among_two_opens_no_contact(
    due: Reminder, owner: User, nordlys: Customer, contacts: list[str], server: Server
) -> None:
    factories.member(nordlys, factories.person("ida@nordlys.example"))
    server.answers = [refused(550)]
    deliver(NOW)
    assert server.told == ["ida@nordlys.example"]
    assert OutboundMessage.objects.count() == 2


def test_a_late_bounce_leaves_the_reminder_sent_and_opens_the_next_contact(
    due: Reminder, contacts: list[str], nordlys: Customer, server: Server
) -> None:
    deliver(NOW)
    row = OutboundMessage.objects.get()
    assert delivery.record_bounce(row, now=NOW + MINUTE)
    assert not delivery.record_bounce(row, now=NOW + MINUTE)
    deliver(NOW + MINUTE)
    assert server.told == contacts[:2]
    assert state_of(due) == ReminderState.SENT
    assert due.finished_at == NOW


def test_an_approval_in_between_makes_it_not_needed(
    due: Reminder, owner: User, nordlys: Customer, server: Server
) -> None:
    delivery.address_reminder(due, edition=factories.read_file(), now=NOW)
    factories.right(nordlys.subscriptions.get(), FACE)
    assert deliver(NOW) == {"not_needed": 1}
    assert state_of(due) == ReminderState.NOT_NEEDED
    assert server.seen == []


def test_a_reminder_whose_messages_were_not_written_is_not_needed_either(
    due: Reminder, owner: User, nordlys: Customer, server: Server
) -> None:
    factories.right(nordlys.subscriptions.get(), FACE)
    assert deliver(NOW) == {"not_needed": 1}
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize("addressed", [True, False])
def test_of_two_waiting_reminders_only_the_newest_goes_out(
    due: Reminder, owner: User, nordlys: Customer, end: datetime, server: Server, addressed: bool
) -> None:
    if addressed:
        delivery.address_reminder(due, edition=factories.read_file(), now=NOW)
    newer = Reminder.objects.create(
        customer=nordlys, ends_at=end, days_before=30, due_at=NOW, recorded_at=NOW
    )
    deliver(NOW)
    assert len(server.sent) == 1
    assert state_of(due) == ReminderState.SUPERSEDED
    assert state_of(newer) == ReminderState.SENT
    assert OutboundMessage.objects.filter(reminder=due).count() == addressed


def test_after_the_end_a_reminder_is_not_needed(
    due: Reminder, owner: User, end: datetime, server: Server
) -> None:
    assert deliver(end) == {"not_needed": 1}
    assert state_of(due) == ReminderState.NOT_NEEDED


def test_a_customer_who_cannot_be_read_does_not_stop_the_others(
    due: Reminder, owner: User, end: datetime, stranger: User, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    banco = stranger.memberships.get().customer
    factories.grace(factories.subscription(banco, used={"face": factories.BEFORE_THE_CUT}), FACE)
    Reminder.objects.create(customer=banco, ends_at=end, days_before=60, due_at=NOW + MINUTE, recorded_at=NOW)
    real = delivery.read_ending

    def read(customer: Customer, *given: object, **more: object) -> object:
        if customer.pk == due.customer_id:
            raise ZeroDivisionError
        return real(customer, *given, **more)

    monkeypatch.setattr(delivery, "read_ending", read)
    assert deliver(NOW + MINUTE) == {"failed": 1, "addressed": 1, "sent": 1}
    assert state_of(due) == ReminderState.DUE
    assert due.addressed_at is None


# --- notices of an end ---


def test_a_notice_gets_its_recipients_when_it_is_handed_over(
    due: Reminder, owner: User, nordlys: Customer, end: datetime, server: Server
) -> None:
    Reminder.objects.all().delete()
    close_ended(end)
    second = factories.member(nordlys, factories.person("ida@nordlys.example"))
    deliver(end)
    assert sorted(server.told) == sorted([owner.email, second.email])
    assert all("access has ended" in sent.subject for sent in server.sent)
    assert deliver(end + MINUTE) == {}


def test_a_notice_is_not_needed_when_an_approval_landed_meanwhile(
    due: Reminder, owner: User, nordlys: Customer, end: datetime, server: Server
) -> None:
    Reminder.objects.all().delete()
    close_ended(end)
    factories.right(nordlys.subscriptions.get(), FACE, starts_at=end)
    assert deliver(end) == {"not_needed": 1}
    assert server.seen == []


def test_a_notice_with_nobody_to_tell_is_listed(due: Reminder, end: datetime, server: Server) -> None:
    Reminder.objects.all().delete()
    close_ended(end)
    assert deliver(end) == {"undeliverable": 1}
    assert Attention.objects.get().code == AttentionCode.NOBODY_REACHED


def test_a_bounced_notice_goes_to_the_next_contact(
    due: Reminder, contacts: list[str], end: datetime, server: Server
) -> None:
    Reminder.objects.all().delete()
    close_ended(end)
    server.answers = [refused(550)]
    deliver(end)
    assert server.told == contacts[1:2]


# --- account mails, editions, statements ---


def test_a_message_about_the_policy_waits_for_an_edition(due: Reminder, owner: User, server: Server) -> None:
    delivery.address_reminder(due, edition=factories.read_file(), now=NOW)
    PolicyEdition.objects.all().update(in_force=False)
    assert deliver(NOW) == {"later": 1}
    assert server.seen == []


def test_the_text_of_a_link_is_not_kept(owner: User, server: Server) -> None:
    message.queue(MessageKind.ACCOUNT_RESET, key="reset", to=owner.email, now=NOW, context={"user": owner.pk})
    deliver(NOW)
    row = OutboundMessage.objects.get()
    assert "/accounts/password/reset/key/" in server.sent[0].body
    assert (row.state, row.body) == (MessageState.SENT, "")


def test_statements_a_message_do_not_depend_on_how_many_wait(owner: User, server: Server) -> None:
    counts = []
    delivery.switch(now=NOW)
    letter(owner, "first")
    deliver(NOW)  # reads what a process reads once
    for number in (1, 10, 20):
        for each in range(number):
            letter(owner, f"{number} {each}")
        with CaptureQueriesContext(connection) as seen:
            deliver(NOW)
        counts.append(len(seen))
    assert (counts[1] - counts[0]) * 10 == (counts[2] - counts[1]) * 9
    assert (counts[1] - counts[0]) // 9 <= 6


@pytest.fixture(autouse=True)
def _one_run_row_each(db: None) -> Iterator[None]:
    yield
    assert not JobRun.objects.filter(finished_at__isnull=True).exists()
    assert not JobRun.objects.exclude(duty__in=Duty.values).exists()
