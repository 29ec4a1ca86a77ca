"""Floor 4: what people do to rights besides deciding: extend, revoke, reinstate, move, suspend (design §5).

Each needs two people and a reason; only suspending is one lead's. The first proposes, the second agrees, and agreeing
does it. The customer is told, and reminders follow the new ends by themselves, since they are worked out from rights.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import access, audit, message
from applications.enums import Basis, ExtensionReason, MessageKind, RightsAct
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import AccessGrant, Customer, Proposal, Subscription, User
from applications.permissions import Can
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

LONGEST_EXTENSION = timedelta(days=366)
COHORT_MAX = 5000
REASON_MAX = 2000

POWER: dict[RightsAct, Can] = {
    RightsAct.EXTEND: Can.EXTEND,
    RightsAct.EXTEND_COHORT: Can.EXTEND,
    RightsAct.MOVE: Can.EXTEND,
    RightsAct.REVOKE: Can.REVOKE,
    RightsAct.REINSTATE: Can.REVOKE,
}


# --- proposing ---


@transaction.atomic
def propose_extension(
    subscription: Subscription,
    *,
    deadline_at: datetime,
    until: date,
    why: ExtensionReason,
    reason: str,
    edition: Edition,
    by: User,
    now: datetime,
) -> Proposal:
    """Ask a second person to extend every right of the subscription that ends at `deadline_at` until `until` inclusive.

    Raises NotAllowed, InvalidInput (`until`, `reason`) and NotPossibleNow (nothing that can be extended ends then; an
    appeal may hold an end for the edition's `appeal_extension_days` only).
    """
    _check_until(until, deadline_at, why, edition, now)
    if not _extendable([subscription.pk], deadline_at, edition).exists():
        raise NotPossibleNow(_("No right of this subscription that can be extended ends at that time."))
    return _propose(
        RightsAct.EXTEND,
        subscription=subscription,
        deadline_at=deadline_at,
        until=until,
        extension_reason=why,
        reason=reason,
        by=by,
        now=now,
    )


@transaction.atomic
def propose_cohort(
    rights: Sequence[int],
    *,
    deadline_at: datetime,
    until: date,
    reason: str,
    edition: Edition,
    by: User,
    now: datetime,
    why: ExtensionReason = ExtensionReason.COHORT,
) -> Proposal:
    """Ask a second person to extend a previewed list of rights, frozen here. Raises as `propose_extension`."""
    _check_until(until, deadline_at, why, edition, now)
    frozen = list(
        _extendable(None, deadline_at, edition)
        .filter(pk__in=rights)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if not frozen:
        raise NotPossibleNow(_("None of these rights can be extended."))
    if len(frozen) > COHORT_MAX:
        raise InvalidInput({"rights": _("At most %(most)s rights at once.") % {"most": COHORT_MAX}})
    return _propose(
        RightsAct.EXTEND_COHORT,
        deadline_at=deadline_at,
        until=until,
        extension_reason=why,
        rights=frozen,
        reason=reason,
        by=by,
        now=now,
    )


@transaction.atomic
def propose_revocation(
    subscription: Subscription, capability: str, *, reason: str, by: User, now: datetime
) -> Proposal:
    """Ask a second person to end at once every right of the subscription to the capability."""
    if not _standing(subscription, capability, now).exists():
        raise NotPossibleNow(_("No right to this capability stands here."))
    return _propose(
        RightsAct.REVOKE, subscription=subscription, capability=capability, reason=reason, by=by, now=now
    )


@transaction.atomic
def revoke_now(
    subscription: Subscription, capability: str, *, reason: str, edition: Edition, by: User, now: datetime
) -> Proposal:
    """An emergency: one lead ends the rights at once; a second person answers within 24 hours.

    Effects: the proposal, marked done, and everything that agreeing to a revocation does. A revocation that waits for
    its second person does not stand in the way: the lead's own becomes this emergency, a colleague's is agreed to.
    Raises NotAllowed.
    """
    permissions.require(by, Can.LEAD)
    proposal = Proposal.objects.filter(
        act=RightsAct.REVOKE,
        subscription=subscription,
        capability=capability,
        answered_at__isnull=True,
        done_at__isnull=True,
    ).first()
    if proposal is None:
        proposal = propose_revocation(subscription, capability, reason=reason, by=by, now=now)
    elif proposal.proposed_by_id != by.pk:
        return answer(proposal, agree=True, edition=edition, by=by, now=now)
    _do(proposal, edition=edition, by=by, second=None, now=now)
    return proposal


@transaction.atomic
def propose_reinstatement(
    subscription: Subscription,
    capability: str,
    *,
    until: date,
    reason: str,
    edition: Edition,
    by: User,
    now: datetime,
) -> Proposal:
    """Ask a second person to bring a revoked right back, as an extension from now until `until`; never as grace."""
    if edition.day_ends_at(until) <= now:
        raise InvalidInput({"until": _("Choose a day that is not over.")})
    if not AccessGrant.objects.filter(
        subscription=subscription, capability=capability, revoked_at__isnull=False
    ).exists():
        raise NotPossibleNow(_("Nothing was revoked here."))
    return _propose(
        RightsAct.REINSTATE,
        subscription=subscription,
        capability=capability,
        until=until,
        extension_reason=ExtensionReason.REINSTATED,
        reason=reason,
        by=by,
        now=now,
    )


@transaction.atomic
def propose_move(
    subscription: Subscription, *, to: Customer, reason: str, by: User, now: datetime
) -> Proposal:
    """Ask a second person to move a subscription: grace follows it, approvals become a short extension."""
    if subscription.customer_id == to.pk:
        raise NotPossibleNow(_("This customer holds the subscription already."))
    return _propose(RightsAct.MOVE, subscription=subscription, to_customer=to, reason=reason, by=by, now=now)


def _check_until(
    until: date, deadline_at: datetime, why: ExtensionReason, edition: Edition, now: datetime
) -> None:
    ends_at = edition.day_ends_at(until)
    longest = (
        timedelta(days=edition.limits.appeal_extension_days)
        if why is ExtensionReason.APPEAL
        else LONGEST_EXTENSION
    )
    if ends_at <= max(now, deadline_at):
        raise InvalidInput({"until": _("Choose a day after the end that it extends, and not over.")})
    if ends_at > max(now, deadline_at) + longest:
        raise InvalidInput({"until": _("At most %(days)s days are possible.") % {"days": longest.days}})


def _propose(act: RightsAct, *, reason: str, by: User, now: datetime, **fields: object) -> Proposal:
    """Effects: the typed reason in its own row, the proposal, an audit row."""
    permissions.require(by, POWER[act])
    why = clean_text(reason, multiline=True)
    if not why:
        raise InvalidInput({"reason": _("Say why. The second person and the record need it.")})
    if len(why) > REASON_MAX:
        raise InvalidInput({"reason": _("Keep it below %(most)s characters.") % {"most": REASON_MAX}})
    try:
        with transaction.atomic():
            proposal = Proposal.objects.create(
                act=act,
                reason=audit.written(why),
                proposed_at=now,
                proposed_by=by,
                **fields,
            )
    except IntegrityError:
        raise NotPossibleNow(_("The same is proposed already and waits for an answer.")) from None
    _record("proposed", proposal, by=by, now=now)
    return proposal


# --- answering ---


@transaction.atomic
def answer(proposal: Proposal, *, agree: bool, edition: Edition, by: User, now: datetime) -> Proposal:
    """A second person agrees, and it is done, or refuses. Agreeing to an emergency only confirms it.

    Effects, in order: one conditional UPDATE, an audit row, then what the act does (`_do`). Raises NotAllowed
    (power, or the same person), SomebodyWasFaster.
    """
    permissions.require(by, POWER[RightsAct(proposal.act)])
    if by.pk == proposal.proposed_by_id:
        raise NotAllowed(_("You proposed this; it needs a second person."), code="four_eyes")
    touched = Proposal.objects.filter(pk=proposal.pk, answered_at__isnull=True).update(
        answered_at=now, answered_by=by, agreed=agree
    )
    if not touched:
        raise SomebodyWasFaster(_("Somebody has answered this already."))
    proposal.refresh_from_db()
    _record("agreed" if agree else "refused", proposal, by=by, now=now)
    if agree and proposal.done_at is None:
        _do(proposal, edition=edition, by=by, second=proposal.proposed_by, now=now)
    return proposal


def _do(proposal: Proposal, *, edition: Edition, by: User, second: User | None, now: datetime) -> None:
    acts: dict[RightsAct, Callable[[], int]] = {
        RightsAct.EXTEND: lambda: _extend(proposal, edition, by, now),
        RightsAct.EXTEND_COHORT: lambda: _extend(proposal, edition, by, now),
        RightsAct.REVOKE: lambda: _revoke(proposal, edition, by, second, now),
        RightsAct.REINSTATE: lambda: _reinstate(proposal, edition, by, now),
        RightsAct.MOVE: lambda: _move(proposal, edition, by, now),
    }
    proposal.touched = acts[RightsAct(proposal.act)]()
    proposal.done_at = now
    proposal.save(update_fields=["touched", "done_at"])
    _record("done", proposal, by=by, now=now)


def _extend(proposal: Proposal, edition: Edition, by: User, now: datetime) -> int:
    if proposal.deadline_at is None or proposal.until is None:
        raise NotPossibleNow(_("This proposal names no end."))
    one = [proposal.subscription_id] if proposal.subscription_id else None
    rights = _extendable(one, proposal.deadline_at, edition)
    if proposal.rights:
        rights = rights.filter(pk__in=proposal.rights)
    starts_at, ends_at = max(now, proposal.deadline_at), edition.day_ends_at(proposal.until)
    told: dict[int, Customer] = {}
    done = 0
    for right in rights.select_related("subscription__customer").order_by("pk"):
        access.grant_extension(
            right.subscription,
            right.capability,
            reason=ExtensionReason(proposal.extension_reason),
            starts_at=starts_at,
            ends_at=ends_at,
            edition=edition,
            by=by,
            now=now,
        )
        told[right.subscription.customer_id] = right.subscription.customer
        done += 1
    _tell(proposal, told.values(), now)
    return done


def _revoke(proposal: Proposal, edition: Edition, by: User, second: User | None, now: datetime) -> int:
    subscription = _subscription(proposal)
    rights = _standing(subscription, proposal.capability, now).select_related("subscription")
    done = access.revoke(rights, edition=edition, by=by, second=second, now=now, reason=proposal.reason)
    _tell(proposal, [subscription.customer], now)
    return done


def _reinstate(proposal: Proposal, edition: Edition, by: User, now: datetime) -> int:
    subscription = _subscription(proposal)
    if proposal.until is None:
        raise NotPossibleNow(_("This proposal names no end."))
    access.grant_extension(
        subscription,
        proposal.capability,
        reason=ExtensionReason.REINSTATED,
        starts_at=now,
        ends_at=edition.day_ends_at(proposal.until),
        edition=edition,
        by=by,
        now=now,
    )
    _tell(proposal, [subscription.customer], now)
    return 1


def _move(proposal: Proposal, edition: Edition, by: User, now: datetime) -> int:
    """Grace and extensions follow the subscription; each approval becomes an extension of `move_extension_days`."""
    subscription, target = _subscription(proposal), proposal.to_customer
    if target is None:
        raise NotPossibleNow(_("This proposal names no customer."))
    before = subscription.customer
    subscription.customer = target
    subscription.save(update_fields=["customer"])
    standing = AccessGrant.objects.filter(
        subscription=subscription, closed_at__isnull=True, revoked_at__isnull=True, ends_at__gt=now
    )
    approvals = list(standing.filter(basis=Basis.APPROVAL).select_related("subscription"))
    moved = standing.exclude(basis=Basis.APPROVAL).update(customer=target)
    longest = now + timedelta(days=edition.limits.move_extension_days)
    for right in approvals:
        access.grant_extension(
            subscription,
            right.capability,
            reason=ExtensionReason.MOVE,
            starts_at=now,
            ends_at=min(right.ends_at, longest),
            edition=edition,
            by=by,
            now=now,
        )
    access.revoke(
        approvals, edition=edition, by=by, second=proposal.proposed_by, now=now, reason=proposal.reason
    )
    _tell(proposal, [before, target], now)
    return moved + len(approvals)


# --- what is common ---


def _extendable(
    subscriptions: list[int] | None, deadline_at: datetime, edition: Edition
) -> QuerySet[AccessGrant]:
    """Rights that end at this instant, were not taken back, and whose capability can still be had after it."""
    codes = [code for code, capability in edition.capabilities.items() if capability.needs_approval]
    rights = AccessGrant.objects.filter(ends_at=deadline_at, revoked_at__isnull=True, capability__in=codes)
    return rights if subscriptions is None else rights.filter(subscription_id__in=subscriptions)


def _standing(subscription: Subscription, capability: str, now: datetime) -> QuerySet[AccessGrant]:
    return AccessGrant.objects.filter(
        subscription=subscription, capability=capability, revoked_at__isnull=True, ends_at__gt=now
    )


def _subscription(proposal: Proposal) -> Subscription:
    if proposal.subscription is None:
        raise NotPossibleNow(_("This proposal names no subscription."))
    return proposal.subscription


def _record(verb: str, proposal: Proposal, *, by: User, now: datetime) -> None:
    subscription = proposal.subscription
    audit.record(
        f"rights.{proposal.act}.{verb}",
        by=by,
        now=now,
        customer_id=subscription.customer_id if subscription else None,
        target=proposal,
        data={"capability": proposal.capability, "touched": proposal.touched},
    )


def _tell(proposal: Proposal, customers: Iterable[Customer], now: datetime) -> None:
    for customer in customers:
        message.tell_customer(
            MessageKind.ACCESS_CHANGED,
            key=f"proposal:{proposal.pk}:{customer.pk}",
            customer=customer,
            now=now,
            context={"proposal": proposal.pk},
        )
