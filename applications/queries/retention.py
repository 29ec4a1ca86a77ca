"""Floor 3: what has been kept long enough, class by class (`rules.privacy.PERIODS`); never of a customer on hold."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from applications.enums import FINAL_STATES, OPEN_MESSAGE_STATES, MessageKind, MessageState, State
from applications.models import (
    AccessGrant,
    Application,
    Invitation,
    JoinRequest,
    MailEvent,
    Membership,
    OutboundMessage,
    User,
)
from applications.queries.privacy import on_hold
from applications.rules.privacy import PERIODS

UNFINISHED = (*OPEN_MESSAGE_STATES, MessageState.HELD, MessageState.QUARANTINED)


def _before(keep: str, now: datetime) -> datetime:
    after = PERIODS[keep].after
    if after is None:
        raise ValueError(f"{keep} is not kept for a time")
    return now - after


def _warned(whose: str, before: datetime | None = None, **more: Any) -> Exists:
    """Whether the warning about the row (`whose`: the message's look-up of it) was written, and long enough ago."""
    sent = OutboundMessage.objects.filter(
        kind=MessageKind.RETENTION_WARNING, **{whose: OuterRef("pk")}, **more
    )
    if before is not None:
        sent = sent.filter(queued_at__lte=before).exclude(state__in=UNFINISHED)
    return Exists(sent)


def _old_cases(now: datetime, ahead: bool) -> QuerySet[Application]:
    """Closed applications past their time, or `ahead`: within the time of the warning of it. None whose right holds."""
    warned = PERIODS["case"].warned
    until = _before("case", now) + ((warned if ahead else None) or timedelta())
    rights = AccessGrant.objects.filter(
        item__application=OuterRef("pk"), ends_at__gt=now, revoked_at__isnull=True
    )
    return Application.objects.filter(
        ~on_hold(), ~Exists(rights), state__in=FINAL_STATES, closed_at__lte=until, erased_at__isnull=True,
        submitted_at__isnull=False,
    )  # fmt: skip


def cases_to_warn(now: datetime) -> QuerySet[Application]:
    return (
        _old_cases(now, ahead=True).filter(~_warned("application")).select_related("customer").order_by("pk")
    )


def cases_to_empty(now: datetime) -> QuerySet[Application]:
    """Past their time, and warned of long enough ago."""
    warned = PERIODS["case"].warned
    ready = _warned("application", now - (warned or timedelta()))
    return _old_cases(now, ahead=False).filter(ready).order_by("pk")


def lapsed_drafts(now: datetime) -> QuerySet[Application]:
    """Drafts that lapsed and were never submitted; two warnings went before the lapse."""
    return Application.objects.filter(
        ~on_hold(),
        state=State.LAPSED,
        submitted_at__isnull=True,
        erased_at__isnull=True,
        closed_at__lte=_before("draft", now),
    ).order_by("pk")


def _idle(before: datetime) -> QuerySet[User]:
    members = Membership.objects.filter(user=OuterRef("pk"))
    return (
        User.objects.filter(~Exists(members), staff_role="", erased_at__isnull=True)
        .alias(seen_at=Coalesce(F("last_login"), F("joined_at")))
        .filter(seen_at__lte=before)
        .order_by("pk")
    )


_SINCE: dict[str, Any] = {"queued_at__gte": Coalesce(OuterRef("last_login"), OuterRef("joined_at"))}
"""A warning from before the person came back counts no more."""


def people_to_warn(now: datetime) -> QuerySet[User]:
    warned = PERIODS["account"].warned
    before = _before("account", now) + (warned or timedelta())
    return _idle(before).filter(~_warned("user", **_SINCE))


def people_to_erase(now: datetime) -> QuerySet[User]:
    warned = PERIODS["account"].warned
    return _idle(_before("account", now)).filter(_warned("user", now - (warned or timedelta()), **_SINCE))


def old_texts(now: datetime) -> QuerySet[OutboundMessage]:
    """Messages whose text and address are not needed any more."""
    held = on_hold()
    return OutboundMessage.objects.filter(
        ~held, ~Q(body="", subject="", address="") , finished_at__lte=_before("mail", now)
    ).exclude(state__in=UNFINISHED).order_by("pk")  # fmt: skip


def old_invitations(now: datetime) -> QuerySet[Invitation]:
    before = _before("joining", now)
    return Invitation.objects.filter(~on_hold()).filter(Q(closed_at__lte=before) | Q(expires_at__lte=before))


def old_requests(now: datetime) -> QuerySet[JoinRequest]:
    return JoinRequest.objects.filter(~on_hold(), answered_at__lte=_before("joining", now))


def old_reports(now: datetime) -> QuerySet[MailEvent]:
    return MailEvent.objects.filter(settled_at__lte=_before("report", now))


def old_sessions(real: datetime) -> QuerySet[Session]:
    """By the time of the machine: sessions run on it."""
    return Session.objects.filter(expire_date__lte=_before("session", real))


def preview(now: datetime, real: datetime) -> dict[str, int]:
    """How many rows of each class the next run would warn of, empty or delete."""
    return {
        "cases_warned": cases_to_warn(now).count(),
        "cases_emptied": cases_to_empty(now).count(),
        "drafts_emptied": lapsed_drafts(now).count(),
        "people_warned": people_to_warn(now).count(),
        "people_erased": people_to_erase(now).count(),
        "messages_emptied": old_texts(now).count(),
        "invitations": old_invitations(now).count(),
        "join_requests": old_requests(now).count(),
        "mail_reports": old_reports(now).count(),
        "sessions": old_sessions(real).count(),
    }
