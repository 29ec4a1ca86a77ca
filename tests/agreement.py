"""What is read from rows, and what the rule says of the same facts: made together, at random, in bulk."""

from __future__ import annotations

import itertools
import random
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from applications.enums import Basis, Outcome
from applications.models import (
    AccessGrant,
    Application,
    Customer,
    RequestedCapability,
    ServiceUse,
    Subscription,
    Suspension,
    User,
)
from applications.queries.decision import decide_at
from applications.rules.access import UNKNOWN, Ask, Facts, Right, Verdict, decide
from applications.rules.policy import Edition
from tests import factories

CODES = [
    "face.identification",
    "face.emotion",
    "face.detection",
    "video-indexer.face-identification",
    "face.unheard-of",
]
USED = [factories.BEFORE_THE_CUT, factories.BEFORE_THE_CUT + timedelta(days=2000), None]
SERVICES = ("face", "video-indexer")
INSTANTS = 2
CHUNK = 2000
Case = tuple[uuid.UUID, str, datetime]


@dataclass(frozen=True, slots=True)
class World:
    """Who holds the subscriptions, and whose claims on them must not count."""

    holder: Customer
    claimant: Customer
    application: Application
    claim: Application
    taker: User
    edition: Edition


def some_instant(dice: random.Random) -> datetime:
    """Few of them, so that ends, starts and questions often fall on the same one."""
    return factories.NOW + timedelta(days=dice.randint(-4, 4) * 90)


def cases(dice: random.Random, world: World, subscriptions: int) -> list[tuple[Case, Verdict]]:
    """Questions with the rule's own answers, after their rows were written; one subscription in ten is unknown."""
    guids = [uuid.UUID(int=dice.getrandbits(128), version=4) for _ in range(subscriptions)]
    held = Subscription.objects.bulk_create(
        Subscription(guid=guid, customer=world.holder, known_at=factories.NOW)
        for guid in guids[subscriptions // 10 :]
    )
    days, uses = {}, []
    spans, rights, asks = defaultdict(list), defaultdict(list), defaultdict(list)
    for one in held:
        days[one.guid] = day = dice.choice(USED)
        uses += [ServiceUse(subscription=one, service=name, first_used_on=day) for name in SERVICES if day]
        spans[one.guid] = random_spans(dice, one, world.taker)
        for code in CODES[:-1]:
            place = (one.guid, code)
            rights[place] = [random_right(dice, one, code, n, world) for n in range(dice.randint(0, 3))]
            asks[place] = [random_ask(dice, one, code, n, world) for n in range(dice.randint(0, 2))]
    ServiceUse.objects.bulk_create(uses)
    Suspension.objects.bulk_create(itertools.chain(*spans.values()))
    AccessGrant.objects.bulk_create(itertools.chain(*rights.values()))
    RequestedCapability.objects.bulk_create(itertools.chain(*asks.values()))
    answers = []
    for place in itertools.product(guids, CODES):
        guid, code = place
        capability = world.edition.capability(code)
        facts = UNKNOWN
        if guid in days:
            facts = Facts(
                known=True,
                existing=capability is not None and world.edition.is_existing(days[guid], capability.gate),
                rights=tuple(
                    Right(str(one.basis), one.starts_at, one.ends_at, one.revoked_at, one.pk)
                    for one in rights[place]
                ),
                asks=tuple(
                    Ask(one.asked_at, one.closed_at, one.outcome)
                    for one in asks[place]
                    if one.customer_id == world.holder.pk
                ),
                suspensions=tuple((one.starts_at, one.ends_at) for one in spans[guid]),
            )
        for _ in range(INSTANTS):
            at = some_instant(dice)
            answers.append(((guid, code, at), decide(facts, capability, at)))
    return answers


def random_right(dice: random.Random, of: Subscription, code: str, number: int, world: World) -> AccessGrant:
    """Only the first may be grace, which there is once."""
    start = some_instant(dice)
    cut = start + timedelta(days=dice.randint(0, 3) * 90) if dice.random() < 0.3 else None
    return AccessGrant(
        subscription=of,
        customer=world.holder,
        capability=code,
        basis=dice.choice([Basis.APPROVAL, Basis.EXTENSION, *([Basis.GRACE] if number == 0 else [])]),
        starts_at=start,
        ends_at=start + timedelta(days=dice.randint(1, 6) * 90),
        granted_at=start,
        revoked_at=cut,
        revoked_by=world.taker if cut else None,
    )


def random_ask(
    dice: random.Random, of: Subscription, code: str, number: int, world: World
) -> RequestedCapability:
    """Decided, withdrawn or open; one in five is another customer's claim."""
    asked = some_instant(dice)
    closed = asked + timedelta(days=dice.randint(0, 3) * 90) if dice.random() < 0.7 else None
    outcomes = ["", Outcome.DENIED, Outcome.APPROVED, Outcome.NOT_NEEDED]
    claims = dice.random() < 0.2
    return RequestedCapability(
        application=world.claim if claims else world.application,
        customer=world.claimant if claims else world.holder,
        subscription=of,
        capability=code,
        use_case=str(number),
        asked_at=asked,
        closed_at=closed,
        outcome=dice.choice(outcomes) if closed else "",
    )


def random_spans(dice: random.Random, of: Subscription, by: User) -> list[Suspension]:
    """None or two suspensions; the last may still hold."""
    made = []
    for number in range(dice.choice([0, 0, 0, 1, 2])):
        start = some_instant(dice)
        end = None if number == 0 and dice.random() < 0.3 else start + timedelta(days=90)
        made.append(
            Suspension(
                subscription=of,
                starts_at=start,
                ends_at=end,
                suspended_by=by,
                resumed_by=by if end else None,
            )
        )
    return made


def compare(asked: list[tuple[Case, Verdict]]) -> tuple[int, Counter[str]]:
    """How many of the rule's answers the decision query does not give, and the reasons there were."""
    wrong, reasons = 0, Counter[str]()
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        given = decide_at([case for case, _expected in part])
        for answer, (_case, expected) in zip(given, part, strict=True):
            wrong += told(answer.verdict) != told(expected)
            reasons[expected.reason] += 1
    return wrong, reasons


def told(verdict: Verdict) -> tuple[object, ...]:
    names = ("allowed", "reason", "evaluated_at", "ends_at", "valid_for_s")
    return tuple(getattr(verdict, name) for name in names)
