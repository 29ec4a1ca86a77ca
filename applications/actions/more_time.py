"""Floor 4: a customer asks for more time; one of ours proposes it, as any extension, or declines (design §5)."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import audit, message, rights
from applications.enums import ExtensionReason, MessageKind
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow, SomebodyWasFaster
from applications.models import Customer, Proposal, TimeRequest, User
from applications.permissions import Can
from applications.queries import more_time as find
from applications.queries.application import WRITERS
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

REASON_MAX = rights.REASON_MAX


def ask_for_time(
    customer: Customer, *, deadline_at: datetime, reason: str, edition: Edition, by: User, now: datetime
) -> TimeRequest:
    """Ask for more time at an end. Two clicks, or two people at once, are one request.

    Effects: the request, an audit row `time.asked`. Raises NotFound, NotAllowed by role; InvalidInput (`ends`,
    `reason`).
    """
    role = permissions.role_in(by, customer)
    if role is None:
        raise NotFound
    if role not in WRITERS:
        raise NotAllowed(_("You can read here, but not change anything. Ask an owner for another role."))
    why = _written(reason, "reason")
    if deadline_at not in {end.ends_at for end in find.ends_of(customer, edition, now)}:
        raise InvalidInput({"ends": _("Nothing of yours ends then any more. Choose from the list.")})
    try:
        with transaction.atomic():
            made = TimeRequest.objects.create(
                customer=customer,
                deadline_at=deadline_at,
                extension_reason=find.reason_for(customer),
                reason=why,
                asked_at=now,
                asked_by=by,
            )
            audit.record("time.asked", by=by, now=now, customer_id=customer.pk, target=made)
            return made
    except IntegrityError:
        return TimeRequest.objects.get(customer=customer, deadline_at=deadline_at, declined_at__isnull=True)


@transaction.atomic
def propose_time(
    asked: TimeRequest, *, until: date, reason: str, edition: Edition, by: User, now: datetime
) -> Proposal:
    """Propose what the customer asked for to a second person (`rights.answer`), who is not the first.

    Effects, in order: the proposal with its audit row, the request points at it. Raises as `rights.propose_cohort`,
    SomebodyWasFaster.
    """
    ends = find.ends_of(asked.customer, edition, now)
    end = next((one for one in ends if one.ends_at == asked.deadline_at), None)
    if end is None:
        raise NotPossibleNow(_("Nothing of this customer ends then any more. Decline it and say so."))
    proposal = rights.propose_cohort(
        end.rights,
        deadline_at=asked.deadline_at,
        until=until,
        why=ExtensionReason(asked.extension_reason),
        reason=reason,
        edition=edition,
        by=by,
        now=now,
    )
    _settle(asked, proposal=proposal)
    return proposal


@transaction.atomic
def decline_time(asked: TimeRequest, *, answer: str, by: User, now: datetime) -> TimeRequest:
    """Say no, and why. Effects, in order: the answer, an audit row `time.declined`, mail to the owners.

    Raises NotAllowed, InvalidInput (`answer`), SomebodyWasFaster.
    """
    permissions.require(by, Can.EXTEND)
    text = _written(answer, "answer")
    _settle(asked, answer=text, declined_at=now, declined_by=by)
    audit.record("time.declined", by=by, now=now, customer_id=asked.customer_id, target=asked)
    message.tell_customer(
        MessageKind.ACCESS_CHANGED,
        key=f"time-declined:{asked.pk}",
        customer=asked.customer,
        now=now,
        context={"time_request": asked.pk},
    )
    return asked


def _settle(asked: TimeRequest, **fields: Any) -> None:
    """One conditional UPDATE: of two people at once one wins (promise P5)."""
    before: dict[str, Any] = (
        {"proposal": asked.proposal_id} if asked.proposal_id else {"proposal__isnull": True}
    )
    if not TimeRequest.objects.filter(pk=asked.pk, declined_at__isnull=True, **before).update(**fields):
        raise SomebodyWasFaster(_("Somebody has answered this already."))


def _written(raw: str, field: str) -> str:
    text = clean_text(raw, multiline=True)
    if not text:
        raise InvalidInput({field: _("Nothing is written. Say why.")})
    if len(text) > REASON_MAX:
        raise InvalidInput(
            {field: _("This is too long. Keep it below %(most)s characters.") % {"most": REASON_MAX}}
        )
    return text
