"""Floor 4: an operator settles why a customer needed attention: a contact added, a letter posted, or dismissed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from applications.actions import audit, message
from applications.enums import AttentionCode, ContactState, MessageKind, ReminderState, SettledBy
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import Attention, Contact, Customer, Reminder, User
from applications.permissions import Can, require
from applications.queries.attention import MOST
from applications.rules.identifiers import clean_text, normalise_email

WHY_MAX = 500
OLDEST_POST = timedelta(days=366)


@transaction.atomic
def add_contact(
    attention: Attention, *, name: str, email: str, language: str, by: User, now: datetime
) -> Contact:
    """An operator names a person of the customer, who is then warned. Whoever signs up with the address speaks for it.

    Effects, in order: the contact (one that had bounced is tried anew), an audit row, the newest warning that reached
    nobody queued to it, the reason settled: that nobody was reached is settled only when a warning is accepted, unless
    there is none to send. Raises NotAllowed, NotPossibleNow (settled already), InvalidInput (`email`).
    """
    require(by, Can.OPERATE)
    address = normalise_email(email)
    if not address:
        raise InvalidInput(
            {"email": _("This is not an e-mail address. Write it like name@organisation.example.")}
        )
    customer = attention.customer
    _hold(attention)
    standing = Contact.objects.filter(customer=customer, email=address).first()
    if standing is not None and standing.state == ContactState.OK:
        raise InvalidInput({"email": _("We have this contact already. Name somebody else.")})
    if standing is None:
        last = customer.contacts.aggregate(last=Max("order"))["last"]
        contact = Contact.objects.create(
            customer=customer,
            name=clean_text(name)[:150],
            email=address,
            language=language,
            order=0 if last is None else last + 1,
        )
    else:
        contact = standing
        Contact.objects.filter(pk=contact.pk).update(state=ContactState.OK, state_changed_at=now)
    audit.record(
        "contact.added",
        by=by,
        now=now,
        customer_id=customer.pk,
        target=contact,
        data={"code": attention.code, "again": standing is not None},
    )
    is_warned = _warn_again(customer, contact, now)
    if not (is_warned and attention.code == AttentionCode.NOBODY_REACHED):
        _settle(attention, SettledBy.CONTACT, by, now)
    return contact


def _warn_again(customer: Customer, contact: Contact, now: datetime) -> bool:
    """Queue the newest warning of the next deadline to the contact, when it reached nobody. Whether there was one."""
    newest = (
        Reminder.objects.filter(customer=customer, ends_at__gt=now)
        .exclude(state=ReminderState.SUPERSEDED)
        .order_by("ends_at", "days_before")
        .first()
    )
    if newest is None or newest.state != ReminderState.UNDELIVERABLE:
        return False
    message.queue(
        MessageKind.REMINDER,
        key=f"reminder:{newest.pk}",
        to=contact,
        now=now,
        customer=customer,
        reminder=newest,
    )
    return True


@transaction.atomic
def mark_posted(attentions: Sequence[Attention], *, on: date, by: User, now: datetime) -> int:
    """Letters to these customers went out by post on a day. Returns how many reasons that settled, at most MOST.

    Effects per reason that is still open: settled with the day, an audit row. A second click settles none. Raises
    NotAllowed, InvalidInput (`on`: in the future, or more than a year ago).
    """
    require(by, Can.OPERATE)
    if not now.date() - OLDEST_POST <= on <= now.date():
        raise InvalidInput(
            {"on": _("Choose the day on which it was posted: today, or a day of the last year.")}
        )
    return sum(
        _settle(one, SettledBy.POSTED, by, now, posted_on=on, data={"on": f"{on:%F}"})
        for one in attentions[:MOST]
    )


@transaction.atomic
def dismiss(attention: Attention, *, reason: str, by: User, now: datetime) -> None:
    """Nothing has to be done. Effects: settled, an audit row with the reason.

    Raises NotAllowed, NotPossibleNow (settled already), InvalidInput (`reason`).
    """
    require(by, Can.OPERATE)
    why = clean_text(reason, multiline=True)[:WHY_MAX]
    if not why:
        raise InvalidInput({"reason": _("Say why. The record keeps it.")})
    _hold(attention)
    _settle(attention, SettledBy.DISMISSED, by, now, reason=why)


def _hold(attention: Attention) -> None:
    """Nobody else settles it until this transaction ends. Raises NotPossibleNow when somebody has."""
    held = Attention.objects.filter(pk=attention.pk, settled_at=None)
    if not held.update(raised_at=F("raised_at")):
        raise NotPossibleNow(_("Somebody has settled this already."))


def _settle(
    attention: Attention,
    how: SettledBy,
    by: User,
    now: datetime,
    *,
    posted_on: date | None = None,
    reason: str = "",
    data: dict[str, str] | None = None,
) -> bool:
    standing = Attention.objects.filter(pk=attention.pk, settled_at=None)
    if not standing.update(settled_at=now, settled_by=by, settled_how=how, posted_on=posted_on):
        return False
    audit.record(
        f"attention.{how.value}",
        by=by,
        now=now,
        customer_id=attention.customer_id,
        target=attention,
        data={"code": attention.code, **(data or {})},
        reason=reason,
    )
    return True
