"""P5 with real threads and connections: of two at once one wins, the other is told, nothing is written twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections

from applications.actions import decision, review
from applications.actions.application import withdraw
from applications.enums import Outcome, State
from applications.exceptions import SomebodyWasFaster
from applications.models import AccessGrant, Application, AuditEvent, Decision, OutboundMessage
from tests import factories
from tests.cases import APPROVED, DENIED, case, same_for_all
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 50


def at_once(*steps: Callable[[], object]) -> list[object]:
    """Run the steps in threads that start together; each answers or gives the error it raised."""
    barrier = threading.Barrier(len(steps))
    answers: list[object] = [None] * len(steps)

    def run(place: int, step: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=20)
            answers[place] = step()
        except Exception as error:  # the test looks at every answer
            answers[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, step)) for place, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    return answers


def load(pk: int) -> Application:
    return Application.objects.select_related("customer", "submitted_by").get(pk=pk)


@pytest.fixture
def people(db: None) -> dict[str, object]:
    customer = factories.customer(domain="nordlys.example")
    return {
        "customer": customer,
        "owner": factories.member(customer, factories.person("henrik@nordlys.example", "Henrik Aagaard")),
        "reviewer": factories.person("rosa@vendor.example", "Rosa Keller", staff_role="reviewer"),
        "lead": factories.person("lena@vendor.example", "Lena Brandt", staff_role="lead"),
    }


def check_one_winner(pk: int, answers: list[object]) -> None:
    losers = [answer for answer in answers if isinstance(answer, SomebodyWasFaster)]
    assert len(losers) == len(answers) - 1, answers
    assert not [answer for answer in answers if isinstance(answer, Exception) and answer not in losers]
    assert all(loser.who and loser.when == NOW for loser in losers)
    assert Decision.objects.filter(application=pk, decided_at__isnull=False).count() <= 1


def test_two_decisions_at_once_are_one(people: dict) -> None:
    """P5, P8: fifty rounds of approve against deny; rights, mail and record follow the winner alone."""
    won = []
    for _round in range(ROUNDS):
        made = case(people["customer"], state=State.IN_REVIEW, holder=people["reviewer"], by=people["owner"])
        copies = [load(made.pk), load(made.pk)]
        said = [same_for_all(made, APPROVED), same_for_all(made, DENIED)]

        def step(copy: Application, outcomes: dict, by: object) -> Callable[[], object]:
            return lambda: decision.decide(
                copy, outcomes=outcomes, edition=factories.read_file(), by=by, now=NOW
            )

        answers = at_once(
            step(copies[0], said[0], people["reviewer"]), step(copies[1], said[1], people["lead"])
        )
        check_one_winner(made.pk, answers)
        outcome = made.items.get().outcome
        won.append(outcome)
        assert AccessGrant.objects.filter(item__application=made).count() == (
            2 if outcome == "approved" else 0
        )
        assert OutboundMessage.objects.filter(application=made).count() == 1
        assert AuditEvent.objects.filter(application_ref=made.pk, action="application.decide").count() == 1
    assert len(won) == ROUNDS
    assert set(won) <= {Outcome.APPROVED, Outcome.DENIED}


def test_a_decision_and_a_withdrawal_at_once_are_one(people: dict) -> None:
    for _round in range(ROUNDS):
        made = case(people["customer"], state=State.IN_REVIEW, holder=people["reviewer"], by=people["owner"])
        one, other = load(made.pk), load(made.pk)
        outcomes = same_for_all(made)
        answers = at_once(
            lambda one=one, outcomes=outcomes: decision.decide(
                one, outcomes=outcomes, edition=factories.read_file(), by=people["reviewer"], now=NOW
            ),
            lambda other=other: withdraw(application=other, by=people["owner"], now=NOW),
        )
        check_one_winner(made.pk, answers)
        found = load(made.pk)
        rights = AccessGrant.objects.filter(item__application=made).count()
        assert (found.state, rights) in {(State.DECIDED, 2), (State.WITHDRAWN, 0)}
        assert found.items.filter(closed_at=None).count() == 0


def test_a_double_click_is_one_decision(people: dict) -> None:
    """P4: both clicks load the case before either is done; both get the one decision."""
    for _round in range(10):
        made = case(people["customer"], state=State.IN_REVIEW, holder=people["reviewer"], by=people["owner"])
        outcomes = same_for_all(made)

        def click(outcomes: dict = outcomes, pk: int = made.pk) -> object:
            return decision.decide(
                load(pk), outcomes=outcomes, edition=factories.read_file(), by=people["reviewer"], now=NOW
            )

        answers = at_once(click, click)
        assert Decision.objects.filter(application=made).count() == 1
        assert AccessGrant.objects.filter(item__application=made).count() == 2
        assert answers == [made.decisions.get()] * 2


def test_twenty_reviewers_take_next_at_once(people: dict) -> None:
    """Twenty people, fifteen cases: each case goes to one person, the most urgent ones are gone."""
    reviewers = [factories.person(f"r{number}@vendor.example", staff_role="reviewer") for number in range(20)]
    cases = [case(people["customer"], target_at=NOW + timedelta(days=number + 1)) for number in range(15)]
    answers = at_once(*(lambda by=by: review.take_next(by=by, now=NOW) for by in reviewers))
    taken = [answer for answer in answers if answer is not None]
    assert all(isinstance(answer, Application) for answer in taken), answers
    assert sorted(one.pk for one in taken) == sorted(one.pk for one in cases)
    assert AuditEvent.objects.filter(action="application.claim").count() == 15
    holders = Application.objects.values_list("assigned_to", flat=True)
    assert len(set(holders)) == 15
