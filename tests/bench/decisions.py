"""The decision API under load, against a constant view and against the usual way; batches, and the pure rule alone."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime
from unittest import mock
from uuid import UUID

from django.core.management import call_command

from applications.models import Subscription
from applications.queries.decision import facts_of
from applications.rules.access import decide
from tests.bench.measure import Result, absolute, compare, cpu_seconds, of_rounds, seconds
from tests.bench.server import CONNECTIONS, Load, Server
from tests.faults.world import ROOT

NAMES = (
    "decision_vs_constant",
    "decision_p99_vs_constant",
    "decision_cpu_vs_constant",
    "decision_vs_drf",
    "decision_batch_1000_vs_one",
    "rule_per_second",
    "decision_lines_per_second",
)
_TOKEN = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from rest_framework.authtoken.models import Token
from tests.faults.world import now
call_command("migrate", "authtoken", verbosity=0)
user = get_user_model().objects.create_user("usual@bench.example", joined_at=now())
print(Token.objects.create(user=user).key)
"""


def decisions(key: str, now: datetime, rounds: int) -> list[Result]:
    guids = some_guids()
    return [*served(guids, key, rounds), *alone(guids, now, rounds)]


def some_guids() -> list[str]:
    return [str(guid) for guid in Subscription.objects.order_by("pk").values_list("guid", flat=True)[:5000]]


def asking(guids: list[str], address: str) -> Callable[[int], str]:
    return lambda number: (
        f"{address}?subscription_id={guids[number % len(guids)]}&capability=face.identification"
    )


def token_of_the_usual() -> str:
    """Its table is made in the copy that this run works on."""
    command = [sys.executable, "-c", _TOKEN]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def served(guids: list[str], key: str, rounds: int) -> list[Result]:
    """One server, one client, three addresses in turns: a constant, ours, the usual."""
    ways = {
        "constant": (lambda _number: "/constant", f"Bearer {key}"),
        "ours": (asking(guids, "/api/v1/access-decisions"), f"Bearer {key}"),
        "usual": (asking(guids, "/usual"), f"Token {token_of_the_usual()}"),
    }
    loads: dict[str, list[Load]] = {way: [] for way in ways}
    spent: dict[str, list[float]] = {way: [] for way in ways}
    server = Server("tests.bench.wsgi", settings="tests.bench.settings")
    try:
        for path, authorization in ways.values():  # connections, prepared statements, what is remembered
            server.load(path, {"Authorization": authorization}, lasts_s=0.5)
        for _ in range(rounds):
            for way, (path, authorization) in ways.items():
                before = server.cpu_s()
                found = server.load(path, {"Authorization": authorization})
                loads[way].append(found)
                spent[way].append((server.cpu_s() - before) / len(found.times))
        batch = batch_vs_one(server, guids, key, rounds)
    finally:
        server.stop()

    def of(way: str, what: str) -> list[float]:
        return [getattr(one, what) for one in loads[way]]

    rates = of("ours", "rate")
    less = {"higher_is_better": False, "connections": CONNECTIONS}
    return [
        of_rounds("decision_vs_constant", ">= 0.40", rates, of("constant", "rate"), connections=CONNECTIONS),
        of_rounds("decision_p99_vs_constant", "<= 4", of("ours", "p99"), of("constant", "p99"), **less),
        of_rounds("decision_cpu_vs_constant", "<= 2.5", spent["ours"], spent["constant"], **less),
        of_rounds(
            "decision_vs_drf",
            ">= 3",
            rates,
            of("usual", "rate"),
            cpu=round(statistics.median(spent["usual"]) / statistics.median(spent["ours"]), 2),
            connections=CONNECTIONS,
        ),
        batch,
    ]


def batch_vs_one(server: Server, guids: list[str], key: str, rounds: int) -> Result:
    """How long a gateway waits for a thousand decisions by one POST, against one decision by GET (medians)."""
    items = [{"subscription_id": guid, "capability": "face.identification"} for guid in guids[:1000]]
    address, headers = "/api/v1/access-decisions", {"Authorization": f"Bearer {key}"}

    def waits(path: Callable[[int], str], body: str | None) -> float:
        return statistics.median(server.load(path, headers, lasts_s=2.0, connections=1, body=body).times)

    return compare(
        "decision_batch_1000_vs_one",
        "<= 20",
        lambda: waits(lambda _number: address, json.dumps({"items": items})),
        lambda: waits(asking(guids, address), None),
        rounds=rounds,
        higher_is_better=False,
    )


def alone(guids: list[str], now: datetime, rounds: int) -> list[Result]:
    facts, edition = facts_of(UUID(guids[1]), "face.identification")  # the first has two hundred applications
    capability = edition.capability("face.identification")
    many = 20_000
    rates = [
        many / cpu_seconds(lambda: [decide(facts, capability, now) for _ in range(many)])
        for _ in range(rounds)
    ]
    rule = absolute("rule_per_second", ">= 200000 a core", rates, counts="seconds of processor")
    lines = "".join(f"{guid},face.identification\n" for guid in guids)

    def read_lines() -> None:
        with mock.patch("sys.stdin", io.StringIO(lines)), redirect_stdout(io.StringIO()):
            call_command("access_decision", "-", stdout=io.StringIO())

    read_lines()
    read = [len(guids) / seconds(read_lines) for _ in range(rounds)]
    of_processor = round(statistics.median(len(guids) / cpu_seconds(read_lines) for _ in range(rounds)))
    stdin = absolute("decision_lines_per_second", ">= 15000", read, a_second_of_processor=of_processor)
    return [rule, stdin]
