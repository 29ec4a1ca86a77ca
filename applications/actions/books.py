"""Floor 4: what people do with a deadline: arm a preview by two, close it when its books balance (P6, P7)."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import audit
from applications.exceptions import NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import DeadlineClosing, DeadlinePreview, User
from applications.permissions import Can
from applications.queries.books import books
from applications.rules.policy import Edition


@transaction.atomic
def propose_arming(preview: DeadlinePreview, *, by: User, now: datetime) -> None:
    """A first person proposes that this preview be the reference of its deadline. Raises NotAllowed, NotPossibleNow."""
    permissions.require(by, Can.OPERATE)
    touched = DeadlinePreview.objects.filter(pk=preview.pk, proposed_at=None, ends_at__gt=now).update(
        proposed_at=now, proposed_by=by
    )
    if not touched:
        raise NotPossibleNow(_("It is proposed already, or the deadline is past."))
    audit.record("preview.proposed", by=by, now=now, target=preview, data={"customers": preview.customers})


@transaction.atomic
def arm(preview: DeadlinePreview, *, by: User, now: datetime) -> None:
    """A second person arms it: from here on the real number is held against it. Raises NotAllowed (the same person)."""
    permissions.require(by, Can.OPERATE)
    current = DeadlinePreview.objects.get(pk=preview.pk)
    if current.proposed_at is None:
        raise NotPossibleNow(_("Somebody has to propose it first."))
    if current.proposed_by_id == by.pk:
        raise NotAllowed(_("You proposed it; arming needs a second person."), code="four_eyes")
    if not DeadlinePreview.objects.filter(pk=preview.pk, armed_at=None).update(armed_at=now, armed_by=by):
        raise SomebodyWasFaster(_("Somebody has armed it already."))
    audit.record("preview.armed", by=by, now=now, target=preview, data={"customers": preview.customers})


@transaction.atomic
def close_deadline(ends_at: datetime, *, edition: Edition, by: User, now: datetime) -> DeadlineClosing:
    """Close a deadline whose books balance. Effects: the numbers as they stand, an audit row.

    Raises NotAllowed, NotPossibleNow while it is ahead or anything is open, SomebodyWasFaster.
    """
    permissions.require(by, Can.OPERATE)
    found = books(ends_at, edition)
    if ends_at > now:
        raise NotPossibleNow(_("This deadline is still ahead."))
    if found.open:
        raise NotPossibleNow(
            _("%(open)s ends are still open: not closed, or not confirmed by a gateway.")
            % {"open": found.open}
        )
    try:
        with transaction.atomic():
            closing = DeadlineClosing.objects.create(
                ends_at=ends_at,
                planned=found.planned,
                confirmed=found.confirmed,
                kept=found.kept,
                closed_at=now,
                closed_by=by,
            )
    except IntegrityError:
        raise SomebodyWasFaster(_("Somebody has closed this deadline already.")) from None
    numbers = {"planned": found.planned, "confirmed": found.confirmed, "kept": found.kept}
    audit.record("deadline.closed", by=by, now=now, target=closing, data=numbers)
    return closing
