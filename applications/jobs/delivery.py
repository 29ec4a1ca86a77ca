"""Floor 5: hands messages over, so that nothing is lost and nothing stops the others (promises P3, P4)."""

from collections.abc import Iterator
from datetime import datetime

import structlog

from applications import emails
from applications.actions import delivery, mail_event
from applications.enums import Duty, MessageState, ReminderState
from applications.exceptions import NoEdition
from applications.jobs.mailing import Answer, MailServer
from applications.jobs.run import Run, recorded
from applications.models import MailSwitch, OutboundMessage, Reminder
from applications.queries.message import is_reachable, to_hand_over, unaddressed, waiting
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition

log = structlog.get_logger("applications.delivery")
CHUNK = 100
MOST_FAILURES = 3
"""Faults of the server in a row after which a run gives up and mail rests for some minutes."""


def deliver(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Address what is due and hand it over, up to the ceilings. Returns what became of how many."""
    with recorded(Duty.DELIVERY, now, budget_s=budget_s) as run:
        switch = delivery.switch(now=now)
        if switch.stopped_at is not None:
            run.add(stopped=1)
        elif switch.paused_until is not None and now < switch.paused_until:
            run.error = "paused"
        else:
            _deliver(run, switch, now)
        return run.counts


def _deliver(run: Run, switch: MailSwitch, now: datetime) -> None:
    try:
        edition: Edition | None = edition_in_force()
    except NoEdition:
        edition = None
    if edition is not None:
        _address_reminders(run, edition, switch.per_run, now)
    server = MailServer()
    ceiling = min(switch.per_run, max(switch.per_hour - switch.hour_count, 0))
    try:
        for message in _to_try(run, ceiling, now):
            if not _ready(server):
                run.error = "no_mail_server"
                delivery.pause_mail(now=now)
                return
            _try(run, server, message, edition, now)
    finally:
        server.close()
        mail_event.settle_waiting(now=now)


def _ready(server: MailServer) -> bool:
    while server.failures < MOST_FAILURES:
        if server.is_open():
            return True
    return False


def _address_reminders(run: Run, edition: Edition, most: int, now: datetime) -> None:
    for reminder in _chunks_of_reminders(run, most, now):
        try:
            state = delivery.address_reminder(reminder, edition=edition, now=now)
        except Exception:
            # One poisoned customer must not stop the others; the row stays due and is tried at the next run.
            log.exception("reminder_not_addressed", reminder=reminder.pk)
            run.add(failed=1)
            continue
        run.add(**{"addressed" if state is ReminderState.DUE else state.value: 1})


def _chunks_of_reminders(run: Run, most: int, now: datetime) -> Iterator[Reminder]:
    seen: set[int] = set()
    while len(seen) < most and not run.is_over:
        chunk = list(unaddressed(now).exclude(pk__in=seen)[:CHUNK])
        if not chunk:
            return
        seen |= {reminder.pk for reminder in chunk}
        yield from chunk


def _to_try(run: Run, ceiling: int, now: datetime) -> Iterator[OutboundMessage]:
    """Each waiting message once a run, so that a row that cannot be moved does not turn the run into a loop."""
    seen: set[int] = set()
    while len(seen) < ceiling and not run.is_over:
        chunk = list(waiting(now).exclude(pk__in=seen)[: min(CHUNK, ceiling - len(seen))])
        if not chunk:
            return
        for message in chunk:
            seen.add(message.pk)
            if run.is_over:
                return
            yield message


def _try(
    run: Run, server: MailServer, message: OutboundMessage, edition: Edition | None, now: datetime
) -> None:
    """One try of one message; whatever goes wrong stays with this message."""
    if not message.address and not delivery.address_notice(message, now=now):
        run.add(undeliverable=1)
        return
    if not delivery.claim(message, lease_from=now + run.elapsed, now=now):
        run.add(not_claimed=1)
        return
    message = to_hand_over(message.pk)
    if not is_reachable(message):
        delivery.refuse(message, state=MessageState.SUPPRESSED, error="suppressed", now=now)
        run.add(suppressed=1)
        return
    try:
        mail = emails.render(message, edition=edition, now=now)
    except NoEdition:
        delivery.postpone(message, error="no_edition", now=now, counts=False)
        run.add(later=1)
        return
    except Exception:
        log.exception("message_not_rendered", message=message.pk)
        delivery.unknown(message, error="not_rendered", now=now)
        run.add(failed=1)
        return
    if mail is None:
        delivery.drop(message, now=now)
        run.add(not_needed=1)
        return
    answer, code = server.send(mail.as_email())
    _settle(message, mail, answer, code, now)
    run.add(**{"sent" if answer is Answer.ACCEPTED else answer.value: 1})


def _settle(message: OutboundMessage, mail: emails.Mail, answer: Answer, code: str, now: datetime) -> None:
    if answer is Answer.ACCEPTED:
        body = mail.text if mail.keeps_text else ""
        delivery.confirm(message, subject=mail.subject, body=body, noticed=mail.noticed, now=now)
        return
    log.warning("message_not_accepted", message=message.pk, answer=answer.value, code=code)
    if answer is Answer.BOUNCED:
        delivery.refuse(message, state=MessageState.BOUNCED, error=code, now=now)
    elif answer is Answer.REJECTED:
        delivery.refuse(message, state=MessageState.UNDELIVERABLE, error=code, now=now)
    elif answer is Answer.UNKNOWN:
        delivery.unknown(message, error=code, now=now)
    else:
        delivery.postpone(message, error=code, now=now, counts=answer is Answer.LATER)
