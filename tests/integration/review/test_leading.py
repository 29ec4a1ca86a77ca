"""Leads: the figures of a period, handing many cases over, and writing to many applicants."""

from __future__ import annotations

import csv
import inspect
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from applications.actions import decision, handing
from applications.enums import Outcome, State
from applications.models import (
    Application,
    AuditEvent,
    Customer,
    DeadlinePreview,
    Note,
    OutboundMessage,
    RequestedCapability,
    User,
)
from applications.site import _ROUTES
from tests import factories
from tests.cases import case
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
FIGURES, CSV = "admin:figures", "admin:figures-csv"
MIDNIGHT = datetime(2023, 5, 16, tzinfo=UTC)  # the target: Monday 15 May is its last day


def decided(of: Customer, at: datetime, outcome: Outcome = Outcome.APPROVED) -> Application:
    made = case(of, state=State.IN_REVIEW, target_at=MIDNIGHT)
    Application.objects.filter(pk=made.pk).update(state=State.DECIDED, closed_at=at, state_changed_at=at)
    RequestedCapability.objects.filter(application=made).update(outcome=outcome, closed_at=at)
    return made


def told(client: Client, **period: str) -> dict[tuple[str, str, str], str]:
    lines = csv.DictReader(io.StringIO(client.get(reverse(CSV), period).content.decode()))
    return {(line["table"], line["of"], line["measure"]): line["value"] for line in lines}


def test_figures_count_what_is_open_and_what_was_decided(
    enter: Enter, lead: User, reviewer: User, nordlys: Customer
) -> None:
    case(nordlys, state=State.IN_REVIEW, holder=reviewer, target_at=NOW - timedelta(days=1))
    case(nordlys, state=State.INFORMATION_REQUESTED, holder=reviewer)
    case(nordlys, now=NOW - timedelta(days=60))
    decided(nordlys, NOW - timedelta(days=3))  # Friday, one business day before the target: 9 of 10
    decided(nordlys, NOW, Outcome.DENIED)
    decided(nordlys, NOW - timedelta(days=200))
    DeadlinePreview.objects.create(
        ends_at=NOW + timedelta(weeks=4),
        made_at=NOW,
        rights=9,
        customers=9,
        pending=9,
        unwarned=0,
        standings={"in_review": 5, "submitted": 15},
    )
    found = told(enter(lead))
    assert [found["load", "Rosa Keller", name] for name in ("open", "waiting", "overdue")] == ["2", "1", "1"]
    assert found["load", "", "open"] == "1"
    assert [found["age", name, "cases"] for name in ("3 to 5", "21 and more")] == ["2", "1"]
    assert [found["week", f"2023-05-{day}", "decided"] for day in ("08", "15")] == ["1", "1"]
    assert (
        found["week", "2023-05-08", "p50_business_days"],
        found["week", "2023-05-15", "p90_business_days"],
    ) == (
        "9",
        "10",
    )
    assert (found["share", "face FC2", "approved"], found["share", "face FC2", "denied"]) == ("1", "1")
    deadline = (NOW + timedelta(weeks=4)).isoformat()
    assert found["forecast", deadline, "undecided_at_end"] == "12"  # two in seven days: eight in four weeks
    assert (found["blind", "", "items"], found["blind", "", "kappa"]) == ("0", "")
    page = enter(lead).get(reverse(FIGURES)).content.decode()
    assert "pace 12 will be undecided" in page
    assert page.count("<svg class=") >= 3
    long_ago = told(enter(lead), first="2022-10-20", last="2022-11-01")
    assert long_ago["week", "2022-10-24", "decided"] == "1"


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ({"first": "2023-02-30"}, "This is not a date"),
        ({"first": "2023-05-10", "last": "2023-05-01"}, "before the first day"),
        ({"first": "0001-01-01", "last": "2023-05-01"}, "at most 400 days"),
        ({"last": "9999-12-31"}, "at most 400 days"),
    ],
)
def test_a_period_that_cannot_be_counted_is_told_at_its_field(
    enter: Enter, lead: User, period: dict[str, str], said: str
) -> None:
    answer = enter(lead).get(reverse(FIGURES), period)
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_a_name_in_the_file_is_no_formula(enter: Enter, auditor: User, reviewer: User) -> None:
    User.objects.filter(pk=reviewer.pk).update(name="=HYPERLINK(1)")
    assert ("load", "'=HYPERLINK(1)", "open") in told(enter(auditor))


@pytest.mark.parametrize("count", [1, 6])
def test_figures_take_as_many_statements_whatever_there_is(
    enter: Enter,
    lead: User,
    nordlys: Customer,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        holder = factories.person(f"r{number}@vendor.example", staff_role="reviewer")
        case(nordlys, state=State.IN_REVIEW, holder=holder)
        decided(nordlys, NOW - timedelta(days=number))
    client = enter(lead)
    client.get(reverse(FIGURES))
    with django_assert_num_queries(12):
        assert client.get(reverse(FIGURES)).status_code == 200


def test_figures_and_handing_are_for_their_roles(
    enter: Enter, reviewer: User, operator: User, auditor: User
) -> None:
    assert enter(auditor).get(reverse(FIGURES)).status_code == 200
    for person in (reviewer, operator, auditor):
        assert enter(person).get(reverse("admin:handing")).status_code == 403
        assert enter(person).get(reverse("admin:rebalance")).status_code == 403
        for name in ("handing-preview", "handing-confirm", "write-many"):
            assert enter(person).post(reverse(f"admin:{name}")).status_code == 403
    assert enter(reviewer).get(reverse(FIGURES)).status_code == 403


# --- handing over ---


def move(found: Application, to: User) -> str:
    return f"{found.reference}~{found.state_changed_at.isoformat()}~{to.key}"


def test_chosen_cases_are_seen_then_handed_over(
    enter: Enter, lead: User, second_reviewer: User, held: Application, waiting: Application
) -> None:
    client = enter(lead)
    assert held.reference in client.get(reverse("admin:handing")).content.decode()
    sent = {"case": [held.reference, waiting.reference], "to": str(second_reviewer.key), "why": "Ill"}
    seen = client.post(reverse("admin:handing-preview"), sent).content.decode()
    assert move(held, second_reviewer) in seen
    held.refresh_from_db()
    assert held.assigned_to != second_reviewer
    confirmed = {"move": [move(held, second_reviewer), move(waiting, second_reviewer)], "why": "Ill"}
    page = client.post(reverse("admin:handing-confirm"), confirmed).content.decode()
    assert "2 of 2 cases are done" in page
    assert set(Application.objects.values_list("assigned_to", "state")) == {(second_reviewer.pk, "in_review")}
    assert AuditEvent.objects.get(action="application.reassign").reason.text == "Ill"
    again = client.post(reverse("admin:handing-confirm"), confirmed).content.decode()
    assert again.count("They have it already.") == 2


def test_a_case_that_moved_meanwhile_is_told_and_hinders_no_other(
    lead: User, reviewer: User, second_reviewer: User, held: Application, waiting: Application
) -> None:
    plan = [
        handing.Handing(
            held.reference, held.state_changed_at - timedelta(minutes=1), str(second_reviewer.key)
        ),
        handing.Handing("LA-0000-0000", NOW, str(second_reviewer.key)),
        handing.Handing(waiting.reference, waiting.state_changed_at, str(second_reviewer.key)),
        handing.Handing(waiting.reference, waiting.state_changed_at, "nobody"),
    ]
    results = handing.hand_over(plan, by=lead, now=NOW)
    assert [one.done for one in results] == [False, False, True, False]
    assert "Somebody was faster" in results[0].said
    held.refresh_from_db()
    assert held.assigned_to == reviewer


def test_who_stands_too_near_or_is_away_gets_nothing(
    enter: Enter, lead: User, reviewer: User, waiting: Application, nordlys: Customer
) -> None:
    factories.member(nordlys, reviewer)
    sent = {"case": waiting.reference, "to": str(reviewer.key)}
    assert "stand too near" in enter(lead).post(reverse("admin:handing-preview"), sent).content.decode()
    plan = [handing.Handing(waiting.reference, waiting.state_changed_at, str(reviewer.key))]
    [near] = handing.hand_over(plan, by=lead, now=NOW)
    User.objects.filter(pk=lead.pk).update(absent_until=NOW.date())
    lead.refresh_from_db()
    [away] = handing.hand_over(
        [handing.Handing(plan[0].reference, plan[0].seen, str(lead.key))], by=lead, now=NOW
    )
    assert ("too near" in near.said, "is away" in away.said) == (True, True)
    assert not Application.objects.filter(assigned_to__isnull=False).exists()


def test_loads_are_evened_out_and_the_absent_emptied(
    enter: Enter, lead: User, reviewer: User, second_reviewer: User, other_customer: Customer
) -> None:
    for _number in range(4):
        case(other_customer, state=State.IN_REVIEW, holder=reviewer)
    client = enter(lead)
    page = client.get(reverse("admin:rebalance")).content.decode()
    assert page.count(f"~{second_reviewer.key}") == page.count(f"~{lead.key}") == 1
    User.objects.filter(pk=reviewer.pk).update(absent_until=NOW.date() + timedelta(days=2))
    page = client.get(reverse("admin:rebalance")).content.decode()
    assert page.count(f"~{second_reviewer.key}") == page.count(f"~{lead.key}") == 2
    User.objects.filter(pk=reviewer.pk).update(absent_until=None)
    one = client.get(reverse("admin:rebalance"), {"of": str(reviewer.key)}).content.decode()
    assert one.count("checked") == 4
    nothing = client.get(reverse("admin:rebalance"), {"of": str(lead.key)}).content.decode()
    assert "Nothing to hand over" in nothing
    assert client.get(reverse("admin:rebalance"), {"of": "\x00"}).status_code == 404


@pytest.mark.parametrize("count", [2, 9])
def test_a_plan_takes_as_many_statements_whatever_it_holds(
    enter: Enter,
    lead: User,
    reviewer: User,
    nordlys: Customer,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(count):
        case(nordlys, state=State.IN_REVIEW, holder=reviewer)
    client = enter(lead)
    client.get(reverse("admin:rebalance"))
    with django_assert_num_queries(10):
        assert client.get(reverse("admin:rebalance")).status_code == 200


def test_nothing_chosen_says_so(enter: Enter, lead: User, waiting: Application) -> None:
    client = enter(lead)
    for name in ("handing-preview", "write-many"):
        answer = client.post(reverse(f"admin:{name}"), {"to": "nonsense"})
        assert (answer.status_code, b"Tick at least one" in answer.content) == (422, True)
    done = client.post(reverse("admin:handing-confirm"), {"move": ["", "x~y~z", "\x00~2023-05-15~1"]})
    assert "No case was ticked" in done.content.decode()


def test_there_is_no_approving_in_bulk() -> None:
    """Every address that decides is about one case, and every action that decides takes one application."""
    deciding = [route for route, view, _name in _ROUTES if view.__module__ == "applications.views.decision"]
    assert len(deciding) > 4
    assert all(route.startswith("queue/<str:reference>/") for route in deciding)
    names = [name for _route, _view, name in _ROUTES]
    assert not [name for name in names if "approve" in name or ("decide" in name and "case-" not in name)]
    for act in (decision.decide, decision.recommend):
        assert next(iter(inspect.signature(act).parameters.values())).annotation is Application


# --- writing to many ---


def test_one_message_to_many_applicants_is_one_mail_a_customer(
    enter: Enter,
    lead: User,
    owner: User,
    stranger: User,
    nordlys: Customer,
    other_customer: Customer,
) -> None:
    cases = [case(nordlys), case(nordlys), case(other_customer)]
    closed = decided(other_customer, NOW)
    client, path = enter(lead), reverse("admin:write-many")
    sent = {"case": [one.reference for one in [*cases, closed]], "body": "We <b>moved</b>."}
    assert "Write something first" in client.post(path, {**sent, "body": " ", "step": "see"}).content.decode()
    seen = client.post(path, {**sent, "step": "see"})
    assert "We &lt;b&gt;moved&lt;/b&gt;." in seen.content.decode()
    assert not Note.objects.exists()
    done = {**sent, "step": "send", "batch": str(seen.context["batch"])}
    assert client.post(path, {**done, "batch": "x"}).status_code == 422
    page = client.post(path, done).content.decode()
    assert "3 of 4 cases are done" in page
    client.post(path, done)
    assert Note.objects.filter(internal=False, body="We <b>moved</b>.").count() == 3
    assert AuditEvent.objects.filter(action="note.written").count() == 3
    assert sorted(OutboundMessage.objects.values_list("customer", "address")) == sorted(
        [(nordlys.pk, ""), (other_customer.pk, "")]
    )
