"""Floor 3: one case as reviewers see it (design §5). Everything is read in a fixed number of statements."""

from collections.abc import Iterable
from datetime import datetime

from applications.models import Application, Decision, Flag, RequestedCapability
from applications.rules import review
from applications.rules.policy import Edition


def items_of(application: Application) -> list[RequestedCapability]:
    """What is asked for, each with its subscription and that subscription's first uses (two statements)."""
    return list(
        application.items.select_related("subscription")
        .prefetch_related("subscription__uses")
        .order_by("capability", "use_case", "subscription__label", "id")
    )


def as_rule_item(item: RequestedCapability, edition: Edition, at: datetime) -> review.Item:
    """The item as the rule for outcomes judges it at an instant. A capability nobody knows any more is retired."""
    found = edition.capability(item.capability)
    held = item.subscription.customer_id == item.customer_id
    if found is None:
        return review.Item(item.pk, item.capability, item.use_case, review.CapabilityState.RETIRED, held)
    used = {use.service: use.first_used_on for use in item.subscription.uses.all()}
    existing = edition.is_existing(used.get(found.service), found.gate)
    return review.Item(item.pk, item.capability, item.use_case, found.state(at, existing), held)


def flags_of(application: Application) -> list[Flag]:
    """The flags of the newest submission; what an older one raised is history."""
    newest = application.submissions.order_by("-number").values("number")[:1]
    return list(
        application.flags.filter(submission_number=newest).select_related("settled_by").order_by("id")
    )


def unsettled(flags: Iterable[Flag]) -> list[Flag]:
    return [flag for flag in flags if not flag.settlement]


def needs_two(flags: Iterable[Flag], items: Iterable[RequestedCapability], edition: Edition) -> bool:
    """Whether the case is high risk now and two people must decide it."""
    return review.needs_two(
        (review.Flagged(flag.effect, flag.settlement) for flag in flags),
        {item.use_case for item in items},
        edition,
    )


def risk_now(application: Application, edition: Edition) -> review.Risk:
    """The risk of the case from the flags that stand and what is asked for."""
    return review.risk_of(
        (review.Flagged(flag.effect, flag.settlement) for flag in flags_of(application)),
        set(application.items.values_list("use_case", flat=True)),
        edition,
    )


def open_recommendation(application: Application) -> Decision | None:
    return (
        application.decisions.filter(decided_at=None, returned_at=None)
        .select_related("recommended_by")
        .first()
    )
