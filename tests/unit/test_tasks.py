"""The schedule: every duty by its fixed name, at intervals, and how often each fires in a simulated year."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from celery import beat, schedules

from applications import tasks
from applications.enums import DUTY_PERIODS, Duty
from applications.jobs import sweep
from applications.models import JobRun
from applications.queries import duty as duties
from portal.celery import app, schedule
from tests import factories
from tests.clock import Clock

YEAR = timedelta(days=365)


def test_every_duty_has_a_task_of_its_name_and_an_entry() -> None:
    app.loader.import_default_modules()
    entries = schedule()
    assert set(entries) == {duty.value for duty in Duty} == {duty.value for duty in sweep.DUTIES}
    for name, entry in entries.items():
        assert entry["task"] == f"applications.{name}"
        assert app.tasks[entry["task"]].acks_late
    assert app.conf.beat_schedule == entries
    assert app.conf.timezone == "UTC"
    assert app.conf.enable_utc


def test_a_new_schedule_starts_with_every_duty_at_once() -> None:
    scheduler = beat.Scheduler(app, lazy=True)
    scheduler.merge_inplace(schedule())
    assert {entry.name for entry in scheduler.schedule.values() if entry.is_due()[0]} == set(schedule())


@pytest.mark.parametrize("duty", [duty for duty in Duty if DUTY_PERIODS[duty] >= timedelta(minutes=1)])
def test_firings_over_a_year_are_counted(duty: Duty) -> None:
    """Both changes of the clocks included: an interval knows no local time."""
    now = {"at": datetime(2022, 10, 1, tzinfo=factories.NOW.tzinfo)}
    entry = schedules.schedule(schedule()[duty.value]["schedule"], nowfun=lambda: now["at"])
    last, fired, until = now["at"], 0, now["at"] + YEAR / 73
    while now["at"] < until:
        now["at"] += DUTY_PERIODS[duty] / 2
        is_due, _again = entry.is_due(last)
        if is_due:
            last, fired = now["at"], fired + 1
    assert fired * 73 == YEAR / DUTY_PERIODS[duty]


def test_nothing_is_sent_to_the_broker_for_later() -> None:
    """No ETA, no countdown, and only the schedule publishes: a lost broker then loses nothing."""
    root = Path(tasks.__file__).parent
    files = [
        path for path in [*root.rglob("*.py"), *(root.parent / "portal").rglob("*.py")] if path.is_file()
    ]
    assert len(files) > 50
    later = re.compile(r"\b(eta|countdown)\s*=|\.(apply_async|delay|delay_on_commit|send_task)\(")
    assert [str(path) for path in files if later.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("duty", list(Duty))
def test_a_task_does_its_duty_at_the_time_of_the_clock(db: None, clock: Clock, duty: Duty) -> None:
    getattr(tasks, duty.value)()
    run = JobRun.objects.get()
    assert (run.duty, run.as_of, run.error) == (duty, factories.NOW, "")
    assert duty not in duties.silent(duties.last_runs(), clock() + DUTY_PERIODS[duty])
    assert duty in duties.silent(duties.last_runs(), clock() + 4 * DUTY_PERIODS[duty])


def test_a_run_with_an_error_is_silence(db: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("applications.jobs.ends.count_due", fails)
    with pytest.raises(ZeroDivisionError):
        tasks.ends()
    run = JobRun.objects.get()
    assert run.error == "ZeroDivisionError"
    assert run.finished_at is not None
    assert Duty.ENDS in duties.silent(duties.last_runs(), clock())


def test_a_sweep_does_all_and_one_that_fails_stops_no_other(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(sweep.DUTIES, Duty.REMINDERS, fails)
    worked = sweep.sweep(factories.NOW)
    assert worked == {duty: duty != Duty.REMINDERS for duty in Duty}
    assert set(JobRun.objects.values_list("duty", flat=True)) == set(Duty) - {Duty.REMINDERS}


def test_old_rows_of_runs_are_forgotten_but_not_those_that_closed_rights(db: None) -> None:
    now = factories.NOW
    kept = JobRun.objects.create(
        duty=Duty.ENDS, as_of=now, started_at=now - timedelta(days=30), counts={"closed": 3}
    )
    for duty in (Duty.ENDS, Duty.DELIVERY):
        JobRun.objects.create(duty=duty, as_of=now, started_at=now - timedelta(days=30), counts={"due": 0})
    recent = JobRun.objects.create(duty=Duty.DELIVERY, as_of=now, started_at=now - timedelta(days=13))
    found = sweep.DUTIES[Duty.RETENTION](now)
    assert (found["runs"], sum(found.values())) == (2, 2)
    assert set(JobRun.objects.exclude(duty=Duty.RETENTION)) == {kept, recent}
