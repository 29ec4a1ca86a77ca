"""Other people's pages while somebody means no good, in turns with and without.

The site is served as docs/operate.md has it: gunicorn behind nginx (docs/site-nginx.conf), everything over the proxy.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from datetime import datetime

from django.db.models import Count
from django.test import Client
from django.urls import reverse

from applications.models import Customer
from tests import factories
from tests.bench.measure import Result, of_rounds
from tests.bench.server import Front, Server
from tests.faults.world import ROOT

KINDS = ("slow_clients", "huge_headers", "fields_10000", "login_storm")
NAMES = tuple(f"others_under_{kind}" for kind in KINDS)
LASTS_S = 6.0
A_SECOND = 8


def others(now: datetime, rounds: int) -> list[Result]:
    """The median page of a person who is signed in, eight a second, beside each kind and without it."""
    cookie = _signed_in(now)
    pages = [reverse(name) for name in ("home", "application-list", "catalogue")]
    server = Server("portal.wsgi", "-c", "gunicorn.conf.py", settings="portal.settings", TRUSTED_PROXIES="1")
    front = Front(server.port)

    def usual() -> float:
        found = server.load(
            lambda number: pages[number % len(pages)],
            {"Cookie": cookie},
            lasts_s=LASTS_S,
            connections=4,
            a_second=A_SECOND,
            port=front.port,
        )
        return statistics.median(found.times)

    results = []
    try:
        usual()
        for kind in KINDS:
            with_it: list[float] = []
            without: list[float] = []
            said = ""
            for _ in range(rounds):
                without.append(usual())
                storm = subprocess.Popen(
                    [sys.executable, "-m", "tests.bench.storm", kind, str(front.port), str(LASTS_S + 2)],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                try:
                    with_it.append(usual())
                    said = storm.communicate(timeout=40)[0]
                finally:
                    storm.kill()
                    storm.wait()
            results.append(
                of_rounds(
                    f"others_under_{kind}",
                    "<= 2",
                    with_it,
                    without,
                    higher_is_better=False,
                    said=json.loads(said),
                )
            )
    finally:
        front.stop()
        server.stop()
    return results


def _signed_in(now: datetime) -> str:
    """The cookie of a person of the customer with the most applications."""
    customer = Customer.objects.annotate(number=Count("applications")).order_by("-number").first()
    assert customer is not None
    client = Client(HTTP_HOST="localhost")
    client.force_login(factories.member(customer, factories.person("other@bench.example", now=now), now=now))
    return "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
