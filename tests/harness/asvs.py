"""What became of the tests that `tests/asvs.toml` names, kept in var/asvs.json over several runs.

`python -m tests.harness.asvs` writes docs/security.md from the table and from that.
"""

from __future__ import annotations

import ast
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "asvs.toml"
PAGE = ROOT / "docs" / "security.md"
KEPT = ROOT / "var" / "asvs.json"
WORST = ("passed", "skipped", "failed")


@cache
def items() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(TABLE.read_text())["item"]
    return found


def full(name: str) -> str:
    return f"tests/{name}"


@cache
def named() -> frozenset[str]:
    return frozenset(full(name) for item in items() for name in item["tests"])


def missing() -> list[str]:
    """Tests that the table names and no file has."""
    gone = []
    for name in sorted(named()):
        path, _colons, function = name.partition("::")
        place = ROOT / path
        if not place.is_file() or function not in functions(place):
            gone.append(name)
    return gone


def functions(place: Path) -> set[str]:
    """Names as pytest says them, those of classes with their class."""
    body = ast.parse(place.read_text()).body
    found = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return found | {
        f"{of.name}::{node.name}" for of in classes for node in of.body if isinstance(node, ast.FunctionDef)
    }


class Outcomes:
    """The plugin: the worst outcome of all cases of each named test."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.partition("[")[0]
        if name in named() and (report.when == "call" or report.outcome != "passed"):
            before = self.found.get(name, "passed")
            self.found[name] = max(before, report.outcome, key=WORST.index)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.found or hasattr(session.config, "workerinput"):
            return
        KEPT.parent.mkdir(exist_ok=True)
        before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        vendor = session.config.getoption("--db")
        for name, outcome in self.found.items():
            before.setdefault(name, {})[vendor] = outcome
        KEPT.write_text(json.dumps(before, indent=1, sort_keys=True))


def result(item: dict[str, Any], kept: dict[str, dict[str, str]]) -> str:
    outcomes = [kept.get(full(name), {}).values() for name in item["tests"]]
    if not item["tests"]:
        return "no test"
    if any("failed" in one for one in outcomes):
        return "**failed**"
    return "passed" if all("passed" in one for one in outcomes) else "not run"


HEAD = """\
# Security: requirement, test, result

The checklist after OWASP ASVS 5.0 (its numbers in the second column). The table is `tests/asvs.toml`, the results are
of the last runs (`make test`, then `make security`); a test fails when a named test is gone or this page is old. What a
test cannot show, or shows in part, says so.

"""


def page(kept: dict[str, dict[str, str]]) -> str:
    rows = []
    for number, item in enumerate(items(), 1):
        tests = "<br>".join(f"`{name.removesuffix('.py')}`" for name in item["tests"]) or "–"
        said = result(item, kept) + (f". {item['limit']}" if item.get("limit") else "")
        rows.append(f"| {number} | {item['asvs']} | {item['what']} | {tests} | {said} |")
    shown = sum(bool(item["tests"]) for item in items())
    partly = sum(bool(item["tests"]) and bool(item.get("limit")) for item in items())
    count = (
        f"{shown} of {len(items())} requirements have a test; {partly} leave something: the last column.\n\n"
    )
    head = "| | ASVS | Requirement | Shown by | Result |\n|---|---|---|---|---|\n"
    return HEAD + count + head + "\n".join(rows) + "\n"


def without_results(text: str) -> list[str]:
    return [line.rpartition(" | ")[0] if line.startswith("| ") else line for line in text.splitlines()]


def main() -> None:
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    PAGE.write_text(page(kept))
    print(f"{PAGE.relative_to(ROOT)}: {page(kept).count('| passed')} passed")  # noqa: T201 -- a command


if __name__ == "__main__":
    main()
