"""The decision API as gunicorn serves it: its connections are bounded, and gateways live through its loss (F27)."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connection
from limited_access import Client, Source

from applications.actions.gateway import create_key
from applications.models import Customer, PolicyEdition, Subscription
from applications.rules.policy import Edition
from tests import factories
from tests.processes.conftest import BIN, ROOT, Processes, free_port, get, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("config.getoption('--db') != 'postgresql'", reason="about connections to PostgreSQL"),
]
KEY = "lap_" + "s" * 43
WORKERS, THREADS, CLIENTS = 2, 8, 30
LASTS_S = 1.5


class Api:
    """`gunicorn portal.wsgi_api` by its own configuration file, on the test's database."""

    def __init__(self, processes: Processes) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"
        self.processes = processes
        self.start()

    def start(self) -> None:
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "",
            "DATABASE_URL": self.database,
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(WORKERS),
            "LOG_LEVEL": "ERROR",
        }
        self.process = self.processes.start("api", str(BIN / "gunicorn"), "portal.wsgi_api", env=env)
        until(lambda: get(f"{self.url}/healthz")[0] == 200, "the API answers")


@pytest.fixture
def held(edition_row: PolicyEdition, edition: Edition, nordlys: Customer) -> Subscription:
    create_key("edge-1", ["face"], secret=KEY[4:], edition=edition, now=datetime.now(UTC))
    made = factories.subscription(nordlys)
    factories.right(made, "face.identification", ends_at=datetime.now(UTC) + timedelta(days=9))
    return made


@pytest.fixture
def api(processes: Processes, held: Subscription) -> Api:
    return Api(processes)


def test_connections_never_exceed_workers_times_threads(api: Api, held: Subscription) -> None:
    asked = urlencode({"subscription_id": str(held.guid), "capability": "face.identification"})
    end, statuses, barrier = time.monotonic() + 60, [], threading.Barrier(CLIENTS + 1)

    def ask() -> None:
        client = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
        barrier.wait(30)
        while time.monotonic() < end:
            client.request(
                "GET", f"/api/v1/access-decisions?{asked}", headers={"Authorization": f"Bearer {KEY}"}
            )
            response = client.getresponse()
            response.read()
            statuses.append(response.status)
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    counts = []
    with psycopg.connect(api.database, autocommit=True) as watching:
        barrier.wait(30)
        end = time.monotonic() + LASTS_S
        while any(thread.is_alive() for thread in threads):
            row = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'portal-api'"
            ).fetchone()
            counts.append(row[0] if row else 0)
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert (set(statuses), len(statuses) >= CLIENTS) == ({200}, True)
    assert 1 < max(counts) <= WORKERS * THREADS


def test_no_entrance_has_threads_without_bound() -> None:
    """One thread, one connection: a server that makes threads or tasks as it likes would use them all up."""
    settings: dict[str, object] = {"__file__": "gunicorn.conf.py"}
    exec((ROOT / "gunicorn.conf.py").read_text(), settings)  # noqa: S102 -- our own configuration
    assert (settings["worker_class"], settings["threads"]) == ("gthread", THREADS)
    assert sorted(path.name for path in (ROOT / "portal").glob("*sgi*.py")) == ["wsgi.py", "wsgi_api.py"]


def test_a_gateway_lives_through_the_loss_of_the_api(api: Api, held: Subscription, nordlys: Customer) -> None:
    """Nobody approved is refused while their answer is valid, and nobody is let in after an end (F27)."""
    ends_at = datetime.now(UTC) + timedelta(seconds=3.5)
    ending = factories.subscription(nordlys)
    factories.right(ending, "face.identification", ends_at=ends_at)
    gateway = Client(api.url, KEY, timeout_s=2)

    def ask(which: Subscription) -> tuple[datetime, bool, Source]:
        answer = gateway.decide(str(which.guid), "face.identification")
        return datetime.now(UTC), answer.allowed, answer.source

    assert ask(held)[1:] == ask(ending)[1:] == (True, Source.FRESH)
    os.killpg(api.process.pid, signal.SIGKILL)  # its workers too
    api.process.wait(20)
    said = []
    while datetime.now(UTC) < ends_at + timedelta(seconds=0.5):
        said.append((ask(held), ask(ending)))
        time.sleep(0.05)
    assert {approved[1:] for approved, _ending in said} == {(True, Source.MEMORY)}
    assert any(allowed for _approved, (_at, allowed, _source) in said)
    assert not [at for _approved, (at, allowed, _source) in said if allowed and at >= ends_at]
    api.start()
    assert ask(held)[1:] == (True, Source.FRESH)
    assert ask(ending)[1:] == (False, Source.FRESH)
