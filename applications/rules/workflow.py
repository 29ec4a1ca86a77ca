"""Floor 1: the transition table of an access application, as data (design §5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from applications.enums import Move, Role, StaffRole, State


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states a move leads where, and who may make it.

    `target` None keeps the state. `roles` are the customer's, `staff` ours; neither means the clock alone.
    `holder`: among staff only the one who has the case (a lead may always). `other`: not the person who
    recommended.
    """

    sources: frozenset[State]
    target: State | None
    roles: frozenset[Role] = frozenset()
    staff: frozenset[StaffRole] = frozenset()
    holder: bool = False
    other: bool = False
    clock: bool = False


_OWNER = frozenset({Role.OWNER})
_WRITERS = frozenset({Role.OWNER, Role.EDITOR})
_REVIEWERS = frozenset({StaffRole.REVIEWER, StaffRole.LEAD})
_LEADS = frozenset({StaffRole.LEAD})
_OPEN = frozenset(
    {
        State.DRAFT,
        State.SUBMITTED,
        State.IN_REVIEW,
        State.INFORMATION_REQUESTED,
        State.SECOND_REVIEW,
    }
)

TRANSITIONS: dict[Move, Transition] = {
    Move.SUBMIT: Transition(frozenset({State.DRAFT}), State.SUBMITTED, roles=_OWNER),
    Move.CLAIM: Transition(frozenset({State.SUBMITTED}), State.IN_REVIEW, staff=_REVIEWERS),
    Move.ASSIGN: Transition(frozenset({State.SUBMITTED}), State.IN_REVIEW, staff=_LEADS),
    Move.RELEASE: Transition(
        frozenset({State.IN_REVIEW}),
        State.SUBMITTED,
        staff=_REVIEWERS,
        holder=True,
        clock=True,
    ),
    Move.REASSIGN: Transition(
        frozenset({State.IN_REVIEW, State.INFORMATION_REQUESTED, State.SECOND_REVIEW}),
        None,
        staff=_LEADS,
    ),
    Move.REQUEST_INFORMATION: Transition(
        frozenset({State.IN_REVIEW}),
        State.INFORMATION_REQUESTED,
        staff=_REVIEWERS,
        holder=True,
    ),
    Move.RESPOND: Transition(frozenset({State.INFORMATION_REQUESTED}), State.IN_REVIEW, roles=_WRITERS),
    Move.RECOMMEND: Transition(
        frozenset({State.IN_REVIEW}), State.SECOND_REVIEW, staff=_REVIEWERS, holder=True
    ),
    Move.RETURN_TO_REVIEW: Transition(
        frozenset({State.SECOND_REVIEW}), State.IN_REVIEW, staff=_REVIEWERS, other=True
    ),
    Move.DECIDE: Transition(
        frozenset({State.IN_REVIEW, State.SECOND_REVIEW}),
        State.DECIDED,
        staff=_REVIEWERS,
        holder=True,
        other=True,
    ),
    # Its decider alone, while the letter waits and nothing of it counts yet (`actions.taking_back`).
    Move.TAKE_BACK: Transition(frozenset({State.DECIDED}), State.IN_REVIEW, staff=_REVIEWERS),
    Move.WITHDRAW: Transition(_OPEN - {State.DRAFT}, State.WITHDRAWN, roles=_OWNER),
    Move.DISCARD: Transition(frozenset({State.DRAFT}), None, roles=_WRITERS),
    Move.LAPSE: Transition(frozenset({State.DRAFT, State.INFORMATION_REQUESTED}), State.LAPSED, clock=True),
}


def possible(move: Move, state: str) -> bool:
    return state in TRANSITIONS[move].sources


def moves_from(state: str) -> Iterator[Move]:
    return (move for move, transition in TRANSITIONS.items() if state in transition.sources)


def target(move: Move, state: str) -> State:
    """State after `move`. Raises ValueError when the table has no such edge."""
    transition = TRANSITIONS[move]
    if state not in transition.sources:
        raise ValueError(f"{move} is not possible from {state}")
    return transition.target or State(state)


def role_may(move: Move, role: str | None) -> bool:
    return role in TRANSITIONS[move].roles


def staff_may(move: Move, staff_role: str, *, holds: bool, recommended: bool, state: str) -> bool:
    """Whether a person of ours may make the move on a case.

    `holds`: the case is theirs; `recommended`: the open recommendation is theirs. In second review the decision
    and the return belong to anybody who did not recommend; before it, to the holder; a lead stands in for a holder.
    """
    transition = TRANSITIONS[move]
    if staff_role not in transition.staff:
        return False
    if transition.other and state == State.SECOND_REVIEW:
        return not recommended
    return not transition.holder or holds or staff_role == StaffRole.LEAD
