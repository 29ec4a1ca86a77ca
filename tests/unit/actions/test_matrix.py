"""Every cell of person × move × state of a case: who may do it does it, everybody else changes nothing (P5, P9)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime

import pytest

from applications.actions import decision, review
from applications.enums import FINAL_STATES, UNDECIDED_STATES, Move, Settlement, State
from applications.exceptions import NotAllowed, NotPossibleNow
from applications.models import Application, AuditEvent, Customer, Decision, PolicyEdition, User
from applications.rules import workflow
from applications.rules.review import store_outcomes
from tests import factories
from tests.cases import case, flag, same_for_all

pytestmark = pytest.mark.django_db
Act = Callable[[Application, User, User, datetime], object]

ACTS: dict[Move, Act] = {
    Move.CLAIM: lambda found, by, other, now: review.claim(found, by=by, now=now),
    Move.ASSIGN: lambda found, by, other, now: review.assign(found, to=other, by=by, now=now),
    Move.RELEASE: lambda found, by, other, now: review.release(found, by=by, now=now),
    Move.REASSIGN: lambda found, by, other, now: review.reassign(found, to=other, by=by, now=now),
    Move.REQUEST_INFORMATION: lambda found, by, other, now: review.request_information(
        found, question="Who?", edition=factories.read_file(), by=by, now=now
    ),
    Move.RECOMMEND: lambda found, by, other, now: decision.recommend(
        found, outcomes=same_for_all(found), edition=factories.read_file(), by=by, now=now
    ),
    Move.RETURN_TO_REVIEW: lambda found, by, other, now: decision.return_to_review(
        found, note="Again.", by=by, now=now
    ),
    Move.DECIDE: lambda found, by, other, now: decision.decide(
        found, outcomes=same_for_all(found), edition=factories.read_file(), by=by, now=now
    ),
}


# Asking again for what one has done already is no error, and no second effect.
AGAIN = {("holder", Move.CLAIM, State.IN_REVIEW), ("holder", Move.RECOMMEND, State.SECOND_REVIEW)}


@pytest.fixture
def people(
    reviewer: User, second_reviewer: User, lead: User, operator: User, auditor: User, owner: User
) -> dict[str, User]:
    return {
        "holder": reviewer,
        "another reviewer": second_reviewer,
        "lead": lead,
        "operator": operator,
        "auditor": auditor,
        "owner": owner,
    }


def built(of: Customer, state: State, move: Move, people: dict[str, User], now: datetime) -> Application:
    """A case in the state, with what its move needs: high risk to recommend, a recommendation to judge."""
    holder = None if state == State.SUBMITTED else people["holder"]
    made = case(of, state=state if state in UNDECIDED_STATES else State.IN_REVIEW, holder=holder)
    if move == Move.RECOMMEND or state == State.SECOND_REVIEW:
        flag(made, "minors", settled=Settlement.STANDS, by=people["holder"])
    if state == State.SECOND_REVIEW:
        Decision.objects.create(
            application=made,
            outcomes=store_outcomes(same_for_all(made)),
            recommended_at=now,
            recommended_by=people["holder"],
        )
    if state in FINAL_STATES:
        Application.objects.filter(pk=made.pk).update(state=state, closed_at=now)
    return Application.objects.select_related("customer").get(pk=made.pk)


def may(move: Move, state: State, name: str, person: User) -> bool:
    return workflow.possible(move, state) and workflow.staff_may(
        move,
        person.staff_role,
        holds=name == "holder" and state != State.SUBMITTED,
        recommended=name == "holder" and state == State.SECOND_REVIEW,
        state=state,
    )


@pytest.mark.parametrize("move", list(ACTS))
@pytest.mark.parametrize("state", [*UNDECIDED_STATES, *FINAL_STATES])
def test_only_who_may_moves_a_case(
    nordlys: Customer,
    edition_row: PolicyEdition,
    people: dict[str, User],
    now: datetime,
    state: State,
    move: Move,
) -> None:
    spare = factories.person("zoe@vendor.example", staff_role="reviewer")
    for name, person in people.items():
        made = built(nordlys, state, move, people, now)
        moved = AuditEvent.objects.filter(application_ref=made.pk, action=f"application.{move.value}")
        if may(move, state, name, person):
            ACTS[move](made, person, spare, now)
            assert moved.count() == 1, name
        else:
            refused = pytest.raises((NotAllowed, NotPossibleNow))
            with nullcontext() if (name, move, state) in AGAIN else refused:
                ACTS[move](made, person, spare, now)
            assert (moved.count(), Application.objects.get(pk=made.pk).state) == (0, state), name
