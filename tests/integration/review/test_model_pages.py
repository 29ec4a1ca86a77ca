"""Model pages of the desk: for reading, by role, without a list of a million options anywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from applications.admin import MODEL_PAGES
from applications.enums import AttentionCode, Duty, MessageKind
from applications.models import (
    Application,
    Attention,
    AuditEvent,
    Contact,
    Customer,
    DeadlinePreview,
    Gateway,
    JobRun,
    OutboundMessage,
    Reminder,
    User,
)
from applications.permissions import POWERS
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
ROLES = ("reviewer", "lead", "operator", "auditor")


def lists(model: type) -> str:
    return reverse(f"admin:applications_{model.__name__.lower()}_changelist")


@pytest.fixture
def world(waiting: Application, nordlys: Customer) -> None:
    """One row of each."""
    factories.right(factories.subscription(nordlys), "face.verification")
    Contact.objects.create(customer=nordlys, email="it@nordlys.example")
    Attention.objects.create(customer=nordlys, code=AttentionCode.NO_CONTACT, raised_at=NOW)
    DeadlinePreview.objects.create(ends_at=NOW, made_at=NOW, rights=1, customers=1, pending=0, unwarned=0)
    Reminder.objects.create(customer=nordlys, ends_at=NOW, days_before=30, due_at=NOW, recorded_at=NOW)
    OutboundMessage.objects.create(
        key="k", kind=MessageKind.REMINDER, address="a@b.example", customer=nordlys, queued_at=NOW, due_at=NOW
    )
    Gateway.objects.create(name="Face", services=["face"], created_at=NOW)
    AuditEvent.objects.create(at=NOW, action="x", source="clock")
    JobRun.objects.create(duty=Duty.ENDS, as_of=NOW, started_at=NOW, finished_at=NOW)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_what_it_may_and_writes_nothing(
    enter: Enter, world: None, role: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(role)
    client = enter(person)
    for model, pages in MODEL_PAGES:
        expected = 200 if person.staff_role in POWERS[pages.power] else 403
        row = model.objects.order_by("pk").first()
        one = reverse(f"admin:applications_{model.__name__.lower()}_change", args=[quote(row.pk)])
        assert client.get(lists(model)).status_code == expected, model
        answer = client.get(one)
        assert answer.status_code == expected, model
        assert b"<select" not in answer.content, model
        assert b"<textarea" not in answer.content, model
        before = list(model.objects.order_by("pk").values())
        assert client.get(lists(model) + "add/").status_code == 403, model
        assert client.post(one, {"name": "x", "state": "decided"}).status_code == 405, model
        assert client.get(one.replace("/change/", "/delete/")).status_code == 403, model
        assert client.post(one.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 405, model
        client.post(lists(model), {"action": "delete_selected", "_selected_action": row.pk})
        assert list(model.objects.order_by("pk").values()) == before, model


def test_a_search_that_finds_nothing_is_no_error(
    enter: Enter, world: None, lead: User, operator: User
) -> None:
    clients = {lead.staff_role: enter(lead), operator.staff_role: enter(operator)}
    for model, pages in MODEL_PAGES:
        client = clients[lead.staff_role if lead.staff_role in POWERS[pages.power] else operator.staff_role]
        for text in ("nordlys", "\x00", "5eed0000-0000-4000-8000-000000000001", "x" * 3000):
            assert client.get(lists(model), {"q": text}).status_code == 200, (model, text[:9])


def test_a_secret_is_on_no_page(enter: Enter, operator: User) -> None:
    one = reverse("admin:applications_user_change", args=[operator.pk])
    assert operator.password.encode() not in enter(operator).get(one).content


@pytest.mark.parametrize("count", [1, 9])
def test_a_list_takes_as_many_statements_whatever_it_holds(
    enter: Enter,
    operator: User,
    nordlys: Customer,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        factories.subscription(nordlys, f"Hall {number}")
    client = enter(operator)
    with django_assert_num_queries(4):
        assert client.get("/admin/applications/subscription/").status_code == 200
