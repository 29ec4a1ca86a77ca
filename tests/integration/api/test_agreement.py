"""What is read from rows and what the rule says of the same facts agree, on random rows and instants."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from applications.enums import Basis
from applications.models import AccessGrant, Customer, PolicyEdition
from applications.queries.decision import decide_at, decide_one
from applications.rules.access import Facts, Right, decide
from applications.rules.policy import Edition
from tests import factories

CODES = ["face.identification", "face.emotion", "face.detection", "video-indexer.face-identification"]
USED = [factories.BEFORE_THE_CUT, factories.BEFORE_THE_CUT + timedelta(days=2000), None]
SUBSCRIPTIONS, INSTANTS = 25, 3  # × 4 capabilities: 300 cases


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_and_rule_agree(
    seed: int, edition_row: PolicyEdition, edition: Edition, nordlys: Customer
) -> None:
    dice = random.Random(seed)
    taker = factories.person("rosa@example.org")

    def some_instant() -> datetime:
        """Few of them, so that ends, starts and questions often fall on the same one."""
        return factories.NOW + timedelta(days=dice.randint(-4, 4) * 90)

    asked, expected = [], []
    for _subscription in range(SUBSCRIPTIONS):
        day = dice.choice(USED)
        of = factories.subscription(nordlys, used={"face": day, "video-indexer": day} if day else {})
        for code in CODES:
            capability = edition.capability(code)
            assert capability is not None
            rights = [
                random_right(dice, of, code, number, some_instant(), taker)
                for number in range(dice.randint(0, 3))
            ]
            facts = Facts(
                known=True, existing=edition.is_existing(day, capability.gate), rights=tuple(rights)
            )
            for at in (some_instant() for _ in range(INSTANTS)):
                asked.append((of.guid, code, at))
                expected.append(decide(facts, capability, at))
    assert [told(one.verdict) for one in decide_at(asked)] == [told(one) for one in expected]
    assert [told(decide_one(*one).verdict) for one in asked[::25]] == [told(one) for one in expected[::25]]
    assert len({one.reason for one in expected}) >= 6


def told(verdict: object) -> tuple[object, ...]:
    return tuple(
        getattr(verdict, name) for name in ("allowed", "reason", "evaluated_at", "ends_at", "valid_for_s")
    )


def random_right(
    dice: random.Random, of: object, code: str, number: int, start: datetime, taker: object
) -> Right:
    """A right as a row and as a fact; only the first may be grace, which there is once."""
    basis = dice.choice([Basis.APPROVAL, Basis.EXTENSION, *([Basis.GRACE] if number == 0 else [])])
    end = start + timedelta(days=dice.randint(1, 6) * 90)
    cut = start + timedelta(days=dice.randint(0, 3) * 90) if dice.random() < 0.3 else None
    more = {"revoked_at": cut, "revoked_by": taker} if cut else {}
    row: AccessGrant = factories.right(of, code, basis=basis, starts_at=start, ends_at=end, **more)
    return Right(str(basis), start, end, cut, row.pk)
