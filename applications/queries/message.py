"""Floor 3: what a message is about, read when it is handed over: rows of the outbox hold no verdict (design §7)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.db.models import Q, QuerySet
from django.urls import reverse

from applications.enums import (
    ChangeKind,
    ContactState,
    Digest,
    MessageKind,
    MessageState,
    ReminderState,
    State,
)
from applications.exceptions import NoEdition
from applications.models import (
    Application,
    Contact,
    Customer,
    Decision,
    InformationRequest,
    Invitation,
    JoinRequest,
    Mention,
    OutboundMessage,
    Proposal,
    Reminder,
    Subscription,
    TimeRequest,
    User,
)
from applications.queries.deadlines import read_ended, read_ending
from applications.queries.digest import digest
from applications.queries.team import invitation_token
from applications.rules.deadlines import days_left
from applications.rules.policy import Edition
from applications.rules.zones import zone_for

DIGEST_KEPT = timedelta(hours=12)
Facts = dict[str, Any]


def waiting(now: datetime) -> QuerySet[OutboundMessage]:
    """Messages to be tried now, the oldest first: queued and due, or left by somebody who died."""
    return (
        OutboundMessage.objects.filter(
            Q(state=MessageState.QUEUED) | Q(state=MessageState.SENDING, leased_until__lte=now),
            due_at__lte=now,
        )
        .select_related("customer")
        .order_by("due_at", "pk")
    )


def to_hand_over(pk: int) -> OutboundMessage:
    """A claimed message with all it speaks about, read now."""
    return OutboundMessage.objects.select_related(
        "customer", "application", "reminder", "reminder__customer", "user", "contact"
    ).get(pk=pk)


def is_reachable(sent: OutboundMessage) -> bool:
    """Whether its recipient may still be written to."""
    if sent.contact is not None:
        return sent.contact.state == ContactState.OK
    return sent.user is None or sent.user.is_active


def unaddressed(now: datetime) -> QuerySet[Reminder]:
    """Due reminders whose messages are not written yet, the oldest first."""
    return (
        Reminder.objects.filter(finished_at__isnull=True, addressed_at__isnull=True, due_at__lte=now)
        .select_related("customer")
        .order_by("due_at", "pk")
    )


def has_newer(reminder: Reminder) -> bool:
    """Whether a later step of the same deadline is recorded: only the newest goes out."""
    return (
        Reminder.objects.filter(
            customer_id=reminder.customer_id, ends_at=reminder.ends_at, days_before__lt=reminder.days_before
        )
        .exclude(state=ReminderState.SUPERSEDED)
        .exists()
    )


def zone_of(person: User | Contact | None, customer: Customer | None, edition: Edition) -> ZoneInfo:
    """The person's zone, else their country's, else the edition's."""
    return zone_for(
        contact_zone=person.time_zone if person else "",
        country=customer.country if customer else "",
        edition_zone=edition.time_zone,
    )


def about(sent: OutboundMessage, *, now: datetime, edition: Edition | None) -> Facts | None:
    """What the templates of the message need, or None when it is not true any more.

    Raises NoEdition when it speaks about the policy and there is none.
    """
    return _ABOUT[MessageKind(sent.kind)](sent, now, edition)


def _ruling(edition: Edition | None) -> Edition:
    if edition is None:
        raise NoEdition
    return edition


def _warning(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    reminder = sent.reminder
    if reminder is None or reminder.ends_at <= now or has_newer(reminder):
        return None
    # One that reached nobody goes out again when an operator has found a contact (`actions.attention`).
    if reminder.state not in (ReminderState.DUE, ReminderState.SENT, ReminderState.UNDELIVERABLE):
        return None
    ending = read_ending(reminder.customer, reminder.ends_at, now=now, edition=_ruling(edition))
    if not ending.ends_something:
        return None
    return {"ending": ending, "days": days_left(now, reminder.ends_at)}


def _ended(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    if sent.customer is None:
        return None
    ending = read_ended(sent.customer, int(sent.context["run"]), now=now, edition=_ruling(edition))
    return {"ending": ending} if ending.ends_something else None


def _application(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    return {"application": sent.application} if sent.application else None


def _written(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    """The case that was written about, and others of the same customer when one message speaks of several."""
    if sent.application is None:
        return None
    others = Application.objects.filter(pk__in=sent.context.get("cases", ())).exclude(pk=sent.application.pk)
    return {
        "application": sent.application,
        "others": list(others.order_by("pk").values_list("reference", flat=True)),
    }


def _information_requested(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    asked = InformationRequest.objects.filter(
        pk=sent.context.get("information_request"), answered_at__isnull=True, closed_at__isnull=True
    ).first()
    return {"application": sent.application, "asked": asked} if asked and sent.application else None


def _decided(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    decision = Decision.objects.filter(pk=sent.context.get("decision"), taken_back_at__isnull=True).first()
    if decision is None or decision.decided_at is None:
        return None
    return {"application": decision.application, "letter": decision.letter}


def _lapse_warning(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    """Not any more when the draft was saved again or the question answered: the key of the wait says which it was."""
    application = sent.application
    if application is None or sent.context.get("wait") != lapse_key(application):
        return None
    return {
        "application": application,
        "is_draft": application.state == State.DRAFT,
        "lapses_at": datetime.fromisoformat(sent.context["lapses_at"]),
    }


def lapse_key(application: Application) -> str:
    """Names the wait that may end in a lapse: one save of a draft, or one open question; empty when there is none."""
    if application.state == State.DRAFT:
        return f"{application.pk}:saved:{int(application.saved_at.timestamp() * 1_000_000)}"
    if application.state == State.INFORMATION_REQUESTED:
        asked = application.information_requests.filter(closed_at__isnull=True).first()
        return f"{application.pk}:asked:{asked.pk}" if asked else ""
    return ""


def _invitation(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    found = (
        Invitation.objects.filter(
            pk=sent.context.get("invitation"), closed_at__isnull=True, expires_at__gt=now
        )
        .select_related("customer", "invited_by")
        .first()
    )
    if found is None:
        return None
    token = invitation_token(sent.context["nonce"])
    return {"invitation": found, "link": reverse("invitation", args=[token])}


def _mentioned(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    unread = Mention.objects.filter(pk=sent.context.get("mention"), read_at__isnull=True)
    return {"application": sent.application} if sent.application and unread.exists() else None


def _join_requested(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    found = JoinRequest.objects.filter(pk=sent.context.get("join_request"), answered_at__isnull=True)
    request = found.select_related("user", "customer").first()
    return {"request": request} if request else None


def _join_answered(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    found = JoinRequest.objects.filter(pk=sent.context.get("join_request"), answered_at__isnull=False)
    request = found.select_related("customer").first()
    return {"request": request} if request else None


def _digest(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    """What waits now; not while they have turned it off, nor on another day than it was made for."""
    if sent.user is None or sent.user.digest == Digest.OFF or now - sent.queued_at > DIGEST_KEPT:
        return None
    return digest(sent.user, now)


def _confirm(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    address = EmailAddress.objects.filter(pk=sent.context.get("address"), verified=False).first()
    if address is None:
        return None
    return {"link": reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])}


def _reset(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    user = User.objects.filter(pk=sent.context.get("user"), is_active=True).first()
    if user is None:
        return None
    place = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return {"link": reverse("account_reset_password_from_key", kwargs=place)}


def _changed(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    """What a person did, to which subscription and capability, and since when; `act` is "" when it is not known."""
    told = sent.context
    if "time_request" in told:
        return _declined(told["time_request"])
    proposals = Proposal.objects.select_related("subscription")
    proposal = proposals.filter(pk=told["proposal"]).first() if "proposal" in told else None
    if proposal is not None:
        return {
            "act": proposal.act,
            "capability": proposal.capability,
            "subscription": proposal.subscription.guid if proposal.subscription else "",
            "since": proposal.done_at or sent.queued_at,
        }
    held = Subscription.objects.filter(pk=told["subscription"]).first() if "subscription" in told else None
    act = sent.key.partition(":")[0]
    return {
        "act": act if act in (ChangeKind.SUSPENDED, ChangeKind.RESUMED) else "",
        "capability": "",
        "subscription": held.guid if held else "",
        "since": sent.queued_at,
    }


def _declined(pk: int) -> Facts | None:
    """A request for more time that was declined, with the answer."""
    found = TimeRequest.objects.filter(pk=pk, declined_at__isnull=False).first()
    said = {"act": "time", "capability": "", "subscription": ""}
    return {**said, "since": found.declined_at, "answer": found.answer} if found else None


def _account(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    return {"event": sent.context.get("event", ""), "address": sent.address}


def _retention(sent: OutboundMessage, now: datetime, edition: Edition | None) -> Facts | None:
    """Not any more when it is deleted already, or the person has come back since."""
    on = datetime.fromisoformat(sent.context["on"])
    if sent.application is not None:
        return (
            None
            if sent.application.erased_at
            else {"what": "application", "on": on, "application": sent.application}
        )
    back = sent.user is None or (sent.user.last_login and sent.user.last_login >= sent.queued_at)
    return None if back else {"what": "account", "on": on}


_ABOUT: dict[MessageKind, Callable[[OutboundMessage, datetime, Edition | None], Facts | None]] = {
    MessageKind.REMINDER: _warning,
    MessageKind.ANNOUNCEMENT: _warning,
    MessageKind.ACCESS_ENDED: _ended,
    MessageKind.APPLICATION_SUBMITTED: _application,
    MessageKind.INFORMATION_REQUESTED: _information_requested,
    MessageKind.MESSAGE_WRITTEN: _written,
    MessageKind.APPLICATION_DECIDED: _decided,
    MessageKind.APPLICATION_WITHDRAWN: _application,
    MessageKind.LAPSE_WARNING: _lapse_warning,
    MessageKind.APPLICATION_LAPSED: _application,
    MessageKind.INVITATION: _invitation,
    MessageKind.MENTIONED: _mentioned,
    MessageKind.JOIN_REQUESTED: _join_requested,
    MessageKind.JOIN_ANSWERED: _join_answered,
    MessageKind.ACCESS_CHANGED: _changed,
    MessageKind.DIGEST: _digest,
    MessageKind.ACCOUNT_CONFIRM: _confirm,
    MessageKind.ACCOUNT_EXISTS: _account,
    MessageKind.ACCOUNT_RESET: _reset,
    MessageKind.ACCOUNT_UNKNOWN: _account,
    MessageKind.ACCOUNT_NOTICE: _account,
    MessageKind.RETENTION_WARNING: _retention,
}
