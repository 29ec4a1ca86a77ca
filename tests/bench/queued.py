"""Ends as one usually writes them with Celery: a task for each customer, by a real worker over a real Redis.

The worker is started with `-A tests.bench.queued`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from celery import Celery

from applications.jobs.ends import close_ended
from applications.models import AccessGrant
from scripts import packages
from tests.bench.jobs import afresh, close_one
from tests.bench.measure import Result, compare, seconds
from tests.faults.world import ROOT
from tests.harness import servers
from tests.processes.conftest import until

FEW = 1_000
LIMIT_S = 120.0

app = Celery("queued", broker=os.environ.get("QUEUED_BROKER", "memory://"), set_as_current=False)
app.conf.update(
    task_ignore_result=True, broker_connection_retry_on_startup=True, worker_prefetch_multiplier=64
)


@app.task(name="close_of")
def close_of(customer: int, at: str) -> None:
    """Close what this customer loses at `at`, row by row."""
    now = datetime.fromisoformat(at)
    for right in AccessGrant.objects.filter(customer=customer, closed_at=None, ends_at__lte=now):
        close_one(right.pk, now)


def ends_vs_queued(now: datetime, number: int, rounds: int) -> Result:
    """Rights closed a second by our job, against a task for each of a thousand customers."""
    place = servers.folder()
    socket = place / "redis.sock"
    broker = f"redis+socket://{socket}"
    app.conf.broker_url = broker
    running: list[subprocess.Popen[bytes]] = []

    def ours() -> float:
        afresh()
        return number / seconds(lambda: close_ended(now))

    def queued() -> float:
        afresh()
        open_rights = AccessGrant.objects.filter(closed_at=None, ends_at__lte=now)
        few = list(open_rights.order_by("customer").values_list("customer", flat=True).distinct()[:FEW])
        theirs = open_rights.filter(customer__in=few)
        most = theirs.count()

        def work() -> None:
            for customer in few:
                close_of.delay(customer, now.isoformat())
            began = time.monotonic()
            while theirs.exists():
                if time.monotonic() - began > LIMIT_S:
                    raise RuntimeError("the worker does not come to an end")
                time.sleep(0.02)

        return most / seconds(work)

    try:
        running.append(_redis(socket))
        until(socket.exists, "Redis listens", 20)
        running.append(_worker(broker))
        until(lambda: app.control.ping(timeout=0.5), "the worker answers", 60)
        return compare("ends_vs_queued", ">= 200", ours, queued, rounds=rounds, rights=number, tasks=FEW)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(20)


def _redis(socket: Path) -> subprocess.Popen[bytes]:
    packages.ensure(["redis"])
    options = ("--port", "0", "--unixsocket", str(socket), "--dir", str(socket.parent), "--save", "")
    return subprocess.Popen([str(packages.redis_server()), *options], stdout=subprocess.DEVNULL)


def _worker(broker: str) -> subprocess.Popen[bytes]:
    options = ("-c", "2", "-O", "fair", "--without-gossip", "--without-mingle", "--without-heartbeat")
    command = (sys.executable, "-c", _WORKER, *options)
    env = {**os.environ, "QUEUED_BROKER": broker}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


_WORKER = """
import sys, django
django.setup()
from tests.bench.queued import app
app.worker_main(["worker", *sys.argv[1:]])
"""
