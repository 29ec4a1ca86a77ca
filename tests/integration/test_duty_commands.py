"""The commands of the duties, as a timer or an operator calls them: one line of JSON, and what they refuse."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.management import CommandError, call_command

from applications.actions import audit
from applications.enums import ReminderState
from applications.models import AccessGrant, AuditEvent, Customer, JobRun, PolicyEdition, Reminder, User
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock
from tests.unit.jobs.test_sealing import without_guard

FACE = "face.identification"


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


@pytest.fixture
def in_grace(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> Customer:
    factories.grace(factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}), FACE)
    return nordlys


def run(*command: str) -> dict[str, object]:
    out = StringIO()
    call_command(*command, "--json", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_revoke_overdue(in_grace: Customer, clock: Clock, end: datetime) -> None:
    expected = {"due": 1, "closed": 1, "covered": 0, "customers": 1, "notices": 1}
    foreseen = run("revoke_overdue", "--dry-run", "--as-of", "2023-07-01T00:00:00Z")
    assert foreseen == {"as_of": "2023-07-01T00:00:00Z", **expected, "dry_run": True}
    assert AccessGrant.objects.get().closed_at is None
    clock.set(end)
    assert run("revoke_overdue") == {"as_of": "2023-07-01T00:00:00Z", **expected, "dry_run": False}
    assert list(run("revoke_overdue")) == [
        "as_of",
        "due",
        "closed",
        "covered",
        "customers",
        "notices",
        "dry_run",
    ]
    assert AuditEvent.objects.get(action="right.closed").source == "command"
    assert run("revoke_overdue", "--as-of", "2023-06-30T23:59:59Z")["due"] == 0


def test_send_due_reminders(in_grace: Customer, clock: Clock) -> None:
    expected = {"due": 5, "queued": 1, "superseded": 4, "not_needed": 0, "customers": 1}
    answer = {"as_of": "2023-05-15T14:40:00Z", **expected}
    assert run("send_due_reminders", "--dry-run") == {**answer, "dry_run": True}
    assert not Reminder.objects.exists()
    assert run("send_due_reminders") == {**answer, "dry_run": False}
    assert run("send_due_reminders")["due"] == 0
    assert run("deliver_messages") == {"as_of": "2023-05-15T14:40:00Z", "addressed": 1, "sent": 1}
    assert Reminder.objects.filter(state=ReminderState.SENT).count() == 1
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("command", ["revoke_overdue", "send_due_reminders"])
@pytest.mark.parametrize(
    "text", ["tomorrow", "2023-07-01", "2023-07-01T00:00:00", "2023-13-01T00:00:00Z", "\0"]
)
def test_an_instant_needs_its_zone(db: None, command: str, text: str) -> None:
    with pytest.raises(CommandError, match="ISO instant"):
        call_command(command, "--as-of", text)


@pytest.mark.parametrize("command", ["revoke_overdue", "send_due_reminders"])
def test_the_future_is_for_a_dry_run_and_a_clock_that_may_be_moved(
    in_grace: Customer, settings: LazySettings, command: str
) -> None:
    future = ("--as-of", "2999-01-01T00:00:00Z")
    settings.CLOCK = "applications.clock.system_now"
    with pytest.raises(CommandError, match="future"):
        call_command(command, *future)
    assert run(command, *future, "--dry-run")["dry_run"] is True
    assert not JobRun.objects.exists()
    settings.CLOCK = "tests.clock.now"
    assert run(command, *future)["dry_run"] is False


def test_plain_output_is_for_people(
    in_grace: Customer, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("revoke_overdue", "--dry-run")
    call_command("deliver_messages")
    call_command("verify_audit")
    call_command("sweep_all")
    said = capsys.readouterr().out
    assert "due: 0" in said
    assert "0 seals over 0 rows" in said
    assert "ends: done" in said


def test_sweep_all_does_everything_without_a_broker(
    in_grace: Customer, clock: Clock, end: datetime, settings: LazySettings
) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1"
    found = run("sweep_all")
    assert set(found["duties"].values()) == {True}
    assert [sent.to for sent in mail.outbox] == [["henrik@nordlys.example"]]
    clock.set(end + timedelta(seconds=1))
    run("sweep_all")
    assert AccessGrant.objects.get().closed_at == clock()
    assert "access has ended" in mail.outbox[1].subject


def test_sweep_all_says_when_a_duty_failed(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("applications.jobs.ends.count_due", fails)
    with pytest.raises(CommandError):
        run("sweep_all")


@pytest.mark.django_db(transaction=True)
def test_verify_audit_names_the_row(clock: Clock) -> None:
    audit.record("one", by=None, now=clock())
    audit.record("two", by=None, now=clock())
    run("sweep_all")
    found = run("verify_audit")
    assert (found["ok"], found["events"], found["finding"]) == (True, 2, None)
    row = AuditEvent.objects.get(action="two")
    with without_guard():
        AuditEvent.objects.filter(pk=row.pk).update(action="three")
    out = StringIO()
    with pytest.raises(CommandError, match=f"row {row.pk}"):
        call_command("verify_audit", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["ok"] is False
    assert answer["finding"] == {"what": "changed", "seal": 1, "event": row.pk}
