"""Floor 4: notices that people saw, copies of their data, and files that must be kept (docs/privacy.md)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.actions.customer import hold
from applications.enums import Role
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow, SomebodyWasFaster
from applications.models import Acceptance, AuditEvent, Customer, LegalHold, User
from applications.permissions import Can, require, role_in
from applications.queries import privacy as find
from applications.rules.identifiers import clean_text

COPY_EVERY = timedelta(hours=1)
WHY_MAX = 500


@transaction.atomic
def accept_notices(*, by: User, now: datetime) -> int:
    """The person was shown the notices in force and goes on. Effects: one row and one audit row for each new version.

    Returns how many were new.
    """
    _take(by)
    due = find.due_notices(by)
    for notice in due:
        version = find.NOTICES[notice]
        Acceptance.objects.create(user=by, notice=notice, version=version, accepted_at=now)
        audit.record(
            "notice.accepted", by=by, now=now, target=by, data={"notice": notice.value, "version": version}
        )
    return len(due)


@transaction.atomic
def note_copy(*, by: User, customer: Customer | None = None, now: datetime) -> None:
    """A person takes a copy of their data, or an owner of the customer's: once an hour. Effects: an audit row.

    Raises NotFound and NotAllowed (of a customer: not its owner), NotPossibleNow.
    """
    if customer is not None:
        role = role_in(by, customer)
        if role is None:
            raise NotFound
        if role != Role.OWNER:
            raise NotAllowed(_("Only an owner may take a copy of the whole organisation's data."))
    _take(by)
    whole = customer.pk if customer else None
    made = AuditEvent.objects.filter(
        action="data.copied", actor=by.key, at__gt=now - COPY_EVERY, customer_ref=whole
    )
    if made.exists():
        raise NotPossibleNow(
            _("You took a copy less than an hour ago. Take another one later."), code="too_soon"
        )
    audit.record("data.copied", by=by, now=now, customer_id=whole, target=by)


@transaction.atomic
def note_download(
    action: str,
    *,
    by: User,
    now: datetime,
    customer_id: int | None = None,
    application_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """One of ours takes a report or an archive. Effects: an audit row. Raises NotAllowed."""
    require(by, Can.SEE_RECORD)
    audit.record(action, by=by, now=now, customer_id=customer_id, application_id=application_id, data=data)


def _take(person: User) -> None:
    """Of two at once the second comes after the first and sees its work."""
    User.objects.filter(pk=person.pk).update(joined_at=F("joined_at"))


# --- holds ---


@transaction.atomic
def place_hold(*, customer: Customer, reason: str, by: User, now: datetime) -> LegalHold:
    """A lead keeps a customer's file from being erased or deleted by age. Effects: the hold, an audit row.

    A second one while one is open is the same. Raises NotAllowed, InvalidInput (`reason`).
    """
    require(by, Can.LEAD)
    why = clean_text(reason, multiline=True)[:WHY_MAX]
    if not why:
        raise InvalidInput({"reason": _("Say why the file has to be kept. The record keeps it.")})
    hold(customer)
    placed = find.open_hold(customer)
    if placed is not None:
        return placed
    placed = LegalHold.objects.create(
        customer=customer, reason=audit.written(why), placed_at=now, placed_by=by
    )
    audit.record("hold.placed", by=by, now=now, customer_id=customer.pk, target=placed, reason=placed.reason)
    return placed


@transaction.atomic
def propose_lift(*, placed: LegalHold, by: User, now: datetime) -> None:
    """The first of two lifts a hold. Effects: the proposal, an audit row. Raises NotAllowed, SomebodyWasFaster."""
    require(by, Can.FORGET)
    open_ones = LegalHold.objects.filter(pk=placed.pk, lifted_at__isnull=True, lift_proposed_at__isnull=True)
    if not open_ones.update(lift_proposed_at=now, lift_proposed_by=by):
        raise SomebodyWasFaster(_("Somebody has proposed this already."))
    _record_lift("hold.lift_proposed", placed, by, now)


@transaction.atomic
def lift_hold(*, placed: LegalHold, by: User, now: datetime) -> None:
    """The second of two lifts the hold: age and erasure go on. Effects: lifted, an audit row.

    Raises NotAllowed (also to who proposed it), SomebodyWasFaster.
    """
    require(by, Can.FORGET)
    if placed.lift_proposed_by_id == by.pk:
        raise NotAllowed(_("You proposed it. Somebody else has to lift it."))
    proposed = LegalHold.objects.filter(pk=placed.pk, lifted_at__isnull=True, lift_proposed_at__isnull=False)
    if not proposed.update(lifted_at=now, lifted_by=by):
        raise SomebodyWasFaster(_("This hold is lifted already, or nobody has proposed it."))
    _record_lift("hold.lifted", placed, by, now)


def _record_lift(action: str, placed: LegalHold, by: User, now: datetime) -> None:
    audit.record(action, by=by, now=now, customer_id=placed.customer_id, target=placed)
