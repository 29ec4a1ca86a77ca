"""Every cell of a customer's role × move × state of an application: who may does it, nobody else changes anything."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime

import pytest
from django.db import transaction

from applications.actions import application as act
from applications.actions import submission
from applications.enums import FINAL_STATES, UNDECIDED_STATES, Move, State
from applications.exceptions import NotAllowed, NotFound, NotPossibleNow
from applications.models import Application, AuditEvent, Customer, InformationRequest, PolicyEdition, User
from applications.rules import workflow
from tests import drafts, factories
from tests.unit.actions.test_matrix import ACTS

pytestmark = pytest.mark.django_db
Act = Callable[[Application, User, datetime], object]
MOVES: dict[Move, Act] = {
    Move.SUBMIT: lambda found, by, now: submission.submit(
        application=found, edition=factories.read_file(), by=by, now=now
    ),
    Move.RESPOND: lambda found, by, now: submission.respond(
        application=found, answer="It is so.", edition=factories.read_file(), by=by, now=now
    ),
    Move.WITHDRAW: lambda found, by, now: act.withdraw(application=found, by=by, now=now),
    Move.DISCARD: lambda found, by, now: act.discard(application=found, by=by, now=now),
}
ELSEWHERE = {
    Move.TAKE_BACK: "test_taking_back: the decider alone",
    Move.LAPSE: "test_lapses: the clock alone",
}


def test_every_move_has_its_matrix() -> None:
    assert sorted((*MOVES, *ACTS, *ELSEWHERE)) == sorted(Move)


# Asking again for what is so already is no error, and no second effect.
_SUBMITTED = [("owner", Move.SUBMIT)]
AGAIN = dict.fromkeys([*UNDECIDED_STATES, *FINAL_STATES], _SUBMITTED) | {
    State.WITHDRAWN: [*_SUBMITTED, ("owner", Move.WITHDRAW)]
}


@pytest.fixture
def people(owner: User, colleague: User, viewer: User, stranger: User, lead: User) -> dict[str, User]:
    return {"owner": owner, "editor": colleague, "viewer": viewer, "stranger": stranger, "lead": lead}


def built(of: Customer, state: State, row: PolicyEdition, owner: User, now: datetime) -> Application:
    made = drafts.draft(of, owner, row)
    if state == State.DRAFT:
        return made
    submission.submit(application=made, edition=factories.read_file(), by=owner, now=now)
    if state == State.INFORMATION_REQUESTED:
        InformationRequest.objects.create(application=made, question="Who?", asked_at=now, due_at=now)
    closed_at = now if state in FINAL_STATES else None
    Application.objects.filter(pk=made.pk).update(state=state, closed_at=closed_at)
    return Application.objects.select_related("customer").get(pk=made.pk)


@pytest.mark.parametrize("state", list(State))
def test_only_who_may_moves_an_application(
    nordlys: Customer, edition_row: PolicyEdition, people: dict[str, User], now: datetime, state: State
) -> None:
    for move, move_it in MOVES.items():
        for role, person in people.items():
            with transaction.atomic():
                made = built(nordlys, state, edition_row, people["owner"], now)
                done = AuditEvent.objects.filter(application_ref=made.pk, action=f"application.{move.value}")
                before = done.count()
                may = workflow.possible(move, state) and workflow.role_may(move, role)
                refused = pytest.raises((NotAllowed, NotFound, NotPossibleNow))
                with nullcontext() if may or (role, move) in AGAIN.get(state, ()) else refused:
                    move_it(made, person, now)
                assert done.count() - before == int(may), (move, role)
                if not may:
                    assert Application.objects.get(pk=made.pk).state == state, (move, role)
                transaction.set_rollback(True)
