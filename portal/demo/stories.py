"""The demo's access applications: one in every state, each by way of the actions that people would have taken."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from applications.actions import application as drafts
from applications.actions import decision as decisions
from applications.actions import finding, review, submission
from applications.enums import Outcome, Settlement
from applications.exceptions import NotPossibleNow
from applications.models import Application, Customer, Subscription, User
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome
from portal.demo import people

PLACES = ("Staff entrance", "Check-in kiosks", "Touchless boarding", "Lost-child search")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a demo customer asks for, and how long before the demo begins (`which` subscriptions: none named, all)."""

    capabilities: Sequence[str]
    use_cases: Sequence[str]
    description: str
    days_ago: int
    services: Sequence[str] = ("face",)
    which: tuple[int, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def draft(owner: User, wish: Wish, *, edition: Edition, start: datetime) -> Application:
    """A draft with every section saved, by its owner."""
    customer = Customer.objects.get(memberships__user=owner)
    now = start - timedelta(days=wish.days_ago, hours=2)
    made = drafts.start(customer=customer, edition=edition, by=owner, now=now, create_key=uuid.uuid4())
    held = list(Subscription.objects.filter(customer=customer).order_by("pk"))
    held = [held[index] for index in wish.which] or held
    named = {str(one.guid): PLACES[number % len(PLACES)] for number, one in enumerate(held)}
    filled = people.answers(
        person=owner.name,
        email=owner.email,
        name=customer.name,
        website=customer.website,
        country=customer.country,
        sector=customer.sector,
        subscriptions=named or {str(uuid.uuid5(uuid.NAMESPACE_DNS, customer.name)): "Production"},
        services=list(wish.services),
        capabilities=list(wish.capabilities),
        use_cases=list(wish.use_cases),
        description=wish.description,
        **wish.extra,
    )
    for part in edition.sections:
        saved = {row.code: row.version for row in made.sections.all()}
        drafts.save_section(
            application=made,
            section=part.code,
            answers=filled[part.code],
            version=saved.get(part.code, 0),
            edition=edition,
            by=owner,
            now=now,
        )
    return made


def submitted(owner: User, wish: Wish, *, edition: Edition, start: datetime) -> Application:
    made = draft(owner, wish, edition=edition, start=start)
    return submission.submit(
        application=made, edition=edition, by=owner, now=start - timedelta(days=wish.days_ago)
    )


def approve(
    case: Application,
    *,
    by: User,
    second: User,
    edition: Edition,
    now: datetime,
    conditions: Sequence[str] = (),
) -> None:
    """Claim, settle the flags as cured, and approve; a second person confirms where two are needed."""
    outcome = ItemOutcome(Outcome.CONDITIONS if conditions else Outcome.APPROVED, (), tuple(conditions))
    _decide(case, outcome, Settlement.CURED, by=by, second=second, edition=edition, now=now)


def deny(
    case: Application, *, reasons: Sequence[str], by: User, second: User, edition: Edition, now: datetime
) -> None:
    outcome = ItemOutcome(Outcome.DENIED, tuple(reasons))
    _decide(case, outcome, Settlement.STANDS, by=by, second=second, edition=edition, now=now)


def _decide(
    case: Application,
    outcome: ItemOutcome,
    settlement: Settlement,
    *,
    by: User,
    second: User,
    edition: Edition,
    now: datetime,
) -> None:
    review.claim(case, by=by, now=now)
    for flag in case.flags.all():
        finding.settle_flag(
            flag,
            settlement=settlement,
            note="Checked with the privacy notice.",
            edition=edition,
            by=by,
            now=now,
        )
    outcomes = {item.pk: outcome for item in case.items.filter(closed_at__isnull=True)}
    later = now + timedelta(hours=3)
    try:
        decisions.decide(case, outcomes=outcomes, edition=edition, by=by, now=later)
    except NotPossibleNow:
        decisions.recommend(
            case,
            outcomes=outcomes,
            note="The facts are clear; please confirm.",
            edition=edition,
            by=by,
            now=later,
        )
        decisions.decide(case, outcomes=outcomes, edition=edition, by=second, now=later + timedelta(hours=20))
