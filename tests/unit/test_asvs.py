"""docs/security.md names the tests that there are, and each requirement has one or says why not."""

from pathlib import Path

import pytest

from tests.faults.planted import FAULTS, ROOT, Fault
from tests.harness import asvs


def test_each_named_test_exists() -> None:
    assert asvs.missing() == []


def test_each_requirement_has_a_test_or_a_reason() -> None:
    assert len(asvs.items()) == 78
    assert [item["what"] for item in asvs.items() if not item["tests"] and not item.get("limit")] == []
    assert {key for item in asvs.items() for key in item} <= {"what", "asvs", "tests", "limit"}


def test_the_page_is_that_of_the_table() -> None:
    written, now = asvs.PAGE.read_text(), asvs.page({})
    assert asvs.without_results(written) == asvs.without_results(now), "make security"


def test_a_removed_test_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {
        **asvs.items()[0],
        "tests": ["unit/test_asvs.py::test_that_was_removed", "unit/nowhere.py::test_x"],
    }
    monkeypatch.setattr(asvs, "named", lambda: frozenset(asvs.full(name) for name in gone["tests"]))
    assert len(asvs.missing()) == 2


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({}, "not run"),
        ({"sqlite": "passed"}, "passed"),
        ({"sqlite": "passed", "postgresql": "failed"}, "**failed**"),
    ],
)
def test_the_result_is_that_of_the_runs(kept: dict[str, str], said: str) -> None:
    item = {"what": "x", "tests": ["unit/a.py::test_a"]}
    assert asvs.result(item, {"tests/unit/a.py::test_a": kept}) == said


def test_outcomes_of_all_cases_are_kept_the_worst_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plugin, name = asvs.Outcomes(), sorted(asvs.named())[0]
    for outcome in ("passed", "failed", "passed"):
        report = pytest.TestReport(f"{name}[a]", ("", 0, ""), {}, outcome, None, "call")  # type: ignore[arg-type]
        plugin.pytest_runtest_logreport(report)
    assert plugin.found == {name: "failed"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_finds_its_place_and_its_tests(fault: Fault) -> None:
    assert (ROOT / fault.path).read_text().count(fault.old) == 1
    for name in fault.tests:
        path, _colons, function = name.partition("::")
        assert not function or function in asvs.functions(ROOT / path)
        assert (ROOT / path).is_file()
