"""What is read from rows and what the rule says of the same facts agree, on random rows and instants.

`make faults` does the same a hundred thousand times.
"""

from __future__ import annotations

import random

import pytest

from applications.models import Customer, PolicyEdition, User
from applications.queries.decision import decide_one
from applications.rules.policy import Edition
from tests import agreement, factories
from tests.agreement import World, told

SUBSCRIPTIONS = 20  # × 5 capabilities × 2 instants = 200 cases


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_and_rule_agree(
    seed: int,
    edition_row: PolicyEdition,
    edition: Edition,
    nordlys: Customer,
    other_customer: Customer,
    reviewer: User,
) -> None:
    world = World(
        nordlys,
        other_customer,
        factories.submitted(nordlys, edition_row),
        factories.submitted(other_customer, edition_row),
        reviewer,
        edition,
    )
    asked = agreement.cases(random.Random(seed), world, SUBSCRIPTIONS)
    wrong, reasons = agreement.compare(asked)
    assert (len(asked), wrong) == (200, 0)
    assert len(reasons) >= 10
    for case, expected in asked[::25]:
        assert told(decide_one(*case).verdict) == told(expected)
