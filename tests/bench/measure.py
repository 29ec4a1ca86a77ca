"""Rounds, ratios and the table of results."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "var" / "bench" / "results.json"


@dataclass(slots=True)
class Result:
    """`ratio` is the median of the rounds, `worst` the worst round; `target` says what is wanted, as text."""

    name: str
    ratio: float
    worst: float
    rounds: int
    target: str
    detail: dict[str, Any] = field(default_factory=dict)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time of this thread: what a core would take, whoever else uses the machine."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def compare(
    name: str,
    target: str,
    ours: Callable[[], float],
    anchor: Callable[[], float],
    *,
    rounds: int,
    higher_is_better: bool = True,
    **detail: Any,
) -> Result:
    """Measure both, interleaved, so many rounds. The ratio is ours over the anchor's, of whatever they answer."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(ours())
        theirs.append(anchor())
    return of_rounds(name, target, mine, theirs, higher_is_better=higher_is_better, **detail)


def of_rounds(
    name: str,
    target: str,
    mine: list[float],
    theirs: list[float],
    *,
    higher_is_better: bool = True,
    **detail: Any,
) -> Result:
    """The result of rounds that were measured in turns: their ratios, one by one."""
    ratios = [one / other for one, other in zip(mine, theirs, strict=True)]
    return Result(
        name,
        round(statistics.median(ratios), 3),
        round(min(ratios) if higher_is_better else max(ratios), 3),
        len(ratios),
        target,
        {"ours": round(statistics.median(mine), 5), "anchor": round(statistics.median(theirs), 5), **detail},
    )


def absolute(
    name: str, target: str, rounds: list[float], *, higher_is_better: bool = True, **detail: Any
) -> Result:
    """A figure without an anchor: the median of the rounds, and the worst."""
    worst = min(rounds) if higher_is_better else max(rounds)
    return Result(name, round(statistics.median(rounds), 1), round(worst, 1), len(rounds), target, detail)


def share(times: list[float], hundredth: int) -> float:
    """The time within which so many hundredths of all were done."""
    return sorted(times)[min(len(times) - 1, len(times) * hundredth // 100)]


def publish(results: list[Result], *, customers: int) -> None:
    """The table on standard output, and the file; results of names not run this time stay in it.

    `customers` says in each result how large the data set was: three rights and one application for each.
    """
    for row in results:
        row.detail = {"customers": customers, **row.detail}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    known = {row["name"]: row for row in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    known |= {row.name: asdict(row) for row in results}
    RESULTS.write_text(json.dumps(list(known.values()), indent=1) + "\n")
    for row in results:
        print(
            f"{row.name:32} {row.ratio:10} worst {row.worst:10} of {row.rounds}  target {row.target}  {row.detail}"
        )
