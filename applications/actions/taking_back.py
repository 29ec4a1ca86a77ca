"""Floor 4: take a decision back in the minutes in which its letter waits (design §5)."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications.actions import renewal, transition
from applications.actions.review import expect
from applications.enums import MessageState, Move
from applications.exceptions import NotAllowed, NotPossibleNow
from applications.models import Application, Decision, OutboundMessage, RequestedCapability, User
from applications.queries.case import may_take_back
from applications.rules.review import counts_at_once, read_outcomes


@transaction.atomic
def take_back(
    application: Application, *, by: User, now: datetime, seen: datetime | None = None
) -> Application:
    """Who decided takes a denial back while nobody outside has read its letter. An approval counts at once and stays.

    Effects, in order: move TAKE_BACK (in review again, with the decider, audit row), the decision marked, its items
    open again, its mail not needed, what a renewal held goes on. Raises as `review.expect`, NotAllowed (somebody else
    decided), NotPossibleNow (`counts_already`: it approves something; `letter_sent`; `asked_again`: a newer
    application stands in its place).
    """
    was = expect(application, Move.TAKE_BACK, by=by, seen=seen)
    decision = application.decisions.filter(decided_at__isnull=False, taken_back_at=None).first()
    if decision is None:
        raise transition.faster(application)
    _require_may(decision, by, now)
    if application.followers.exists():
        raise _asked_again()
    transition.move(
        application,
        Move.TAKE_BACK,
        by=by,
        now=now,
        only_if=was,
        closed_at=None,
        assigned_to=by,
        assigned_at=now,
    )
    standing = Decision.objects.filter(pk=decision.pk, taken_back_at=None, letter_due_at__gt=now)
    if not standing.update(taken_back_at=now):
        raise transition.faster(application)
    renewal.let_go(application, by=by, now=now)
    try:
        with transaction.atomic():
            RequestedCapability.objects.filter(
                application=application, pk__in=read_outcomes(decision.outcomes)
            ).update(outcome="", reasons=[], conditions=[], closed_at=None)
    except IntegrityError as error:
        raise _asked_again() from error
    OutboundMessage.objects.filter(
        key__startswith=f"application_decided:{decision.pk}:", state=MessageState.QUEUED
    ).update(state=MessageState.NOT_NEEDED, finished_at=now)
    renewal.hold(application, by=by, now=now)
    return application


def _require_may(decision: Decision, by: User, now: datetime) -> None:
    if decision.decided_by_id != by.pk:
        raise NotAllowed(_("Only who decided can take it back."))
    if counts_at_once(read_outcomes(decision.outcomes)):
        raise NotPossibleNow(
            _("This decision approves something, and an approval counts at once. To end a right, revoke it."),
            code="counts_already",
        )
    if not may_take_back(decision, by, now):
        raise NotPossibleNow(
            _("The letter has gone out. The customer's way on is an appeal."), code="letter_sent"
        )


def _asked_again() -> NotPossibleNow:
    return NotPossibleNow(
        _("The customer has asked for this again in a newer application. Decide that one."),
        code="asked_again",
    )
