"""The reviewers' queue and case page against what a stock ModelAdmin change list does with the same rows."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from applications.enums import StaffRole
from applications.models import Application, Customer, User
from portal.frames import in_one_piece
from tests import factories
from tests.bench.data import SMALL
from tests.bench.measure import Result, compare, seconds
from tests.faults import world

TAKEN = 5
"""A page's time is the median of so many."""


class Stock(admin.ModelAdmin):
    """Set up as people do: columns, filters, search, what is related read along, a list of fifty."""

    list_display = ("reference", "customer", "state", "risk", "target_at", "assigned_to")
    list_filter = ("state", "risk", "kind")
    search_fields = ("reference", "customer__name", "search_text")
    list_select_related = ("customer", "assigned_to")
    list_per_page = 50
    ordering = ("-risk", "urgent_at", "id")

    def has_view_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        return True

    has_module_permission = has_view_permission


class Desk:
    """A reviewer signed in at our desk, and the same person at a stock admin."""

    def __init__(self, now: datetime) -> None:

        self.user = User.objects.filter(email="rosa@vendor.example").first() or factories.person(
            "rosa@vendor.example", staff_role=StaffRole.REVIEWER, now=now
        )
        self.client = Client(HTTP_HOST="localhost")
        self.client.force_login(self.user)
        session = self.client.session
        session.update(factories.authenticated(self.user))
        session.save()
        self.stock = Stock(Application, admin.AdminSite(name="stock"))

    def ours(self, address: str = "/admin/") -> str:
        response = in_one_piece(self.client.get)(address)  # as the server calls it
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def theirs(self, **asked: str) -> None:
        request: Any = RequestFactory().get("/stock/", asked)
        request.user = self.user
        response: Any = in_one_piece(self.stock.changelist_view)(request)
        in_one_piece(response.render)()

    def takes(self, address: str = "/admin/") -> float:
        return statistics.median(seconds(lambda: self.ours(address)) for _ in range(TAKEN))

    def statements(self, address: str) -> int:
        self.ours(address)
        with CaptureQueriesContext(connection) as seen:
            self.ours(address)
        return len(seen)


class Other:
    """A desk in another process, on another database."""

    def __init__(self, database: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.other"],
            cwd=world.ROOT,
            env={**os.environ, "DATABASE_URL": database},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def takes(self, address: str = "/admin/") -> float:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{address}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(20)


def pages(now: datetime, rounds: int, small: str) -> list[Result]:
    """All that is asked of the desk; `small` is the address of the database with SMALL customers."""
    desk, other = Desk(now), Other(small)
    deep, open_cases = deep_address(desk)
    one, many = case_addresses()
    rare, frequent = "/admin/?q=ann@c10101.example", "/admin/?q=harbour&closed=on"
    for address in ("/admin/", deep, rare, frequent, one, many):
        desk.ours(address)
    other.takes()

    def less(
        name: str, target: str, ours: Callable[[], float], anchor: Callable[[], float], **detail: Any
    ) -> Result:
        return compare(name, target, ours, anchor, rounds=rounds, higher_is_better=False, **detail)

    try:
        return [
            less(
                "queue_vs_stock_admin",
                "<= 0.04",
                desk.takes,
                stock(desk),
                raw_s=raw_query(now),
                open=open_cases,
            ),
            less(
                "queue_deep_vs_first",
                "<= 1.2",
                lambda: desk.takes(deep),
                desk.takes,
                position=open_cases - DEEP,
            ),
            less("queue_1m_vs_10k", "<= 1.3", desk.takes, other.takes, small=SMALL),
            less(
                "search_vs_stock_admin",
                "<= 0.02",
                lambda: desk.takes(rare),
                stock(desk, q="ann@c10101.example"),
            ),
            less(
                "search_50k_hits_vs_queue",
                "<= 2",
                lambda: desk.takes(frequent),
                desk.takes,
                hits=hits("harbour"),
            ),
            less("search_open_hits_vs_queue", "<= 2", lambda: desk.takes("/admin/?q=harbour"), desk.takes),
            less("case_of_200_vs_case_of_1", "<= 1.5", lambda: desk.takes(many), lambda: desk.takes(one)),
            *cpu(desk, rounds),
            counted("queue_statements", desk.statements("/admin/"), 8),
            counted("search_statements", desk.statements(rare), 9),
            counted("case_statements", desk.statements(many), 15),
        ]
    finally:
        other.stop()


DEEP = 2_000
"""The deep page begins so many rows before the end of the open cases."""


def cpu(desk: Desk, rounds: int) -> list[Result]:
    """The same two in processor time of this process and its database session: a busy machine counts less."""
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # a session's work stays in its own process
        cursor.execute("SELECT pg_backend_pid()")
        session = Path(f"/proc/{cursor.fetchone()[0]}/stat")

    def used() -> float:
        fields = session.read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def spends(work: Callable[[], object], times: int) -> Callable[[], float]:
        def measure() -> float:
            before = used()
            for _ in range(times):
                work()
            return (used() - before) / times

        return measure

    text = "ann@c10101.example"
    found = [
        compare(name, target, spends(ours, 20), spends(theirs, 1), rounds=rounds, higher_is_better=False)
        for name, target, ours, theirs in (
            ("queue_cpu_vs_stock_admin", "<= 0.04", desk.ours, desk.theirs),
            (
                "search_cpu_vs_stock_admin",
                "<= 0.02",
                lambda: desk.ours(f"/admin/?q={text}"),
                lambda: desk.theirs(q=text),
            ),
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute("RESET max_parallel_workers_per_gather")
    return found


def counted(name: str, number: int, most: int) -> Result:
    return Result(name, number, number, 1, f"<= {most}")


def stock(desk: Desk, **asked: str) -> Callable[[], float]:
    return lambda: seconds(lambda: desk.theirs(**asked))


def deep_address(desk: Desk) -> tuple[str, int]:
    """The page near the end of the open cases, by the key of the row before it; and how many are open."""

    cases = Application.objects.filter(state="submitted")
    number = cases.count()
    before = cases.order_by("rank", "urgent_at", "id")[max(number - DEEP, number // 2)]
    place = f"{before.rank}~{before.urgent_at.isoformat()}~{before.pk}"  # type: ignore[union-attr]  # all have one
    return f"/admin/?after={place}".replace("+", "%2B"), number


def case_addresses() -> tuple[str, str]:
    """A case whose customer has one application, and one whose customer has two hundred."""

    first = Customer.objects.get(name_key="scale-1")
    other = Application.objects.filter(state="submitted").exclude(customer=first).order_by("pk")[0]
    mine = Application.objects.filter(customer=first, state="submitted").order_by("pk")
    many = mine.first() or Application.objects.filter(customer=first).order_by("pk")[0]
    return f"/admin/queue/{other.reference}/", f"/admin/queue/{many.reference}/"


def hits(word: str) -> int:

    return Application.objects.filter(search_text__contains=word).count()


def raw_query(now: datetime) -> float:
    """The first page's rows alone, by the least that a database could be asked."""
    sql = (
        "SELECT id, reference, customer_id, state, risk, target_at, assigned_to_id FROM applications_application"
        " WHERE state IN ('submitted', 'in_review', 'information_requested', 'second_review')"
        " ORDER BY rank, urgent_at, id LIMIT 51"
    )

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()

    return round(statistics.median(seconds(run) for _ in range(TAKEN)), 5)
