"""Floor 1: who gets whose cases, so that loads differ by one at most. It proposes; a lead confirms."""

from collections.abc import Callable, Collection, Mapping, Sequence


def rebalance(
    loads: Mapping[int, int],
    movable: Mapping[int, Sequence[int]],
    *,
    away: Collection[int],
    may: Callable[[int, int], bool],
    most: int,
    only: int | None = None,
) -> list[tuple[int, int]]:
    """Moves (case, person), at most `most`: first all cases of who is away, then from the fullest to the emptiest.

    `loads`: person → open cases; `movable`: person → cases that may move, the first first; `may`: whether a case may
    go to a person. With `only` it is that person's cases alone that move, all of them.
    """
    load = dict(loads)
    queues = {person: list(cases) for person, cases in movable.items()}
    takers = [person for person in load if person not in away and person != only]
    moves: list[tuple[int, int]] = []

    def give(case: int, giver: int, below: int | None = None) -> bool:
        for taker in sorted(takers, key=lambda person: (load[person], person)):
            if below is not None and load[taker] + 1 >= below:
                return False
            if taker != giver and may(case, taker):
                moves.append((case, taker))
                load[giver] -= 1
                load[taker] += 1
                return True
        return False

    leaving = [only] if only is not None else sorted(away)
    for giver in leaving:
        for case in queues.get(giver, ()):
            if len(moves) < most:
                give(case, giver)
    givers = set() if only is not None else set(takers)
    while givers and len(moves) < most:
        giver = max(givers, key=lambda person: (load[person], -person))
        queue = queues.get(giver, [])
        while queue:
            if give(queue.pop(0), giver, below=load[giver]):
                break
        else:
            givers.discard(giver)
    return moves
