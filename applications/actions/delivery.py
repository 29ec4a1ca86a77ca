"""Floor 4: from rows of the outbox to accepted mails, so that nothing is lost at any kill (promises P3, P4).

A message is claimed by a lease before the try, handed over outside any transaction, and confirmed. Who dies in between
leaves a lease that runs out: the message is tried again with the same Message-ID, three times at most, then a
person looks.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from applications.actions import audit, message
from applications.enums import (
    OPEN_MESSAGE_STATES,
    AttentionCode,
    ContactState,
    MessageKind,
    MessageState,
    ReminderState,
    Role,
)
from applications.models import (
    ANNOUNCEMENT,
    Attention,
    Contact,
    Customer,
    MailSwitch,
    OutboundMessage,
    Reminder,
    User,
)
from applications.queries.deadlines import read_ending
from applications.queries.message import has_newer, zone_of
from applications.rules.deadlines import SendHours, next_decent
from applications.rules.policy import Edition

LEASE = timedelta(minutes=5)
MOST_UNKNOWN = 3
MOST_TRIES = 10
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=12)
PAUSE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
WARNINGS = (MessageKind.REMINDER, MessageKind.ANNOUNCEMENT, MessageKind.ACCESS_ENDED)
REACHED = (MessageState.SENT, MessageState.DELIVERED)


# --- who is told ---


def recipients_of(customer: Customer) -> list[User | Contact]:
    """Every owner, else the first contact that can be reached."""
    owners = User.objects.filter(
        memberships__customer=customer, memberships__role=Role.OWNER, is_active=True
    ).order_by("pk")
    return list(owners) or list(_reachable(customer)[:1])


def _reachable(customer: Customer) -> list[Contact]:
    return list(customer.contacts.filter(state=ContactState.OK).order_by("order", "pk"))


@transaction.atomic
def address_reminder(reminder: Reminder, *, edition: Edition, now: datetime) -> ReminderState:
    """Write the messages of a due reminder, one per recipient, each at a decent hour of theirs.

    Effects: `addressed_at` (once), then either the messages, or the end of the reminder: superseded by a newer one,
    not needed since nothing ends any more, undeliverable since there is nobody to tell (and attention). Returns the
    state it is left in.
    """
    mine = Reminder.objects.filter(pk=reminder.pk, addressed_at__isnull=True, state=ReminderState.DUE)
    if not mine.update(addressed_at=now):
        return ReminderState(Reminder.objects.values_list("state", flat=True).get(pk=reminder.pk))
    if has_newer(reminder):
        return _finish(reminder, ReminderState.SUPERSEDED, now)
    customer = reminder.customer
    ending = read_ending(customer, reminder.ends_at, now=now, edition=edition)
    if reminder.ends_at <= now or not ending.ends_something:
        return _finish(reminder, ReminderState.NOT_NEEDED, now)
    people = recipients_of(customer)
    if not people:
        _raise_nobody(customer, now)
        return _finish(reminder, ReminderState.UNDELIVERABLE, now)
    for person in people:
        _queue_reminder(reminder, person, edition, now)
    return ReminderState.DUE


def _queue_reminder(reminder: Reminder, person: User | Contact, edition: Edition, now: datetime) -> None:
    hours = SendHours(edition.limits.send_from_hour, edition.limits.send_until_hour)
    moved = next_decent(now, zone_of(person, reminder.customer, edition), hours)
    is_first = reminder.days_before == ANNOUNCEMENT
    message.queue(
        MessageKind.ANNOUNCEMENT if is_first else MessageKind.REMINDER,
        key=f"reminder:{reminder.pk}",
        to=person,
        now=now,
        due_at=moved if moved < reminder.ends_at else now,
        customer=reminder.customer,
        reminder=reminder,
    )


@transaction.atomic
def address_notice(notice: OutboundMessage, *, now: datetime) -> bool:
    """Give a notice to a customer its recipients: the first takes the row, the others get rows of their own.

    Nobody to tell: the notice is undeliverable and the customer needs attention. Returns whether it can be sent.
    """
    if notice.customer is None:
        return False
    people = recipients_of(notice.customer)
    waiting = OutboundMessage.objects.filter(pk=notice.pk, address="", state=MessageState.QUEUED)
    if not people:
        if waiting.update(state=MessageState.UNDELIVERABLE, finished_at=now, last_error="nobody"):
            _raise_nobody(notice.customer, now)
        return False
    first, *others = people
    user, contact = (first, None) if isinstance(first, User) else (None, first)
    if not waiting.update(address=first.email, user=user, contact=contact):
        return False
    for person in others:
        _queue_again(notice, person, now)
    return True


def _queue_again(sent: OutboundMessage, person: User | Contact, now: datetime) -> None:
    message.queue(
        MessageKind(sent.kind),
        key=cause_of(sent),
        to=person,
        now=now,
        customer=sent.customer,
        application=sent.application,
        reminder=sent.reminder,
        context=sent.context,
    )


def cause_of(sent: OutboundMessage) -> str:
    """What all messages about the same thing to the same customer share at the start of their key."""
    if sent.reminder_id:
        return f"reminder:{sent.reminder_id}"
    return ":".join(sent.key.split(":")[:3])


# --- one try ---


def claim(waiting: OutboundMessage, *, lease_from: datetime, now: datetime) -> bool:
    """Take a message for one try: counted and committed before it. False when somebody else has it.

    A lease that ran out is a try of unknown outcome; after the third the message waits for a person. `lease_from`
    is `now` and how long the run has lasted: a slow run does not lose what it holds.
    """
    ran_out = waiting.state == MessageState.SENDING
    unknown = waiting.unknown_outcomes + ran_out
    as_read = OutboundMessage.objects.filter(
        Q(state=MessageState.QUEUED) | Q(state=MessageState.SENDING, leased_until__lte=now),
        pk=waiting.pk,
        state=waiting.state,
        attempts=waiting.attempts,
    )
    if unknown >= MOST_UNKNOWN:
        with transaction.atomic():
            if as_read.update(
                state=MessageState.QUARANTINED, unknown_outcomes=unknown, finished_at=now, last_error="lease"
            ):
                _not_reached(waiting, now)
        return False
    touched = as_read.update(
        state=MessageState.SENDING,
        leased_until=lease_from + LEASE,
        attempts=F("attempts") + 1,
        unknown_outcomes=unknown,
    )
    waiting.attempts += 1
    waiting.unknown_outcomes = unknown
    waiting.state = MessageState.SENDING
    return touched == 1


def _mine(sent: OutboundMessage) -> Q:
    """Still this try: nobody took the message over since the claim."""
    return Q(pk=sent.pk, state=MessageState.SENDING, attempts=sent.attempts)


@transaction.atomic
def confirm(sent: OutboundMessage, *, subject: str, body: str, noticed: bool, now: datetime) -> None:
    """The mail server accepted it. Effects: message sent with its words, its reminder sent, the privacy notice given,
    the hour's count, and who could not be reached before is reached.
    """
    OutboundMessage.objects.filter(_mine(sent)).update(
        state=MessageState.SENT,
        finished_at=now,
        leased_until=None,
        last_error="",
        subject=subject[:250],
        body=body,
    )
    if sent.reminder_id:
        Reminder.objects.filter(pk=sent.reminder_id, state=ReminderState.DUE).update(
            state=ReminderState.SENT, finished_at=now
        )
    if noticed and sent.contact_id is not None:
        Contact.objects.filter(pk=sent.contact_id, noticed_at__isnull=True).update(noticed_at=now)
    if sent.kind in WARNINGS and sent.customer_id is not None:
        Attention.objects.filter(
            customer_id=sent.customer_id, code=AttentionCode.NOBODY_REACHED, settled_at__isnull=True
        ).update(settled_at=now)
    MailSwitch.objects.filter(pk=1).update(hour_count=F("hour_count") + 1)


@transaction.atomic
def drop(sent: OutboundMessage, *, now: datetime) -> None:
    """It is not true any more: message not needed; its reminder is superseded by a newer one, or not needed."""
    if not OutboundMessage.objects.filter(_mine(sent)).update(
        state=MessageState.NOT_NEEDED, finished_at=now, leased_until=None
    ):
        return
    reminder = sent.reminder
    if reminder is not None and reminder.state == ReminderState.DUE:
        newer = has_newer(reminder)
        _finish(reminder, ReminderState.SUPERSEDED if newer else ReminderState.NOT_NEEDED, now)


@transaction.atomic
def postpone(sent: OutboundMessage, *, error: str, now: datetime, counts: bool = True) -> None:
    """The server did not take it now: another try later, waiting twice as long each time; in the end undeliverable.

    `counts` is false when the fault was not the message's.
    """
    if counts and sent.attempts >= MOST_TRIES:
        refuse(sent, state=MessageState.UNDELIVERABLE, error=error, now=now)
        return
    _retry(sent, error, sent.unknown_outcomes, now)


@transaction.atomic
def unknown(sent: OutboundMessage, *, error: str, now: datetime) -> None:
    """Nobody knows whether it arrived. Three times at most, then it waits for a person and the next contact is told."""
    count = sent.unknown_outcomes + 1
    if count < MOST_UNKNOWN:
        _retry(sent, error, count, now)
        return
    if OutboundMessage.objects.filter(_mine(sent)).update(
        state=MessageState.QUARANTINED,
        finished_at=now,
        leased_until=None,
        unknown_outcomes=count,
        last_error=error,
    ):
        _not_reached(sent, now)


def _retry(sent: OutboundMessage, error: str, unknown_outcomes: int, now: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** min(sent.attempts - 1, 10), LONGEST_WAIT)
    OutboundMessage.objects.filter(_mine(sent)).update(
        state=MessageState.QUEUED,
        due_at=now + wait,
        leased_until=None,
        unknown_outcomes=unknown_outcomes,
        last_error=error,
    )


@transaction.atomic
def refuse(sent: OutboundMessage, *, state: MessageState, error: str, now: datetime) -> None:
    """It will never arrive there: bounced, suppressed or undeliverable. Effects: the message, its contact's state,
    the next contact or the list "nobody was reached".
    """
    if not OutboundMessage.objects.filter(_mine(sent)).update(
        state=state, finished_at=now, leased_until=None, last_error=error
    ):
        return
    if state == MessageState.BOUNCED:
        _mark_bounced(sent, now)
    _not_reached(sent, now)


@transaction.atomic
def record_bounce(sent: OutboundMessage, *, now: datetime) -> bool:
    """A bounce that was reported after the server had accepted the mail. The reminder stays sent (design §7).

    Effects: message and contact bounced, the next contact or the list "nobody was reached". Once.
    """
    if not OutboundMessage.objects.filter(pk=sent.pk, state__in=REACHED).update(
        state=MessageState.BOUNCED, finished_at=now
    ):
        return False
    _mark_bounced(sent, now)
    _not_reached(sent, now)
    return True


def _mark_bounced(sent: OutboundMessage, now: datetime) -> None:
    if sent.customer_id is None:
        return
    Contact.objects.filter(
        customer_id=sent.customer_id, email__iexact=sent.address, state=ContactState.OK
    ).update(state=ContactState.BOUNCED, state_changed_at=now)


# --- nobody reached ---


def _not_reached(sent: OutboundMessage, now: datetime) -> None:
    """A warning did not arrive: the next contact, unless another message about it arrived or is on its way."""
    if sent.kind not in WARNINGS or sent.customer is None:
        return
    cause = cause_of(sent)
    about_it = OutboundMessage.objects.filter(Q(key=cause) | Q(key__startswith=f"{cause}:"))
    if about_it.filter(state__in=[*OPEN_MESSAGE_STATES, *REACHED]).exists():
        return
    told = {address.lower() for address in about_it.values_list("address", flat=True)}
    following = next((one for one in _reachable(sent.customer) if one.email.lower() not in told), None)
    if following is not None:
        _queue_again(sent, following, now)
        return
    if sent.reminder is not None:
        _finish(sent.reminder, ReminderState.UNDELIVERABLE, now)
    _raise_nobody(sent.customer, now)


def _raise_nobody(customer: Customer, now: datetime) -> None:
    Attention.objects.bulk_create(
        [Attention(customer=customer, code=AttentionCode.NOBODY_REACHED, raised_at=now)],
        ignore_conflicts=True,
    )


def _finish(reminder: Reminder, state: ReminderState, now: datetime) -> ReminderState:
    Reminder.objects.filter(pk=reminder.pk, state=ReminderState.DUE).update(state=state, finished_at=now)
    return state


# --- the switch ---


def switch(*, now: datetime) -> MailSwitch:
    """The row that governs all mail, with the count of the hour that `now` belongs to."""
    row, _made = MailSwitch.objects.get_or_create(pk=1)
    if row.hour_began_at is None or not row.hour_began_at <= now < row.hour_began_at + HOUR:
        row.hour_began_at, row.hour_count = now, 0
        MailSwitch.objects.filter(pk=1).update(hour_began_at=now, hour_count=0)
    return row


@transaction.atomic
def stop_mail(*, by: User, now: datetime, reason: str) -> bool:
    """An operator stops all mail. Effects: the switch, an audit row. False when it is stopped already."""
    switch(now=now)
    if not MailSwitch.objects.filter(pk=1, stopped_at__isnull=True).update(stopped_at=now, stopped_by=by):
        return False
    audit.record("mail.stopped", by=by, now=now, reason=reason)
    return True


@transaction.atomic
def start_mail(*, by: User, now: datetime) -> bool:
    """An operator lets mail go again. Effects: the switch, an audit row. False when it was not stopped."""
    if not MailSwitch.objects.filter(pk=1, stopped_at__isnull=False).update(stopped_at=None, stopped_by=None):
        return False
    audit.record("mail.started", by=by, now=now)
    return True


def pause_mail(*, now: datetime) -> None:
    """The mail server does not answer: no run tries it for a while."""
    MailSwitch.objects.filter(pk=1).update(paused_until=now + PAUSE)
