"""Our own people's pages: the digest they choose, absence and what follows, the duties, and bounded admin forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from applications import emails
from applications.actions import review
from applications.admin import MODEL_PAGES
from applications.enums import AttentionCode, Digest, Duty, MessageKind, State
from applications.exceptions import NotPossibleNow
from applications.jobs.digests import plan_digests
from applications.models import (
    Application,
    Attention,
    AuditEvent,
    Customer,
    DeadlinePreview,
    Evidence,
    Gateway,
    JobRun,
    OutboundMessage,
    PolicyEdition,
    Reminder,
    User,
)
from applications.permissions import POWERS
from applications.queries.digest import digest
from applications.queries.runs import overview, said_period
from applications.rules.answers import HELD_ELSEWHERE
from tests import factories
from tests.cases import case, flag
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
YOU = "admin:you"


# --- digest ---


def test_everybody_of_ours_chooses_their_digest(enter: Enter, auditor: User) -> None:
    client = enter(auditor)
    assert client.get(reverse(YOU)).status_code == 200
    sent = {"digest": "weekly", "hour": "17"}
    client.post(reverse("admin:you-digest"), sent)
    auditor.refresh_from_db()
    assert (auditor.digest, auditor.digest_hour) == (Digest.WEEKLY, 17)
    for wrong in ({**sent, "hour": "24"}, {**sent, "digest": "hourly"}, {}):
        assert client.post(reverse("admin:you-digest"), wrong).status_code == 422


@pytest.mark.parametrize(
    ("choice", "zone", "at", "day"),
    [
        ("daily", "UTC", datetime(2023, 5, 15, 7, 59, tzinfo=UTC), None),
        ("daily", "UTC", datetime(2023, 5, 15, 8, 0, tzinfo=UTC), "2023-05-15"),
        ("daily", "UTC", datetime(2023, 5, 15, 23, 0, tzinfo=UTC), "2023-05-15"),
        ("daily", "Asia/Tokyo", datetime(2023, 5, 14, 23, 0, tzinfo=UTC), "2023-05-15"),
        ("daily", "UTC", datetime(2023, 5, 13, 9, 0, tzinfo=UTC), None),  # Saturday
        ("weekly", "UTC", datetime(2023, 5, 15, 9, 0, tzinfo=UTC), "2023-05-15"),
        ("weekly", "UTC", datetime(2023, 5, 16, 9, 0, tzinfo=UTC), None),
        ("weekly", "UTC", datetime(2023, 5, 29, 9, 0, tzinfo=UTC), None),  # Memorial Day
        ("weekly", "UTC", datetime(2023, 5, 30, 9, 0, tzinfo=UTC), "2023-05-30"),
        ("off", "UTC", datetime(2023, 5, 15, 9, 0, tzinfo=UTC), None),
    ],
)
def test_a_digest_comes_at_the_hour_of_the_person_once_a_day(
    reviewer: User, owner: User, choice: str, zone: str, at: datetime, day: str | None
) -> None:
    User.objects.filter(pk=reviewer.pk).update(digest=choice, time_zone=zone)
    User.objects.filter(pk=owner.pk).update(digest="daily")  # of a customer: never
    for _again in range(2):
        plan_digests(at)
    found = OutboundMessage.objects.filter(kind=MessageKind.DIGEST).values_list("key", flat=True)
    assert list(found) == ([f"digest:{reviewer.pk}:{day}"] if day else [])
    User.objects.filter(pk=reviewer.pk).update(absent_until=NOW.date() + timedelta(days=30))
    plan_digests(at + timedelta(days=1))
    assert len(found.all()) == bool(day)


def test_a_digest_holds_counts_and_references_and_no_name(
    reviewer: User, lead: User, nordlys: Customer
) -> None:
    late = case(nordlys, state=State.IN_REVIEW, holder=reviewer, target_at=NOW - timedelta(days=1))
    case(nordlys)
    User.objects.filter(pk__in=[reviewer.pk, lead.pk]).update(digest="daily")
    plan_digests(NOW)
    told = {}
    for sent in OutboundMessage.objects.select_related("user"):
        mail = emails.render(sent, edition=factories.read_file(), now=NOW)
        assert mail
        told[sent.user_id] = mail
        assert nordlys.name not in mail.text + mail.subject
        assert not re.search(r"LA-|@|Rosa|Lena", mail.subject)
    assert "1 case is with you." in told[reviewer.pk].text
    assert f"- {late.reference}\n" in told[reviewer.pk].text
    assert "1 case of others is past its target." in told[lead.pk].text
    assert "of others" not in told[reviewer.pk].text
    sent = OutboundMessage.objects.get(user=reviewer)
    assert emails.render(sent, edition=factories.read_file(), now=NOW + timedelta(days=1)) is None


def test_when_nothing_waits_no_digest_goes_out(reviewer: User, operator: User, nordlys: Customer) -> None:
    assert digest(reviewer, NOW) is None
    Attention.objects.create(customer=nordlys, code=AttentionCode.NOBODY_REACHED, raised_at=NOW)
    facts = digest(operator, NOW)
    assert facts
    assert (facts["unreached"], facts["stuck"], facts["silent"]) == (1, 0, len(Duty))


# --- absence ---


def test_an_absence_offers_the_cases_to_others(
    enter: Enter, lead: User, auditor: User, reviewer: User, second_reviewer: User, held: Application
) -> None:
    path = reverse("admin:person-absence", args=[reviewer.pk])
    answer = enter(lead).post(path, {"until": "2023-05-20"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('admin:rebalance')}?of={reviewer.key}"
    assert held.reference in answer.content.decode()
    assert "They have 1" in answer.content.decode()
    assert enter(auditor).post(path, {"until": "2023-05-20"}).status_code == 403
    assert enter(lead).post(path, {"until": ""}, follow=True).redirect_chain[-1][0].endswith("/change/")


def test_who_is_away_takes_nothing_until_they_are_back(
    enter: Enter, reviewer: User, waiting: Application
) -> None:
    client = enter(reviewer)
    assert client.post(reverse("admin:you-absence"), {"until": "2001-01-01"}).status_code == 422
    client.post(reverse("admin:you-absence"), {"until": "2023-05-15"})
    reviewer.refresh_from_db()
    assert AuditEvent.objects.get(action="person.absent").actor == reviewer.key
    said = client.post(reverse("admin:take-next"), follow=True).content.decode()
    assert "You are noted as away until 15 May 2023" in said
    with pytest.raises(NotPossibleNow):
        review.take_next(by=reviewer, now=NOW)
    client.post(reverse("admin:you-absence"), {"until": ""})
    reviewer.refresh_from_db()
    assert review.take_next(by=reviewer, now=NOW) == waiting


# --- duties ---


def test_duties_say_when_they_ran_and_which_are_silent(enter: Enter, auditor: User) -> None:
    for minutes, error in ((0, ""), (1, "ZeroDivisionError")):
        at = NOW - timedelta(minutes=2 - minutes)
        JobRun.objects.create(
            duty=Duty.ENDS,
            as_of=at,
            started_at=at,
            finished_at=at,
            counts={"closed": 7, "due": 0},
            error=error,
        )
    found = {row.duty: row for row in overview(NOW)}
    ends = found[Duty.ENDS]
    assert (ends.is_silent, ends.counts, ends.error, ends.failed) == (
        False,
        (("closed", 7),),
        "ZeroDivisionError",
        1,
    )
    assert all(row.is_silent for duty, row in found.items() if duty != Duty.ENDS)
    assert [said_period(timedelta(seconds=s)) for s in (15, 300, 3600)] == ["15 s", "5 min", "1 h"]
    body = enter(auditor).get(reverse("admin:runs")).content.decode()
    assert "ZeroDivisionError" in body
    assert body.count("Silent") == len(Duty) - 1


@pytest.mark.parametrize("count", [1, 5])
def test_duties_take_as_many_statements_whatever_ran(
    enter: Enter, operator: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    JobRun.objects.bulk_create(
        JobRun(duty=duty, as_of=NOW, started_at=NOW, finished_at=NOW) for duty in Duty for _ in range(count)
    )
    client = enter(operator)
    with django_assert_num_queries(2 * len(Duty) + 3):
        assert client.get(reverse("admin:runs")).status_code == 200


def test_the_case_says_which_files_nobody_looked_at(enter: Enter, reviewer: User, held: Application) -> None:
    for number, state in enumerate(("clean", "pending", "failed")):
        Evidence.objects.create(
            application=held,
            stored_name=f"x{number}",
            original_name="plan.pdf",
            size=1,
            digest="0" * 64,
            scan_state=state,
            uploaded_at=NOW,
        )
    body = enter(reviewer).get(reverse("admin:case", args=[held.reference])).content.decode()
    assert "2 files were not looked at by the scanner" in body


def test_the_case_words_its_files_and_a_subscription_of_another(
    enter: Enter, reviewer: User, held: Application
) -> None:
    flag(held, HELD_ELSEWHERE)
    for action in ("evidence.attach", "evidence.remove", "evidence.scan"):
        AuditEvent.objects.create(
            at=NOW, action=action, source="person", actor=reviewer.key, application_ref=held.pk
        )
    body = enter(reviewer).get(reverse("admin:case", args=[held.reference])).content.decode()
    for words in ("added a file.", "removed a file.", "scanned a file."):
        assert f"Rosa Keller {words}" in body
    assert "Another customer holds a subscription that is named here" in body
    assert HELD_ELSEWHERE not in body


# --- lists and forms of the admin ---


def many(nordlys: Customer, edition_row: PolicyEdition, first: int, last: int) -> None:
    """Rows of each kind."""
    for n in range(first, last):
        of = factories.customer(f"Customer {n}")
        factories.right(factories.subscription(of), "face.verification")
        factories.contact(of, f"it@{n}.example")
        factories.submitted(of, edition_row)
        Attention.objects.create(customer=of, code=AttentionCode.NO_CONTACT, raised_at=NOW)
        factories.person(f"person{n}@vendor.example", staff_role="reviewer")
        DeadlinePreview.objects.create(ends_at=NOW, made_at=NOW, rights=1, customers=1, pending=0, unwarned=0)
        Reminder.objects.create(customer=of, ends_at=NOW, days_before=30, due_at=NOW, recorded_at=NOW)
        OutboundMessage.objects.create(key=f"k{n}", kind="reminder", customer=of, queued_at=NOW, due_at=NOW)
        Gateway.objects.create(name=f"Face {n}", services=["face"], created_at=NOW)
        AuditEvent.objects.create(at=NOW, action="x", source="clock")
        JobRun.objects.create(duty=Duty.ENDS, as_of=NOW, started_at=NOW, finished_at=NOW)


def test_no_list_asks_more_of_the_database_when_it_holds_more(
    enter: Enter, lead: User, operator: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    clients = {who.staff_role: enter(who) for who in (lead, operator)}
    counts: list[dict[str, int]] = []
    for rows in (1, 7):
        many(nordlys, edition_row, len(counts), rows)
        counts.append({})
        for model, pages in MODEL_PAGES:
            role = lead.staff_role if lead.staff_role in POWERS[pages.power] else operator.staff_role
            path = reverse(f"admin:applications_{model.__name__.lower()}_changelist")
            with CaptureQueriesContext(connection) as asked:
                assert clients[role].get(path).status_code == 200, model
            counts[-1][model.__name__] = len(asked)
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= 6


def test_no_page_of_the_desk_offers_a_choice_out_of_all_customers(
    enter: Enter, lead: User, operator: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    """Whatever is chosen from is bounded: not one select grows with customers, subscriptions or cases."""
    names = [
        "index",
        "figures",
        "handing",
        "rebalance",
        "blind",
        "attention",
        "deadlines",
        "rights",
        "editions",
        "outbox",
        "joins",
        "runs",
        "you",
    ]

    def options() -> dict[str, int]:
        found = {}
        for who in (lead, operator):
            client = enter(who)
            for name in names:
                body = client.get(reverse(f"admin:{name}")).content
                found[f"{who.staff_role} {name}"] = body.count(b"<option") + body.count(b'type="radio"')
        return found

    case(nordlys)
    before = options()
    for n in range(5):
        of = factories.customer(f"Customer {n}")
        factories.right(factories.subscription(of), "face.verification")
        case(of)
    assert options() == before
    assert max(before.values()) < 200
