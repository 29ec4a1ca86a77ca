"""The blind second review: a fixed sample, judged by who never touched the case, measured and without effect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from applications.actions import blind, decision, review
from applications.enums import State
from applications.models import AccessGrant, Application, AuditEvent, BlindReview, Customer, Decision, User
from applications.queries import figures
from tests import factories
from tests.cases import DENIED, case, same_for_all
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _everything_is_in_the_sample(settings: LazySettings) -> None:
    settings.BLIND_REVIEW_PERCENT = 100


@pytest.fixture
def judged_once(held: Application, reviewer: User) -> Decision:
    """Decided by the reviewer, with a verdict that nobody else should see."""
    return decision.decide(
        held,
        outcomes=same_for_all(held, DENIED),
        words="Canary words of the first",
        edition=factories.read_file(),
        by=reviewer,
        now=NOW - timedelta(hours=2),
    )


def test_the_sample_is_fixed_and_of_the_size_that_was_set(settings: LazySettings) -> None:
    references = [f"LA-{number:04d}-{number * 7 % 9999:04d}" for number in range(4000)]
    drawn = [one for one in references if blind.is_in_sample(one, 10)]
    assert 320 < len(drawn) < 480
    assert drawn == [one for one in references if blind.is_in_sample(one, 10)]
    assert not any(blind.is_in_sample(one, 0) for one in references)
    assert all(blind.is_in_sample(one, 100) for one in references)
    settings.SECRET_KEY = "another"
    assert drawn != [one for one in references if blind.is_in_sample(one, 10)]


def test_nothing_is_drawn_outside_the_sample(
    settings: LazySettings, held: Application, reviewer: User
) -> None:
    settings.BLIND_REVIEW_PERCENT = 0
    decision.decide(held, outcomes=same_for_all(held), edition=factories.read_file(), by=reviewer, now=NOW)
    assert not BlindReview.objects.exists()


def test_the_second_person_sees_the_submission_and_no_verdict(
    enter: Enter, second_reviewer: User, judged_once: Decision, held: Application
) -> None:
    client = enter(second_reviewer)
    path = reverse("admin:blind-case", args=[held.reference])
    assert client.get(path).status_code == 404
    assert client.post(reverse("admin:blind-take"), follow=True).redirect_chain[-1][0] == path
    body = client.get(path).content.decode()
    assert "Passengers check in at 46 kiosks" in body
    assert "Canary words" not in body
    assert "Rosa" not in body
    elsewhere = client.get(reverse("admin:case", args=[held.reference]))
    assert (elsewhere.status_code, b"You judge this case blind" in elsewhere.content) == (403, True)
    assert client.get(reverse("admin:case-letter", args=[held.reference])).status_code == 403
    missing = client.post(path, {})
    assert (missing.status_code, b"No outcome yet" in missing.content) == (422, True)
    item = held.items.get()
    assert client.post(path, {f"item-{item.pk}": "answered"}).status_code == 422
    before = list(AccessGrant.objects.values()), list(Decision.objects.values())
    client.post(path, {f"item-{item.pk}": "approved"})
    assert (list(AccessGrant.objects.values()), list(Decision.objects.values())) == before
    assert BlindReview.objects.get().outcomes == {str(item.pk): "approved"}
    assert client.get(reverse("admin:case", args=[held.reference])).status_code == 200
    assert client.post(path, {f"item-{item.pk}": "denied"}).status_code == 404
    assert set(AuditEvent.objects.filter(actor=second_reviewer.key).values_list("action", flat=True)) == {
        "blind.taken",
        "blind.judged",
    }
    edition = factories.read_file()
    found = figures.blind(figures.Period.of(NOW.date(), NOW.date(), edition))
    assert (found.cases, found.items.number, found.items.same, found.waiting) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    "how", ["decided", "touched", "member", "domain", "too early", "taken back", "taken"]
)
def test_who_may_not_judge_it_gets_nothing(
    how: str,
    held: Application,
    reviewer: User,
    second_reviewer: User,
    lead: User,
    nordlys: Customer,
    judged_once: Decision,
) -> None:
    person = reviewer if how == "decided" else second_reviewer
    if how == "touched":
        AuditEvent.objects.create(
            at=NOW, action="x", source="person", actor=person.key, application_ref=held.pk
        )
    elif how == "member":
        factories.member(nordlys, person)
    elif how == "domain":
        User.objects.filter(pk=person.pk).update(email="sam@nordlys.example")
        person.refresh_from_db()
    elif how == "too early":
        Decision.objects.update(letter_due_at=LATER)
    elif how == "taken back":
        Decision.objects.update(taken_back_at=NOW)
    elif how == "taken":
        assert blind.take(by=lead, now=NOW)
    assert blind.take(by=person, now=NOW) is None


def test_what_one_took_and_left_goes_to_another(
    lead: User, second_reviewer: User, judged_once: Decision
) -> None:
    first = blind.take(by=lead, now=NOW)
    assert first
    assert blind.take(by=lead, now=LATER) == first
    assert blind.take(by=second_reviewer, now=NOW + timedelta(days=8)) == first
    assert blind.take(by=lead, now=NOW + timedelta(days=8)) is None


def test_a_release_before_does_not_let_one_judge(
    held: Application, reviewer: User, second_reviewer: User, lead: User
) -> None:
    """Who once had the case has read what was found there."""
    review.release(held, by=reviewer, now=NOW - timedelta(hours=3))
    found = Application.objects.select_related("customer").get(pk=held.pk)
    review.claim(found, by=second_reviewer, now=NOW - timedelta(hours=3))
    decision.decide(
        found,
        outcomes=same_for_all(found),
        edition=factories.read_file(),
        by=second_reviewer,
        now=NOW - timedelta(hours=2),
    )
    assert blind.take(by=reviewer, now=NOW) is None
    assert blind.take(by=lead, now=NOW)


def test_it_is_for_reviewers(
    enter: Enter, operator: User, auditor: User, judged_once: Decision, nordlys: Customer
) -> None:
    case(nordlys, state=State.SUBMITTED)
    for person in (operator, auditor):
        assert enter(person).get(reverse("admin:blind")).status_code == 403
        assert enter(person).post(reverse("admin:blind-take")).status_code == 403
