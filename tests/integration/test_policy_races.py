"""P5 for editions, with real threads: of two activations at once one holds, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from applications.actions.policy import Activated, activate_policy, load_edition, propose_activation
from applications.exceptions import SomebodyWasFaster
from applications.models import AuditEvent, PolicyEdition, User
from tests import factories
from tests.factories import NOW, edition_text

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def at_once(*steps: Callable[[], object]) -> list[object]:
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


@pytest.fixture
def operators(db: None) -> tuple[User, User]:
    factories.edition_row()
    names = ("omar@vendor.example", "olga@vendor.example")
    first, second = (factories.person(name, staff_role="operator") for name in names)
    return first, second


def proposed(code: str, by: User) -> PolicyEdition:
    text = edition_text().replace('code = "2022-06-21"', f'code = "{code}"')
    row = load_edition(text, source=code, by=None, now=NOW).row
    propose_activation(row, by=by, now=NOW)
    return row


@pytest.mark.parametrize("same", [True, False])
def test_two_activations_at_once(operators: tuple[User, User], same: bool) -> None:
    first, second = operators
    for number in range(ROUNDS):
        one = proposed(f"a{number}", first)
        other = one if same else proposed(f"b{number}", first)
        before = AuditEvent.objects.filter(action="policy.activated").count()
        answers = at_once(*(
            lambda row=row: activate_policy(row, by=first, second=second, now=NOW) for row in (one, other)
        ))  # fmt: skip
        won = [answer for answer in answers if isinstance(answer, Activated)]
        told = [answer for answer in answers if isinstance(answer, SomebodyWasFaster)]
        in_force = PolicyEdition.objects.filter(in_force=True).values_list("pk", flat=True)
        assert len(won) + len(told) == 2, answers
        assert len(won) == AuditEvent.objects.filter(action="policy.activated").count() - before
        assert len(in_force) == 1
        assert set(in_force) <= {one.pk, other.pk}
        assert (not same) or len(won) == 1
