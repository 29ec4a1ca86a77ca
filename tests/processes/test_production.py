"""The production run: gunicorn, worker and schedule as three processes on PostgreSQL and Redis (docs/operate.md)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from aiosmtpd.controller import Controller

from tests.harness import servers
from tests.processes.conftest import BIN, ROOT, Processes, free_port, get, get_json, until

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        "config.getoption('--db') != 'postgresql'", reason="the production run is on PostgreSQL"
    ),
]

MAKE_WORLD = """
import datetime as dt
from applications.models import *
now = dt.datetime.now(dt.UTC)
zone = "Etc/GMT" + (f"{now.hour - 12:+d}" if now.hour != 12 else "")  # it is about noon there
for name, ends_in in (("Ended Ltd", dt.timedelta(seconds=-5)), ("Ending Ltd", dt.timedelta(hours=49))):
    customer = Customer.objects.create(name=name, name_key=name.lower(), created_at=now, imported_at=now)
    Contact.objects.create(customer=customer, email=name.split()[0].lower() + "@customer.example", time_zone=zone)
    held = Subscription.objects.create(guid=__import__("uuid").uuid4(), customer=customer, known_at=now)
    AccessGrant.objects.create(subscription=held, customer=customer, capability="face.identification", basis="approval",
        starts_at=now - dt.timedelta(days=300), ends_at=now + ends_in, granted_at=now - dt.timedelta(days=300))
"""


class Sink:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails += [(to, envelope.content.decode(errors="replace")) for to in envelope.rcpt_tos]
        return "250 taken"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    found, port = Sink(), free_port()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    yield found, port
    controller.stop()


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database beside the tests' own; answers its address."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE production")
    yield urlsplit(url)._replace(path="/production").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE production WITH (FORCE)")


@pytest.fixture
def env(database: str, sink: tuple[Sink, int], tmp_path: Path) -> dict[str, str]:
    place = servers.folder()
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "production-test-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DATABASE_URL": database,
        "REDIS_URL": servers.start_redis(place),
        "EMAIL_URL": f"smtp://127.0.0.1:{sink[1]}",
        "VAR_DIR": str(tmp_path / "var"),
        "PORT": str(free_port()),
        "SITE_URL": "http://localhost",
        "WEB_CONCURRENCY": "1",
    }


def manage(env: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_reminder_and_revocation_happen_through_redis(
    processes: Processes, env: dict[str, str], sink: tuple[Sink, int], database: str
) -> None:
    manage(env, "migrate", "--verbosity", "0")
    manage(env, "collectstatic", "--noinput", "--verbosity", "0")
    manage(env, "load_policy", "applications/editions/2022-06-21.toml")
    manage(env, "shell", "--verbosity", "0", "-c", MAKE_WORLD)
    site = f"http://127.0.0.1:{env['PORT']}"
    celery = [str(BIN / "celery"), "-A", "portal.celery"]
    web = processes.start("web", str(BIN / "gunicorn"), "portal.wsgi", env=env)
    worker = processes.start(
        "worker", *celery, "worker", "-O", "fair", "--without-gossip", "--without-mingle", "-c", "1", env=env
    )
    schedule = processes.start("schedule", *celery, "beat", env=env)

    until(lambda: get(f"{site}/healthz") == (200, "ok\n"), "the site answers")
    mails = sink[0].mails
    until(
        lambda: {to for to, _text in mails} >= {"ended@customer.example", "ending@customer.example"},
        "both mails",
    )
    with psycopg.connect(database) as connection:
        closed = connection.execute(
            "SELECT count(*) FROM applications_accessgrant WHERE closed_at IS NOT NULL"
        ).fetchone()
        sent = connection.execute(
            "SELECT count(*) FROM applications_reminder WHERE state = 'sent'"
        ).fetchone()
        fed = connection.execute("SELECT count(*) FROM applications_change WHERE kind = 'ended'").fetchone()
    assert (closed, sent, fed) == ((1,), (1,), (1,))

    def duties_ran() -> bool:
        ready = get_json(f"{site}/readyz")
        runs = ready.get("last_runs", {})
        return bool(ready.get("ready")) and all(runs.get(name) for name in ("ends", "reminders", "delivery"))

    until(duties_ran, "the site is ready and names the last runs")
    page = get(f"{site}/")[1]
    style = page.partition('href="/static/css/tokens.')[2].partition('"')[0]
    assert len(style.split(".")[0]) == 12, "static files are hashed"
    assert list(Path(env["VAR_DIR"]).glob("static/css/tokens.*.css.br")), "and compressed"

    assert processes.end(schedule) == 0
    assert processes.end(worker) == 0
    assert processes.end(web, signal.SIGTERM) == 0
    assert "Traceback" not in processes.said("web") + processes.said("worker") + processes.said("schedule")


def test_right_that_ended_is_denied_with_no_job_at_all(database: str, env: dict[str, str]) -> None:
    """Access needs no worker: with nothing but the database the answer is right (promise P1)."""
    manage(env, "migrate", "--verbosity", "0")
    manage(env, "load_policy", "applications/editions/2022-06-21.toml")
    manage(env, "shell", "--verbosity", "0", "-c", MAKE_WORLD)
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT s.guid, g.ends_at FROM applications_accessgrant g"
            " JOIN applications_subscription s ON s.id = g.subscription_id ORDER BY g.ends_at"
        ).fetchall()
    for guid, ends_at in rows:
        done = subprocess.run(
            [sys.executable, "manage.py", "access_decision", str(guid), "face.identification"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        expected = "ALLOW approved" if ends_at > datetime.now(UTC) + timedelta(minutes=1) else "DENY expired"
        assert done.stdout.startswith(expected)
