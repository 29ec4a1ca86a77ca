"""Floor 3: one case as reviewers see it (design §5). Everything is read in a fixed number of statements."""

from collections.abc import Iterable
from datetime import datetime

from applications.enums import CapabilityState, Risk
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
        return review.Item(item.pk, item.capability, item.use_case, CapabilityState.RETIRED, held)
    used = {use.service: use.first_used_on for use in item.subscription.uses.all()}
    existing = edition.is_existing(used.get(found.service), found.gate)
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
