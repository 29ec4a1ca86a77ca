"""The queue against what a stock ModelAdmin change list does with the same rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from applications.enums import StaffRole
from applications.models import Application, User
from tests import factories
from tests.bench.measure import Result, compare, seconds


class Stock(admin.ModelAdmin):
    """Set up as people do: columns, filters, search, a hierarchy-free list of fifty."""

    list_display = ("reference", "customer", "state", "risk", "target_at", "assigned_to")
    list_filter = ("state", "risk", "kind")
    search_fields = ("reference", "customer__name", "search_text")
    list_select_related = ("customer", "assigned_to")
    list_per_page = 50
    ordering = ("-risk", "urgent_at", "id")


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
        response = self.client.get(address)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def theirs(self, **asked: str) -> None:
        request: Any = RequestFactory().get("/stock/", asked)
        request.user = self.user
        response: Any = self.stock.changelist_view(request)
        response.render()


def pages(now: datetime, rounds: int) -> list[Result]:
    desk = Desk(now)
    Stock.has_view_permission = Stock.has_module_permission = lambda *_a, **_k: True  # type: ignore[method-assign]
    desk.ours()
    deep = deep_address(desk)
    with CaptureQueriesContext(connection) as seen:
        desk.ours()
    statements = len(seen)
    first = compare(
        "queue_vs_stock_admin",
        "<= 0.04",
        lambda: seconds(desk.ours),
        lambda: seconds(desk.theirs),
        rounds=rounds,
        higher_is_better=False,
        applications=Application.objects.count(),
    )
    far = compare(
        "queue_deep_vs_first",
        "<= 1.2",
        lambda: seconds(lambda: desk.ours(deep)),
        lambda: seconds(desk.ours),
        rounds=rounds * 3,
        higher_is_better=False,
    )
    search = compare(
        "search_vs_stock_admin",
        "<= 0.02",
        lambda: seconds(lambda: desk.ours("/admin/?q=ann@c101.example")),
        lambda: seconds(lambda: desk.theirs(q="ann@c101.example")),
        rounds=rounds,
        higher_is_better=False,
    )
    counted = Result("queue_statements", statements, statements, 1, "<= 8")
    return [first, far, search, counted]


def deep_address(desk: Desk) -> str:
    """The page about nine tenths down the open cases, by the key of the row before it."""
    number = Application.objects.filter(state="submitted").count() * 9 // 10
    before = Application.objects.filter(state="submitted").order_by("rank", "urgent_at", "id")[number]
    return f"/admin/?after={before.rank}~{before.urgent_at.isoformat()}~{before.pk}".replace("+", "%2B")
