"""Floor 3: what the desk shows about the rights of a subscription and the proposals about them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from applications.exceptions import NotFound
from applications.models import AccessGrant, Customer, Proposal, Subscription, Suspension
from applications.rules.identifiers import Problem, read_subscription

RECENT = 20


@dataclass(frozen=True, slots=True)
class RightsFile:
    """A subscription with its rights, newest end first, its suspension, what waits, and ends that can be extended."""

    subscription: Subscription
    rights: list[AccessGrant]
    suspended: Suspension | None
    waiting: list[Proposal]
    deadlines: list[datetime]
    standing: list[str]
    revoked: list[str]


def subscription_by_text(text: str) -> Subscription:
    """The subscription whose id stands in what was typed. Raises NotFound."""
    guid = read_subscription(text)
    if isinstance(guid, Problem):
        raise NotFound
    found = Subscription.objects.select_related("customer").filter(guid=UUID(guid)).first()
    if found is None:
        raise NotFound
    return found


def rights_file(guid: UUID, now: datetime) -> RightsFile:
    """Everything about one subscription; a fixed number of statements. Raises NotFound."""
    subscription = Subscription.objects.select_related("customer").filter(guid=guid).first()
    if subscription is None:
        raise NotFound
    rights = list(
        AccessGrant.objects.filter(subscription=subscription)
        .select_related("revoked_by", "item__application")
        .order_by("capability", "-ends_at", "-pk")
    )
    by_code: dict[str, list[AccessGrant]] = defaultdict(list)
    for right in rights:
        by_code[right.capability].append(right)
    standing = {code for code, held in by_code.items() if any(_stands(one, now) for one in held)}
    return RightsFile(
        subscription=subscription,
        rights=rights,
        suspended=Suspension.objects.filter(subscription=subscription, ends_at__isnull=True)
        .select_related("suspended_by")
        .first(),
        waiting=list(waiting().filter(subscription=subscription)),
        deadlines=sorted({one.ends_at for one in rights if one.revoked_at is None}),
        standing=sorted(standing),
        revoked=sorted(
            code
            for code, held in by_code.items()
            if code not in standing and any(one.revoked_at for one in held)
        ),
    )


def _stands(right: AccessGrant, now: datetime) -> bool:
    return right.revoked_at is None and right.ends_at > now


def waiting() -> QuerySet[Proposal]:
    """Proposals without an answer, oldest first: emergencies that are done already among them."""
    return (
        Proposal.objects.filter(answered_at__isnull=True)
        .select_related("subscription__customer", "to_customer", "reason", "proposed_by")
        .order_by("proposed_at", "pk")
    )


def recent() -> list[Proposal]:
    return list(
        Proposal.objects.filter(answered_at__isnull=False)
        .select_related("subscription__customer", "to_customer", "reason", "proposed_by", "answered_by")
        .order_by("-answered_at", "-pk")[:RECENT]
    )


def proposal(pk: int) -> Proposal:
    """Raises NotFound."""
    found = (
        Proposal.objects.select_related("subscription__customer", "to_customer", "reason", "proposed_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def customer_named(pk: int) -> Customer | None:
    return Customer.objects.filter(pk=pk).first()
