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
    ratios, mine, theirs = [], [], []
    for _ in range(rounds):
        mine.append(ours())
        theirs.append(anchor())
        ratios.append(mine[-1] / theirs[-1])
    return Result(
        name,
        round(statistics.median(ratios), 3),
        round(min(ratios) if higher_is_better else max(ratios), 3),
        rounds,
        target,
        {"ours": round(statistics.median(mine), 5), "anchor": round(statistics.median(theirs), 5), **detail},
    )


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
