"""The transition table against design §5, cell by cell."""

from __future__ import annotations

import pytest

from applications.enums import Move, Role, StaffRole, State
from applications.rules.workflow import TRANSITIONS, moves_from, possible, role_may, staff_may, target

S = State
EDGES = {
    Move.SUBMIT: {S.DRAFT: S.SUBMITTED},
    Move.CLAIM: {S.SUBMITTED: S.IN_REVIEW},
    Move.ASSIGN: {S.SUBMITTED: S.IN_REVIEW},
    Move.RELEASE: {S.IN_REVIEW: S.SUBMITTED},
    Move.REASSIGN: {state: state for state in (S.IN_REVIEW, S.INFORMATION_REQUESTED, S.SECOND_REVIEW)},
    Move.REQUEST_INFORMATION: {S.IN_REVIEW: S.INFORMATION_REQUESTED},
    Move.RESPOND: {S.INFORMATION_REQUESTED: S.IN_REVIEW},
    Move.RECOMMEND: {S.IN_REVIEW: S.SECOND_REVIEW},
    Move.RETURN_TO_REVIEW: {S.SECOND_REVIEW: S.IN_REVIEW},
    Move.DECIDE: {S.IN_REVIEW: S.DECIDED, S.SECOND_REVIEW: S.DECIDED},
    Move.TAKE_BACK: {S.DECIDED: S.IN_REVIEW},
    Move.WITHDRAW: dict.fromkeys(
        (S.SUBMITTED, S.IN_REVIEW, S.INFORMATION_REQUESTED, S.SECOND_REVIEW), S.WITHDRAWN
    ),
    Move.DISCARD: {S.DRAFT: S.DRAFT},
    Move.LAPSE: {S.DRAFT: S.LAPSED, S.INFORMATION_REQUESTED: S.LAPSED},
}


@pytest.mark.parametrize("move", list(Move))
@pytest.mark.parametrize("state", list(State))
def test_table(move: Move, state: State) -> None:
    after = EDGES[move].get(state)
    assert possible(move, state) is (after is not None)
    assert (move in moves_from(state)) is (after is not None)
    if after is None:
        with pytest.raises(ValueError, match=f"{move} is not possible from {state}"):
            target(move, state)
    else:
        assert target(move, state) is after


def test_customers_people_may_exactly_this() -> None:
    may = {role: {move for move in Move if role_may(move, role)} for role in [*Role, None]}
    assert may == {
        Role.OWNER: {Move.SUBMIT, Move.RESPOND, Move.WITHDRAW, Move.DISCARD},
        Role.EDITOR: {Move.RESPOND, Move.DISCARD},
        Role.VIEWER: set(),
        None: set(),
    }


def test_operators_and_auditors_make_no_move() -> None:
    for role in (StaffRole.OPERATOR, StaffRole.AUDITOR, StaffRole.NONE):
        for move in Move:
            assert not staff_may(move, role, holds=True, recommended=False, state=State.IN_REVIEW)


@pytest.mark.parametrize(
    ("move", "role", "holds", "recommended", "state", "may"),
    [
        (Move.CLAIM, StaffRole.REVIEWER, False, False, S.SUBMITTED, True),
        (Move.ASSIGN, StaffRole.REVIEWER, False, False, S.SUBMITTED, False),
        (Move.ASSIGN, StaffRole.LEAD, False, False, S.SUBMITTED, True),
        (Move.RELEASE, StaffRole.REVIEWER, False, False, S.IN_REVIEW, False),
        (Move.RELEASE, StaffRole.REVIEWER, True, False, S.IN_REVIEW, True),
        (Move.RELEASE, StaffRole.LEAD, False, False, S.IN_REVIEW, True),
        (Move.DECIDE, StaffRole.REVIEWER, True, False, S.IN_REVIEW, True),
        (Move.DECIDE, StaffRole.REVIEWER, False, False, S.IN_REVIEW, False),
        (Move.DECIDE, StaffRole.REVIEWER, True, True, S.SECOND_REVIEW, False),
        (Move.DECIDE, StaffRole.LEAD, False, True, S.SECOND_REVIEW, False),
        (Move.DECIDE, StaffRole.REVIEWER, False, False, S.SECOND_REVIEW, True),
        (Move.RETURN_TO_REVIEW, StaffRole.REVIEWER, False, True, S.SECOND_REVIEW, False),
        (Move.RETURN_TO_REVIEW, StaffRole.REVIEWER, False, False, S.SECOND_REVIEW, True),
        (Move.LAPSE, StaffRole.LEAD, True, False, S.INFORMATION_REQUESTED, False),
    ],
)
def test_staff_may(
    move: Move, role: StaffRole, holds: bool, recommended: bool, state: State, may: bool
) -> None:
    assert staff_may(move, role, holds=holds, recommended=recommended, state=state) is may


def test_only_the_clock_lapses() -> None:
    alone = {move for move, row in TRANSITIONS.items() if not row.roles and not row.staff}
    assert alone == {Move.LAPSE}
