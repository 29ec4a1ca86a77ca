"""P5 with real threads and connections: of two at once one wins, the other is told, nothing is written twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from applications.actions import decision, review
from applications.enums import State
from applications.exceptions import SomebodyWasFaster
from applications.models import AccessGrant, Application, AuditEvent, Decision, PolicyEdition
from tests import factories
from tests.cases import case, same_for_all
from tests.factories import NOW
from tests.pairs import PAIRS, People, load, play, rights_and_records, together

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 50


@pytest.fixture
def people(db: None, edition_row: PolicyEdition) -> People:
    return People.met()


@pytest.mark.parametrize("pair", PAIRS)
def test_of_two_acts_at_once_one_wins_and_the_other_is_told(people: People, pair: str) -> None:
    """P4, P5, P8: fifty rounds a pair; rights, decision and record follow the winner alone."""
    winners = []
    for _round in range(ROUNDS):
        made, answers = play(pair, people, NOW - timedelta(hours=1), NOW)
        (loser,) = [answer for answer in answers if isinstance(answer, Exception)]
        assert isinstance(loser, SomebodyWasFaster), answers
        assert loser.who in ("Rosa Keller", "Lena Brandt", "Sam Okafor", "Henrik Aagaard")
        assert loser.when == NOW
        decided = made.state == State.DECIDED
        approved = made.items.filter(outcome="approved").exists()
        assert rights_and_records(made, NOW) == (2 if approved else 0, 1 if decided else 0, 1)
        assert made.items.filter(closed_at=None).exists() is (made.closed_at is None)
        winners.append(answers.index(loser))
    assert len(winners) == ROUNDS


def test_a_double_click_is_one_decision(people: People) -> None:
    """P4: both clicks load the case before either is done; both get the one decision."""
    for _round in range(10):
        made = case(people.customer, state=State.IN_REVIEW, holder=people.reviewer, by=people.owner)
        outcomes = same_for_all(made)

        def click(outcomes: dict = outcomes, found: Application = made) -> object:
            return decision.decide(
                load(found), outcomes=outcomes, edition=factories.read_file(), by=people.reviewer, now=NOW
            )

        answers = together(click, click)
        assert Decision.objects.filter(application=made).count() == 1
        assert AccessGrant.objects.filter(item__application=made).count() == 2
        assert answers == [made.decisions.get()] * 2


def test_twenty_reviewers_take_next_at_once(people: People) -> None:
    """Twenty people, fifteen cases: each case goes to one person, the most urgent ones are gone."""
    reviewers = [factories.person(f"r{number}@vendor.example", staff_role="reviewer") for number in range(20)]
    cases = [case(people.customer, target_at=NOW + timedelta(days=number + 1)) for number in range(15)]
    answers = together(*(lambda by=by: review.take_next(by=by, now=NOW) for by in reviewers))
    taken = [answer for answer in answers if answer is not None]
    assert all(isinstance(answer, Application) for answer in taken), answers
    assert sorted(one.pk for one in taken) == sorted(one.pk for one in cases)
    assert AuditEvent.objects.filter(action="application.claim").count() == 15
    holders = Application.objects.values_list("assigned_to", flat=True)
    assert len(set(holders)) == 15
