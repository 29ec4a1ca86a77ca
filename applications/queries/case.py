"""Floor 3: what actions and pages ask about one case (design §5), each in a fixed number of statements."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from applications.enums import UNDECIDED_STATES, CapabilityState, Risk, State
from applications.exceptions import NotAllowed, NotFound
from applications.models import (
    AccessGrant,
    Application,
    BlindReview,
    Decision,
    Flag,
    PolicyEdition,
    RequestedCapability,
    Subscription,
    User,
)
from applications.permissions import Can, require, stands_near
from applications.queries.policy import edition_by_digest, no_edition
from applications.rules import review
from applications.rules.identifiers import read_reference
from applications.rules.policy import Edition


@dataclass(frozen=True, slots=True)
class History:
    """What a customer holds and held, in numbers."""

    subscriptions: int
    in_force: int
    ended: int
    revoked: int


@dataclass(frozen=True, slots=True)
class Found:
    """A case, whether the reader stands too near to judge it, and the edition in force."""

    application: Application
    near: bool
    edition: Edition
    history: History | None = None


def load(user: User, reference: str) -> Application:
    """One case for staff. Raises as `find`."""
    return find(user, reference).application


def find(user: User, reference: str, *, history_at: datetime | None = None) -> Found:
    """One case for staff, by one statement; with the numbers of its customer's history when an instant is given.

    Raises NotAllowed for who may not see cases, NotFound for drafts and what is not there (promise P9), NoEdition.
    """
    require(user, Can.SEE_CASES)
    rules = PolicyEdition.objects.filter(in_force=True)
    blind = BlindReview.objects.filter(
        decision__application=OuterRef("pk"), taken_by=user, judged_at__isnull=True
    )
    numbers = _numbers(history_at) if history_at else {}
    found = (
        Application.objects.exclude(state=State.DRAFT)
        .filter(reference=read_reference(reference), submitted_at__isnull=False, edition__isnull=False)
        .select_related("customer", "edition", "assigned_to", "submitted_by", "previous")
        .defer("edition__text", "search_text")
        .annotate(
            near=stands_near(user, "customer"),
            blind=Exists(blind),
            rules_digest=Subquery(rules.values("digest")[:1]),
            rules_id=Subquery(rules.values("pk")[:1]),
            **numbers,
        )
        .first()
    )
    if found is None:
        raise NotFound
    if found.blind:
        raise NotAllowed(
            _("You judge this case blind, without seeing what others found. Record your outcome first."),
            code="blind",
        )
    if found.rules_id is None:
        raise no_edition()
    history = History(*(getattr(found, name) for name in numbers)) if numbers else None
    return Found(found, found.near, edition_by_digest(found.rules_digest, found.rules_id), history)


def _numbers(at: datetime) -> dict[str, Subquery]:
    """The fields of History, each counted by itself over what the customer has."""
    held = Subscription.objects.filter(customer=OuterRef("customer"))
    rights = AccessGrant.objects.filter(customer=OuterRef("customer"))
    kept = rights.filter(revoked_at=None)
    return {
        "subscriptions_held": _count(held),
        "rights_in_force": _count(kept.filter(starts_at__lte=at, ends_at__gt=at)),
        "rights_ended": _count(kept.filter(ends_at__lte=at)),
        "rights_revoked": _count(rights.filter(revoked_at__isnull=False)),
    }


def _count(rows: QuerySet[Any]) -> Subquery:
    number = Func("pk", function="COUNT", output_field=IntegerField())
    return Subquery(rows.order_by().annotate(number=number).values("number"))


def items_of(application: Application, *others: int) -> list[RequestedCapability]:
    """What is asked for, each with its subscription and that subscription's first `uses` (one statement).

    `others`: ids of applications whose items are read along.
    """
    asked = RequestedCapability.objects.filter(application__in=[application.pk, *others])
    rows = (
        asked.select_related("subscription")
        .annotate(use_of=F("subscription__uses__service"), used_on=F("subscription__uses__first_used_on"))
        .order_by("capability", "use_case", "subscription__label", "id")
    )
    found: dict[int, RequestedCapability] = {}
    for row in rows:
        item = found.setdefault(row.pk, row)
        if item is row:
            item.first_uses = {}
            if row.application_id == application.pk:
                row.application = application
        if row.use_of:
            item.first_uses[row.use_of] = row.used_on
    return list(found.values())


def settled_by_policy(edition: Edition, at: datetime) -> list[Application]:
    """Undecided cases with an open item of a capability that is not gated now for new or for existing customers.

    Two statements over open rows alone; whether an item closes is judged by its own subscription.
    """
    asked = RequestedCapability.objects.filter(closed_at__isnull=True)
    codes = [
        code
        for code in asked.order_by().values_list("capability", flat=True).distinct()
        if (known := edition.capability(code)) is None
        or any(known.state(at, existing) != CapabilityState.GATED for existing in (False, True))
    ]
    if not codes:
        return []
    return list(
        Application.objects.filter(
            Exists(asked.filter(application=OuterRef("pk"), capability__in=codes)),
            state__in=UNDECIDED_STATES,
        )
        .select_related("customer")
        .order_by("pk")
    )


def as_rule_item(item: RequestedCapability, edition: Edition, at: datetime) -> review.Item:
    """The item as the rule for outcomes judges it at an instant. A capability nobody knows any more is retired."""
    found = edition.capability(item.capability)
    held = item.subscription.customer_id == item.customer_id
    if found is None:
        return review.Item(item.pk, item.capability, item.use_case, CapabilityState.RETIRED, held)
    existing = edition.is_existing(item.first_uses.get(found.service), found.gate)
    return review.Item(item.pk, item.capability, item.use_case, found.state(at, existing), held)


def flags_of(application: Application) -> list[Flag]:
    """The flags of the newest submission; what an older one raised is history."""
    newest = application.submissions.order_by("-number").values("number")[:1]
    return list(
        application.flags.filter(submission_number=newest).select_related("settled_by").order_by("id")
    )


def is_guidance(flag: Flag, edition: Edition) -> bool:
    """Whether the flag's rule was not in force yet when it was raised: it guides, and weighs nothing."""
    rule = edition.screening.get(flag.rule)
    return rule is not None and edition.local_day(flag.raised_at) < rule.valid_from


def unsettled(flags: Iterable[Flag], edition: Edition) -> list[Flag]:
    """The flags that a person still has to settle before the case can be decided."""
    return [flag for flag in flags if not flag.settlement and not is_guidance(flag, edition)]


def risk_of(flags: Iterable[Flag], use_cases: Iterable[str], edition: Edition) -> Risk:
    """The risk of the case now, from the flags that weigh and stand and from what is asked for."""
    weighing = [
        review.Flagged(flag.effect, flag.settlement) for flag in flags if not is_guidance(flag, edition)
    ]
    return review.risk_of(weighing, use_cases, edition)


def needs_two(flags: Iterable[Flag], items: Iterable[RequestedCapability], edition: Edition) -> bool:
    """Whether the case is high risk now and two people must decide it."""
    return risk_of(flags, {item.use_case for item in items}, edition) is Risk.HIGH


def risk_now(application: Application, edition: Edition) -> Risk:
    use_cases = set(application.items.values_list("use_case", flat=True))
    return risk_of(flags_of(application), use_cases, edition)


def open_recommendation(application: Application) -> Decision | None:
    return (
        application.decisions.filter(decided_at=None, returned_at=None)
        .select_related("recommended_by")
        .first()
    )


def may_take_back(decision: Decision, user: User, now: datetime) -> bool:
    """Whether the person decided this, it grants nothing, and its letter still waits."""
    waits = decision.letter_due_at is not None and decision.letter_due_at > now
    grants = review.counts_at_once(review.read_outcomes(decision.outcomes))
    return decision.decided_by_id == user.pk and waits and not grants and decision.taken_back_at is None
