"""`load_policy` as an operator runs it, and a second edition that lives without a line of code."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from applications.models import AccessGrant, Customer, PolicyEdition
from tests import factories
from tests.clock import Clock
from tests.factories import EDITION_FILE, edition_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
HARBOUR = Path(__file__).parents[1] / "editions" / "harbour.toml"
GUID = "5eed0000-0000-4000-8000-00000000abcd"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def as_json(*arguments: str) -> dict[str, Any]:
    return json.loads(run(*arguments, "--json").splitlines()[-1])


def later(folder: Path) -> str:
    text = edition_text().replace('code = "2022-06-21"', 'code = "later"')
    file = folder / "later.toml"
    file.write_text(text.replace("last_day = 2023-06-30", "last_day = 2023-09-30"), encoding="utf-8")
    return str(file)


def test_a_dry_run_writes_nothing() -> None:
    said = run("load_policy", str(EDITION_FILE), "--dry-run")
    assert "3 services, 35 capabilities, 15 use cases" in said
    assert said.splitlines()[-1] == "Dry run: nothing was written."
    assert not PolicyEdition.objects.exists()


def test_load_and_load_again() -> None:
    first = as_json("load_policy", str(EDITION_FILE))
    again = as_json("load_policy", str(EDITION_FILE))
    assert [first["state"], again["state"]] == ["in_force", "unchanged"]
    assert [first["in_force"], again["in_force"]] == ["2022-06-21", "2022-06-21"]
    assert PolicyEdition.objects.get().in_force


def test_a_dry_run_says_what_changes_for_whom(
    edition_row: PolicyEdition, nordlys: Customer, tmp_path: Path
) -> None:
    for capability in ("face.identification", "face.emotion"):
        factories.grace(factories.subscription(nordlys), capability)
    said = run("load_policy", later(tmp_path), "--dry-run")
    assert "changed: gates.facial-recognition.last_day: 2023-06-30 → 2023-09-30" in said
    assert "Customers touched: 1" in said
    assert "face.identification: new gated → gated, existing gated → gated; grace later 1" in said
    answer = as_json("load_policy", later(tmp_path), "--dry-run")
    assert (answer["state"], answer["dry_run"], answer["in_force"], answer["customers"]) == (
        "dry-run", True, "2022-06-21", 1,
    )  # fmt: skip
    assert [(one["capability"], one["later"]) for one in answer["touched"]] == [
        ("face.identification", 1), ("face.emotion", 1),
    ]  # fmt: skip
    assert PolicyEdition.objects.count() == 1


def test_a_later_edition_is_loaded_and_waits(edition_row: PolicyEdition, tmp_path: Path) -> None:
    assert as_json("load_policy", later(tmp_path))["state"] == "loaded"
    assert not PolicyEdition.objects.get(code="later").in_force


def test_each_problem_is_a_line_and_the_exit_is_not_zero(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(
        edition_text().replace("cut_on = 2022-06-21", "cut_on = 2024-06-21").replace('"UTC"', '"MEZ"')
    )
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("load_policy", str(file), "--json", stdout=out)
    assert str(refused.value).splitlines() == [
        "2 problem(s); nothing was loaded.",
        "bad.toml: time_zone: 'MEZ' is not a time zone such as Europe/Amsterdam [time-zone]",
        "bad.toml: gates.facial-recognition.last_day: the last day 2023-06-30 is before the cut 2024-06-21 [dates]",
    ]
    answer = json.loads(out.getvalue())
    assert [problem["key"] for problem in answer["problems"]] == [
        "time_zone",
        "gates.facial-recognition.last_day",
    ]


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    binary = tmp_path / "x.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", binary, tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("load_policy", str(path))


def test_another_text_under_the_same_code_is_refused(edition_row: PolicyEdition, tmp_path: Path) -> None:
    file = tmp_path / "same.toml"
    file.write_text(edition_text() + "\n# changed\n", encoding="utf-8")
    with pytest.raises(CommandError, match="never changes"):
        call_command("load_policy", str(file))


# --- a second edition: a fourth service, other dates, another zone, and no code for any of it ---


@pytest.fixture
def harbour(clock: Clock, tmp_path: Path) -> None:
    """The harbour edition in force, and one customer imported under it."""
    run("load_policy", str(HARBOUR))
    file = tmp_path / "customers.csv"
    file.write_text(
        "customer,website,country,sector,contact_name,contact_email,subscription_id,services,first_used_on\n"
        f"Haven BV,https://haven.example,NL,commercial,Joost,joost@haven.example,{GUID},Voice;face,2022-01-31\n",
        encoding="utf-8",
    )
    counts = as_json("import_customers", str(file))
    assert (counts["imported"], counts["rejected"]) == (1, 0)


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(
    ("capability", "at", "allowed", "reason"),
    [
        ("voice.speaker-identification", "2031-02-01T02:59:59Z", True, "open"),
        ("voice.speaker-identification", "2031-02-01T03:00:00Z", True, "grace"),
        ("voice.speaker-identification", "2031-11-01T02:59:59Z", True, "grace"),
        ("voice.speaker-identification", "2031-11-01T03:00:00Z", False, "grace_ended"),
        ("voice.accent", "2031-11-01T02:59:59Z", True, "grace"),
        ("voice.accent", "2031-11-01T03:00:00Z", False, "retired"),
        ("voice.transcription", "2031-11-01T03:00:00Z", True, "open"),
        ("face.identification", "2031-05-31T12:00:00Z", False, "grace_ended"),
        ("face.identification", "2031-06-01T03:00:00Z", True, "open"),
        ("computer-vision.tags", "2031-06-01T03:00:00Z", False, "retired"),
        ("face.emotion", "2031-06-01T03:00:00Z", False, "unknown_capability"),
    ],
)
def test_access_under_the_second_edition(capability: str, at: str, allowed: bool, reason: str) -> None:
    answer = as_json("access_decision", GUID, capability, "--at", at)
    assert (answer["allowed"], answer["reason"], answer["edition"]) == (allowed, reason, "harbour-2031")


@pytest.mark.usefixtures("harbour")
def test_grace_is_written_for_the_fourth_service() -> None:
    assert sorted(AccessGrant.objects.values_list("capability", flat=True)) == [
        "face.age",
        "face.identification",
        "voice.accent",
        "voice.speaker-identification",
        "voice.voiceprint",
    ]
