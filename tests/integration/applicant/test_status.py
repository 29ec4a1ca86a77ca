"""Where an application stands: its place in the queue, how long others took, the files asked for, and the outcome."""

from datetime import timedelta

import pytest
from django.urls import reverse

from applications.actions import decision
from applications.enums import Duty, Risk, State
from applications.models import InformationRequest, JobRun
from applications.queries import queue
from tests.cases import APPROVED, DENIED, case
from tests.factories import NOW
from tests.integration.test_public import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]


@pytest.fixture
def status_page(sign_in, owner):
    client = sign_in(owner)

    def get(application):
        return client.get(reverse("application-status", args=[application.reference]))

    return get


def measured(**counts):
    JobRun.objects.create(duty=Duty.PACE, as_of=NOW, started_at=NOW, finished_at=NOW, counts=counts)


def test_the_place_is_that_of_the_reviewers_queue(
    status_page, nordlys, other_customer, reviewer, monkeypatch
):
    mine = case(nordlys, target_at=NOW + timedelta(days=5))
    assert "Its place in the queue: about 1 of 1." in text_of(status_page(mine))
    case(other_customer, target_at=NOW + timedelta(days=4))
    case(other_customer, target_at=NOW + timedelta(days=6))
    case(other_customer, target_at=NOW + timedelta(days=9), risk=Risk.HIGH)
    taken = case(other_customer, target_at=NOW, state=State.IN_REVIEW, holder=reviewer)
    assert "Its place in the queue: about 3 of 4." in text_of(status_page(mine))
    assert queue.place_of(taken)[0] is None
    monkeypatch.setattr(queue, "PLACES", 1)
    assert queue.place_of(mine) == (None, 2)


def test_measured_times_stand_there_while_it_is_open(status_page, nordlys):
    mine = case(nordlys)
    assert "Fewer than ten cases were decided" in text_of(status_page(mine))
    measured(decided=52, half=4, most=9)
    shown = text_of(status_page(mine))
    assert (
        "Half of the 52 cases decided in the last 90 days had their answer within 4 business days." in shown
    )


@pytest.mark.parametrize(
    ("outcomes", "heading"),
    [
        ((APPROVED, APPROVED), "We approved your application"),
        ((APPROVED, DENIED), "We approved a part of your application"),
        ((DENIED, DENIED), "We denied your application"),
    ],
)
def test_the_heading_of_a_decision_is_its_outcome_once_the_letter_is_out(
    status_page, nordlys, reviewer, edition, clock, outcomes, heading
):
    made = case(
        nordlys,
        asks=[("face.verification", "FC2"), ("face.liveness", "FC1")],
        state=State.IN_REVIEW,
        holder=reviewer,
    )
    said = dict(zip(made.items.order_by("pk").values_list("pk", flat=True), outcomes, strict=True))
    decision.decide(made, outcomes=said, words="", edition=edition, by=reviewer, now=NOW)
    before = text_of(status_page(made))
    assert ("Your application is decided" in before) == (DENIED in outcomes)
    clock.forward(minutes=11)
    answer = status_page(made)
    assert f"<h1>{heading}</h1>" in answer.content.decode()
    cites = f'href="{reverse("policy")}#p-{edition.reasons["public-space"].paragraph}"'
    assert (cites in answer.content.decode()) == (DENIED in outcomes)


def test_a_question_that_asks_for_files_shows_those_given(
    status_page, nordlys, reviewer, django_assert_num_queries
):
    made = case(nordlys, state=State.INFORMATION_REQUESTED, holder=reviewer)
    asked = InformationRequest.objects.create(
        application=made,
        question="Which?",
        sections=["evidence"],
        asked_at=NOW,
        due_at=NOW + timedelta(days=9),
    )
    shown = text_of(status_page(made))
    assert "Files that we ask for None yet. Add files" in shown
    made.evidence.create(
        stored_name="a" * 32,
        original_name="dpia.pdf",
        content_type="application/pdf",
        size=9,
        uploaded_at=NOW,
    )
    with django_assert_num_queries(12):
        answer = status_page(made)
    assert "dpia.pdf" in text_of(answer)
    asked.sections = ["people"]
    asked.save()
    assert "Files that we ask for" not in text_of(status_page(made))
