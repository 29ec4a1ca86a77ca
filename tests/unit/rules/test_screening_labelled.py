"""Screening against example applications that a person labelled, in a part to tune on and a part held out.

When a rule changes, look at the misses of `tune` only; `hold-out` says what the rules are worth on text that
nobody looked at. The numbers stand in the report of the run (`--junitxml`) and in the message of a failure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from applications.rules.policy import Edition
from applications.rules.screening import Context, screen

FILE = Path(__file__).parents[2] / "screening" / "labelled.jsonl"
LABELLED: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
ON = date(2026, 11, 24)
PLAN = {
    "notice": "A sign at the entrance and a page on the site.",
    "consent": "A form that each person signs.",
    "retention": "Thirty days after the contract ends.",
}


def test_the_examples_are_many_and_cover_every_rule(edition: Edition) -> None:
    assert len(LABELLED) >= 200
    for part in ("tune", "hold-out"):
        raised = Counter(flag for example in LABELLED if example["part"] == part for flag in example["flags"])
        assert set(raised) == set(edition.screening)
        assert sum(not example["flags"] for example in LABELLED if example["part"] == part) >= 40


@pytest.mark.parametrize(("part", "precision", "recall"), [("tune", 0.95, 0.98), ("hold-out", 0.92, 0.93)])
def test_precision_and_recall(
    edition: Edition,
    part: str,
    precision: float,
    recall: float,
    record_property: Callable[[str, object], None],
) -> None:
    right = false = missed = 0
    misses = []
    for example in LABELLED:
        if example["part"] != part:
            continue
        answers = PLAN | example["answers"]
        found = {flag.rule for flag in screen(edition, answers, Context.of(edition, answers), ON)}
        wanted = set(example["flags"])
        right, false, missed = (
            right + len(found & wanted),
            false + len(found - wanted),
            missed + len(wanted - found),
        )
        if found != wanted:
            misses.append(f"{answers['description']}: found {found - wanted}, missed {wanted - found}")
    measured = (right / (right + false), right / (right + missed))
    record_property(f"screening-{part}", f"precision {measured[0]:.3f}, recall {measured[1]:.3f}")
    assert measured[0] >= precision, (measured, *misses)
    assert measured[1] >= recall, (measured, *misses)
