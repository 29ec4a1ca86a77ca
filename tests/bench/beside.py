"""What the job of ends does to others: how long a batch holds its rows, and decisions asked for meanwhile."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from datetime import datetime
from unittest import mock

from applications.actions import deadlines
from applications.jobs.ends import BATCH, close_ended
from tests.bench.decisions import asking, some_guids
from tests.bench.jobs import afresh
from tests.bench.measure import Result, absolute, of_rounds, share
from tests.bench.server import Load, Server
from tests.faults.world import ROOT

NAMES = ("ends_lock_p95_ms", "decisions_beside_ends_p99")
A_SECOND = 50
LASTS_S = 8.0

# Each batch is followed by a pause as long as it took; when all is closed it is opened again, and goes on.
_HALF_DUTY = """
import sys, time, django
django.setup()
from datetime import datetime
from unittest import mock
from applications.actions import deadlines
from applications.jobs.ends import close_ended
from tests.bench.jobs import AGAIN, sql
now, close = datetime.fromisoformat(sys.argv[1]), deadlines.close_batch
def half(**words):
    began = time.monotonic()
    done = close(**words)
    print("batch", flush=True)
    time.sleep(time.monotonic() - began)
    return done
with mock.patch.object(deadlines, "close_batch", half):
    while True:
        close_ended(now)
        sql(AGAIN)
"""


def ends_lock(now: datetime, number: int, rounds: int) -> Result:
    """The time of a batch's transaction: nobody waits longer than that for one of its rows."""
    close = deadlines.close_batch
    slowest: list[float] = []
    usual: list[float] = []
    batches = 0
    for _ in range(rounds):
        afresh()
        times: list[float] = []

        def timed(times: list[float] = times, **words: object) -> object:
            began = time.perf_counter()
            done = close(**words)  # type: ignore[arg-type]  # as it was called
            times.append((time.perf_counter() - began) * 1000)
            return done

        with mock.patch.object(deadlines, "close_batch", timed):
            close_ended(now)
        slowest.append(share(times, 95))
        usual.append(statistics.median(times))
        batches += len(times)
    return absolute(
        "ends_lock_p95_ms",
        "<= 250",
        slowest,
        higher_is_better=False,
        rights=number,
        batches=batches,
        size=BATCH,
        median_ms=round(statistics.median(usual), 1),
    )


def decisions_beside_ends(key: str, now: datetime, number: int, rounds: int) -> Result:
    """The slowest hundredth of decisions, fifty a second, with the job at half duty beside them and without."""
    path, headers = asking(some_guids(), "/api/v1/access-decisions"), {"Authorization": f"Bearer {key}"}
    server = Server("tests.bench.wsgi", settings="tests.bench.settings")
    batches = 0

    def asked() -> Load:
        return server.load(path, headers, lasts_s=LASTS_S, a_second=A_SECOND)

    with_job: list[Load] = []
    without: list[Load] = []
    try:
        server.load(path, headers, lasts_s=0.5)
        for _ in range(rounds):
            without.append(asked())
            afresh()
            job = subprocess.Popen(
                [sys.executable, "-c", _HALF_DUTY, now.isoformat()],
                cwd=ROOT,
                env=os.environ,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert job.stdout
            try:
                assert job.stdout.readline() == "batch\n"
                with_job.append(asked())
                assert job.poll() is None
            finally:
                job.send_signal(signal.SIGKILL)
                batches += job.stdout.read().count("batch")
                job.stdout.close()
                job.wait()
    finally:
        server.stop()
    return of_rounds(
        "decisions_beside_ends_p99",
        "<= 3",
        [one.p99 for one in with_job],
        [one.p99 for one in without],
        higher_is_better=False,
        rights=number,
        a_second=A_SECOND,
        asked=sum(len(one.times) for one in with_job),
        batches=batches,
    )
