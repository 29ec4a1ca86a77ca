"""`make run`: one process on SQLite with worker and schedule inside, demo data, a clock that jumps, a clean stop."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.conftest import ROOT, Processes, free_port, get, get_json, until

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        "config.getoption('--db') != 'postgresql'", reason="once is enough: it brings its own SQLite"
    ),
]
RUN = (sys.executable, "scripts/run.py")
JUMP = """
from datetime import timedelta
from portal.demo.clock import jump_to
from portal.demo.views import next_deadline
from applications import clock
jump_to(next_deadline(clock.now()) + timedelta(minutes=1))
"""


def environment(place: Path, port: int) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PORT": str(port), "VAR_DIR": str(place)}


def demo_settings(place: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DEMO": "1",
        "SECRET_KEY": (place / "secret-key").read_text(),
        "ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": f"sqlite:///{place / 'portal.sqlite3'}",
        "SITE_URL": "http://localhost",
        "VAR_DIR": str(place),
    }


def count(place: Path, sql: str) -> int:
    with sqlite3.connect(f"file:{place / 'portal.sqlite3'}?mode=ro", uri=True) as connection:
        found = connection.execute(sql).fetchone()[0]
    connection.close()
    return int(found)


def test_from_nothing_to_a_deadline_and_a_clean_stop(processes: Processes, tmp_path: Path) -> None:
    place, port = tmp_path / "demo", free_port()
    site = f"http://127.0.0.1:{port}"
    run = processes.start("run", *RUN, env=environment(place, port))
    until(lambda: f"http://localhost:{port}" in processes.said("run"), "it says where it is", 120)
    assert get(f"{site}/")[0] == 200
    mailbox = get(f"{site}/demo/mailbox/")[1]
    assert "rosa@vendor.example" in mailbox
    assert re.search(r"data-demo-code>\d{6}<", mailbox)
    until(lambda: "ends" in str(get_json(f"{site}/readyz").get("last_runs")), "the schedule runs inside")

    subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", JUMP],
        cwd=ROOT,
        env=demo_settings(place),
        check=True,
        capture_output=True,
    )
    due = "SELECT count(*) FROM applications_accessgrant WHERE basis = 'grace' AND closed_at IS NULL"
    until(lambda: count(place, due) == 0, "the schedule closes what ended", 150)
    until(lambda: "Access ended" in get(f"{site}/demo/mailbox/")[1], "its notices can be read", 60)
    customers = count(place, "SELECT count(*) FROM applications_customer")
    assert processes.end(run, signal.SIGINT) == 0
    assert "Stopped." in processes.said("run")
    assert get(f"{site}/healthz")[0] == 0

    again = processes.start("again", *RUN, env=environment(place, port))
    until(lambda: f"http://localhost:{port}" in processes.said("again"), "it starts again", 120)
    assert "data kept" in processes.said("again")
    assert count(place, "SELECT count(*) FROM applications_customer") == customers
    busy = subprocess.run(
        RUN, cwd=ROOT, env=environment(place, port), capture_output=True, text=True, check=False
    )
    assert busy.returncode == 1
    assert f"Port {port} is in use" in busy.stderr
    assert processes.end(again, signal.SIGTERM) == 0


def test_port_that_is_no_port_gets_a_word(tmp_path: Path) -> None:
    for port in ("eighty", "0", "70000"):
        done = subprocess.run(
            RUN,
            cwd=ROOT,
            env=environment(tmp_path, 1) | {"PORT": port},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "PORT must be a number" in done.stderr
