"""Floor 4: one lead suspends a subscription at once, and resumes it (design §5)."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import access, audit, message
from applications.enums import ChangeKind, MessageKind
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import Subscription, Suspension, User
from applications.permissions import Can
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

REASON_MAX = 2000


@transaction.atomic
def suspend(
    subscription: Subscription, *, reason: str, edition: Edition, by: User, now: datetime
) -> Suspension:
    """Deny everything gated on a subscription from now until it is resumed. Effects: the span, audit row, feed rows."""
    permissions.require(by, Can.LEAD)
    why = _reason(reason)
    try:
        with transaction.atomic():
            span = Suspension.objects.create(subscription=subscription, starts_at=now, suspended_by=by)
    except IntegrityError:
        raise NotPossibleNow(_("This subscription is suspended already.")) from None
    _suspension(ChangeKind.SUSPENDED, span, why, edition, by, now)
    return span


@transaction.atomic
def resume(subscription: Subscription, *, reason: str, edition: Edition, by: User, now: datetime) -> None:
    """End the suspension. Raises NotAllowed, InvalidInput, NotPossibleNow when it is not suspended."""
    permissions.require(by, Can.LEAD)
    why = _reason(reason)
    span = Suspension.objects.filter(subscription=subscription, ends_at__isnull=True).first()
    touched = span and Suspension.objects.filter(pk=span.pk, ends_at__isnull=True).update(
        ends_at=now, resumed_by=by
    )
    if span is None or not touched:
        raise NotPossibleNow(_("This subscription is not suspended."))
    _suspension(ChangeKind.RESUMED, span, why, edition, by, now)


def _reason(raw: str) -> str:
    why = clean_text(raw, multiline=True)[:REASON_MAX]
    if not why:
        raise InvalidInput({"reason": _("Say why. The customer asks, and the record needs it.")})
    return why


def _suspension(
    kind: ChangeKind, span: Suspension, why: str, edition: Edition, by: User, now: datetime
) -> None:
    subscription = span.subscription
    audit.record(
        f"subscription.{kind.value}",
        by=by,
        now=now,
        customer_id=subscription.customer_id,
        target=span,
        reason=why,
    )
    for code in sorted({c for c, capability in edition.capabilities.items() if capability.needs_approval}):
        access.feed(kind, now=now, subscription=subscription, capability=code, edition=edition)
    message.tell_customer(
        MessageKind.ACCESS_CHANGED,
        key=f"{kind.value}:{span.pk}",
        customer=subscription.customer,
        now=now,
        context={"subscription": subscription.pk},
    )
