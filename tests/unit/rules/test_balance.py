"""Moves between reviewers: the absent are emptied, the rest differ by one at most, and nobody gets what is barred."""

from collections import Counter

from applications.rules.balance import rebalance

ROSA, SAM, LENA = 1, 2, 3


def anybody(case: int, person: int) -> bool:
    return True


def after(loads: dict[int, int], moves: list[tuple[int, int]], of: dict[int, list[int]]) -> Counter[int]:
    load = Counter(loads)
    for case, taker in moves:
        load[next(person for person, cases in of.items() if case in cases)] -= 1
        load[taker] += 1
    return load


def test_loads_differ_by_one_at_most_and_no_more_moves_than_needed() -> None:
    of = {ROSA: list(range(10)), SAM: [20], LENA: []}
    loads = {ROSA: 10, SAM: 1, LENA: 0}
    moves = rebalance(loads, of, away=(), may=anybody, most=100)
    assert sorted(after(loads, moves, of).values()) == [3, 4, 4]
    assert len(moves) == 6
    assert [case for case, _to in moves] == list(range(6))


def test_even_loads_stay() -> None:
    assert rebalance({ROSA: 3, SAM: 2}, {ROSA: [1, 2, 3], SAM: [4, 5]}, away=(), may=anybody, most=9) == []


def test_who_is_away_is_emptied_and_gets_nothing() -> None:
    of = {ROSA: [1, 2, 3], SAM: [4], LENA: []}
    moves = rebalance({ROSA: 3, SAM: 1, LENA: 0}, of, away=[ROSA], may=anybody, most=9)
    assert [case for case, _to in moves] == [1, 2, 3]
    assert Counter(to for _case, to in moves) == {LENA: 2, SAM: 1}


def test_a_barred_case_goes_to_the_next_or_stays() -> None:
    of = {ROSA: [1, 2, 3, 4], SAM: [], LENA: []}
    loads = {ROSA: 4, SAM: 0, LENA: 0}
    moves = rebalance(loads, of, away=(), may=lambda case, to: case > 2 and to != SAM, most=9)
    assert moves == [(3, LENA), (4, LENA)]


def test_one_persons_cases_alone_and_not_more_than_asked_for() -> None:
    of = {ROSA: [1, 2, 3], SAM: [4, 5, 6, 7], LENA: []}
    moves = rebalance({ROSA: 3, SAM: 4, LENA: 0}, of, away=[LENA], may=anybody, most=2, only=ROSA)
    assert moves == [(1, SAM), (2, SAM)]
