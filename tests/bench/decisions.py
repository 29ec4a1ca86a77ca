"""The decision API under load, against a constant view behind the same middleware, and the pure rule alone."""

from __future__ import annotations

import http.client
import io
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from unittest import mock
from uuid import UUID

from django.core.management import call_command

from applications.models import Subscription
from applications.queries.decision import decide_many, facts_of
from applications.rules.access import decide
from tests.bench.measure import Result, compare, seconds
from tests.faults.world import ROOT
from tests.processes.conftest import free_port, get, until

CONNECTIONS = 8
LASTS_S = 3.0


class Server:
    """`portal.wsgi_api` with one more address: a constant behind the same middleware."""

    def __init__(self) -> None:
        self.port = free_port()
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "tests.bench.wsgi",
            "-b",
            f"127.0.0.1:{self.port}",
        ]
        command += ["-k", "gthread", "--workers", "1", "--threads", str(CONNECTIONS), "--no-control-socket"]
        command += ["-c", "/dev/null", "--log-level", "error", "--keep-alive", "30"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"},
            stdout=subprocess.DEVNULL,
        )
        try:
            until(lambda: get(f"http://localhost:{self.port}/healthz")[0] == 200, "the server answers", 20)
        except AssertionError:
            self.stop()
            raise

    def cpu_s(self) -> float:
        """Processor time that the server's workers have used so far."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ticks = 0
        for child in children:
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def rate(self, path: Callable[[int], str], key: str) -> float:
        """Requests a second over kept connections, for a bounded while; an error ends the run."""
        end, done, failures = time.monotonic() + LASTS_S, [0] * CONNECTIONS, []

        def ask(which: int) -> None:
            connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
            while time.monotonic() < end:
                connection.request(
                    "GET", path(done[which] * CONNECTIONS + which), headers={"Authorization": key}
                )
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    failures.append(response.status)
                    return
                done[which] += 1
            connection.close()

        threads = [threading.Thread(target=ask, args=(which,)) for which in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        return sum(done) / LASTS_S


def decisions(key: str, now: datetime, rounds: int) -> list[Result]:
    guids = [str(guid) for guid in Subscription.objects.order_by("pk").values_list("guid", flat=True)[:5000]]
    bearer = f"Bearer {key}"

    def path(number: int) -> str:
        guid = guids[number % len(guids)]
        return f"/api/v1/access-decisions?subscription_id={guid}&capability=face.identification"

    server = Server()
    try:
        rates = compare(
            "decision_vs_constant",
            ">= 0.40",
            lambda: server.rate(path, bearer),
            lambda: server.rate(lambda _number: "/constant", bearer),
            rounds=rounds,
            connections=CONNECTIONS,
        )
        spent = cpu(server, bearer, path, rounds)
    finally:
        server.stop()
    return [rates, spent, *batches(guids, now, rounds)]


def cpu(server: Server, bearer: str, path: Callable[[int], str], rounds: int) -> Result:
    """Processor time of the server for one answer, against the constant's."""

    def spent(of: Callable[[int], str]) -> float:
        before = server.cpu_s()
        asked = server.rate(of, bearer) * LASTS_S
        return (server.cpu_s() - before) / asked

    return compare(
        "decision_cpu_vs_constant",
        "<= 2.5",
        lambda: spent(path),
        lambda: spent(lambda _number: "/constant"),
        rounds=rounds,
        higher_is_better=False,
    )


def batches(guids: list[str], now: datetime, rounds: int) -> list[Result]:
    pairs = [(UUID(guid), "face.identification") for guid in guids[:1000]]
    batch = compare(
        "decision_batch_1000_vs_one",
        "<= 20",
        lambda: seconds(lambda: decide_many(pairs, now)),
        lambda: min(seconds(lambda: decide_many(pairs[:1], now)) for _ in range(20)),
        rounds=rounds,
        higher_is_better=False,
    )
    facts, edition = facts_of(pairs[0][0], "face.identification")
    capability = edition.capability("face.identification")
    many = 20_000
    rates = [
        many / seconds(lambda: [decide(facts, capability, now) for _ in range(many)]) for _ in range(rounds)
    ]
    rule = Result(
        "rule_per_second", round(statistics.median(rates)), round(min(rates)), rounds, ">= 200000 a core"
    )
    lines = "".join(f"{guid},face.identification\n" for guid in guids)

    def read_lines() -> None:
        with mock.patch("sys.stdin", io.StringIO(lines)), redirect_stdout(io.StringIO()):
            call_command("access_decision", "-", stdout=io.StringIO())

    read = [len(guids) / seconds(read_lines) for _ in range(rounds)]
    stdin = Result(
        "decision_lines_per_second", round(statistics.median(read)), round(min(read)), rounds, ">= 15000"
    )
    return [batch, rule, stdin]
