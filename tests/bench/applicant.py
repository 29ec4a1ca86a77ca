"""How many statements the applicant's pages take, for the customer with two hundred applications among all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.models import Customer
from applications.queries.policy import edition_in_force_row
from tests import drafts, factories
from tests.bench.measure import Result

MOST = {"form": 8, "submit": 20, "status": 12, "own_list": 8}
NAMES = tuple(f"{page}_statements" for page in MOST)


def statements(now: datetime) -> list[Result]:
    """Of one person who signed in: the task list and each section of a draft, its submission, and what follows."""
    row = edition_in_force_row()
    customer = Customer.objects.annotate(number=Count("applications")).order_by("-number").first()
    assert customer is not None
    owner = factories.member(customer, factories.person("owner@bench.example", now=now), now=now)
    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    made = drafts.draft(customer, owner, row, drafts.answers(people={"minors": "yes"}))
    pages = [reverse("application", args=[made.reference])] + [
        reverse("application-section", args=[made.reference, code]) for code in drafts.ANSWERS
    ]
    for page in pages:
        client.get(page)  # the edition is read once a process
    found = {
        "form": max(_counted(lambda page=page: client.get(page)) for page in pages),
        "submit": _counted(lambda: client.post(reverse("application-check", args=[made.reference]))),
        "status": _counted(lambda: client.get(reverse("application-status", args=[made.reference]))),
        "own_list": _counted(lambda: client.get(reverse("application-list"))),
    }
    applications = customer.applications.count()
    return [
        Result(f"{page}_statements", count, count, 1, f"<= {MOST[page]}", {"applications": applications})
        for page, count in found.items()
    ]


def _counted(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as seen:
        response: HttpResponse = ask()
    assert response.status_code in (200, 302), response.status_code
    return len(seen)
