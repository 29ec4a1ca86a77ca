"""Who has a case and what the applicant is asked: every branch, every refusal, the record and the mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from applications.actions import review
from applications.enums import Kind, MessageKind, Role, State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import (
    Application,
    AuditEvent,
    Customer,
    Decision,
    OutboundMessage,
    PolicyEdition,
    User,
)
from applications.rules.policy import Edition
from tests import factories
from tests.cases import audit_actions, case

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> Application:
    return case(nordlys, by=owner)


@pytest.fixture
def held(submitted: Application, reviewer: User, now: datetime) -> Application:
    return review.claim(submitted, by=reviewer, now=now)


def same(application: Application) -> Application:
    """The row as another request would load it."""
    return Application.objects.select_related("customer").get(pk=application.pk)


# --- claim ---


def test_a_reviewer_claims_a_case(submitted: Application, reviewer: User, now: datetime) -> None:
    review.claim(submitted, by=reviewer, now=now, seen=submitted.state_changed_at)
    found = same(submitted)
    assert (found.state, found.assigned_to, found.assigned_at) == (State.IN_REVIEW, reviewer, now)
    assert audit_actions(submitted) == ["application.claim"]


def test_claiming_twice_is_claiming_once(held: Application, reviewer: User, now: datetime) -> None:
    review.claim(same(held), by=reviewer, now=now + timedelta(seconds=1))
    assert audit_actions(held) == ["application.claim"]
    assert same(held).assigned_at == now


def test_who_claims_second_is_told_who_was_faster(
    held: Application, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    with pytest.raises(SomebodyWasFaster) as told:
        review.claim(same(held), by=second_reviewer, now=now + timedelta(minutes=1))
    assert (told.value.who, told.value.when) == ("Rosa Keller", now)


def test_an_old_page_claims_nothing(
    held: Application, second_reviewer: User, reviewer: User, now: datetime
) -> None:
    shown = held.submitted_at
    review.release(same(held), by=reviewer, now=now)
    with pytest.raises(SomebodyWasFaster):
        review.claim(same(held), by=second_reviewer, now=now, seen=shown)


@pytest.mark.parametrize("role", ["operator", "auditor", "owner"])
def test_who_does_not_review_claims_nothing(
    submitted: Application, role: str, request: pytest.FixtureRequest, now: datetime
) -> None:
    with pytest.raises(NotAllowed):
        review.claim(submitted, by=request.getfixturevalue(role), now=now)
    assert same(submitted).state == State.SUBMITTED


def test_nobody_claims_a_case_of_their_own_customer(
    submitted: Application, nordlys: Customer, reviewer: User, now: datetime
) -> None:
    """P5: by membership and by mail domain."""
    factories.member(nordlys, reviewer, Role.VIEWER)
    with pytest.raises(NotAllowed) as member:
        review.claim(submitted, by=reviewer, now=now)
    kin = factories.person("kin@nordlys.example", staff_role="reviewer")
    with pytest.raises(NotAllowed) as domain:
        review.claim(submitted, by=kin, now=now)
    assert member.value.code == domain.value.code == "own_customer"


def test_an_appeal_goes_to_another_reviewer(
    submitted: Application, nordlys: Customer, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    Decision.objects.create(application=submitted, outcomes={}, decided_at=now, decided_by=reviewer)
    appeal = case(nordlys, kind=Kind.APPEAL, previous=submitted)
    with pytest.raises(NotAllowed) as refused:
        review.claim(appeal, by=reviewer, now=now)
    assert refused.value.code == "judged_before"
    assert review.claim(appeal, by=second_reviewer, now=now).assigned_to == second_reviewer


# --- take next ---


def test_take_next_gives_the_most_urgent_that_nobody_has(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    late = case(nordlys, target_at=now + timedelta(days=9))
    soon = case(nordlys, target_at=now + timedelta(days=1))
    risky = case(nordlys, target_at=now + timedelta(days=9), risk=2)
    case(nordlys, state=State.IN_REVIEW, holder=second_reviewer, risk=2)
    taken = [review.take_next(by=reviewer, now=now) for _time in range(4)]
    assert taken == [risky, soon, late, None]


def test_take_next_passes_over_what_the_person_may_not_judge(
    nordlys: Customer, other_customer: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    factories.member(nordlys, reviewer, Role.VIEWER)
    kin = factories.person("kin@bancodelsur.example", staff_role="reviewer")
    before = case(other_customer, state=State.IN_REVIEW)
    Decision.objects.create(application=before, outcomes={}, recommended_at=now, recommended_by=reviewer)
    case(nordlys)
    case(other_customer, kind=Kind.APPEAL, previous=before)
    fit = case(other_customer, target_at=now + timedelta(days=30))
    assert review.take_next(by=reviewer, now=now) == fit
    assert review.take_next(by=reviewer, now=now) is None
    assert review.take_next(by=kin, now=now).customer == nordlys
    assert review.take_next(by=kin, now=now) is None


def test_an_operator_takes_nothing(submitted: Application, operator: User, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        review.take_next(by=operator, now=now)


# --- assign, release, reassign ---


def test_a_lead_assigns(submitted: Application, lead: User, reviewer: User, now: datetime) -> None:
    review.assign(submitted, to=reviewer, by=lead, now=now)
    assert same(submitted).assigned_to == reviewer
    event = AuditEvent.objects.get(application_ref=submitted.pk)
    assert (event.action, event.actor, event.data["to"]) == (
        "application.assign",
        lead.key,
        str(reviewer.key),
    )


def test_a_reviewer_assigns_nothing(
    submitted: Application, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    with pytest.raises(NotAllowed):
        review.assign(submitted, to=second_reviewer, by=reviewer, now=now)


def test_a_case_goes_only_to_who_may_judge_it(
    submitted: Application, nordlys: Customer, lead: User, operator: User, reviewer: User, now: datetime
) -> None:
    factories.member(nordlys, reviewer, Role.VIEWER)
    for unfit in (operator, reviewer):
        with pytest.raises(InvalidInput) as wrong:
            review.assign(submitted, to=unfit, by=lead, now=now)
        assert set(wrong.value.errors) == {"to"}
    assert same(submitted).state == State.SUBMITTED


def test_who_has_a_case_releases_it(held: Application, reviewer: User, now: datetime) -> None:
    review.release(held, by=reviewer, now=now)
    found = same(held)
    assert (found.state, found.assigned_to, found.assigned_at) == (State.SUBMITTED, None, None)


def test_only_the_holder_or_a_lead_releases(
    held: Application, second_reviewer: User, lead: User, now: datetime
) -> None:
    with pytest.raises(NotAllowed):
        review.release(held, by=second_reviewer, now=now)
    assert review.release(held, by=lead, now=now).state == State.SUBMITTED


def test_a_lead_hands_over_and_says_why(
    held: Application, lead: User, second_reviewer: User, now: datetime
) -> None:
    review.reassign(held, to=second_reviewer, by=lead, now=now, why="Holiday\x00")
    event = AuditEvent.objects.filter(application_ref=held.pk).latest("id")
    assert same(held).assigned_to == second_reviewer
    assert (event.action, event.reason.text, event.data["from"]) == (
        "application.reassign",
        "Holiday",
        "in_review",
    )


def test_a_second_review_is_not_handed_to_who_recommended(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, lead: User, now: datetime
) -> None:
    second = case(nordlys, state=State.SECOND_REVIEW)
    Decision.objects.create(application=second, outcomes={}, recommended_at=now, recommended_by=reviewer)
    with pytest.raises(InvalidInput) as wrong:
        review.reassign(second, to=reviewer, by=lead, now=now)
    assert set(wrong.value.errors) == {"to"}


def test_reassigning_what_nobody_reviews_is_not_possible(
    submitted: Application, lead: User, now: datetime
) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        review.reassign(submitted, to=lead, by=lead, now=now)
    assert refused.value.code == "not_possible_from_submitted"


def test_the_cases_of_a_disabled_reviewer_are_freed(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    states = (State.IN_REVIEW, State.INFORMATION_REQUESTED, State.SECOND_REVIEW)
    theirs = [case(nordlys, state=state, holder=reviewer) for state in states]
    others = case(nordlys, state=State.IN_REVIEW, holder=second_reviewer)
    assert review.release_cases_of(reviewer, by=None, now=now) == 3
    assert [same(one).state for one in theirs] == [State.SUBMITTED, *states[1:]]
    assert {same(one).assigned_to for one in theirs} == {None}
    assert same(others).assigned_to == second_reviewer
    assert review.release_cases_of(reviewer, by=None, now=now) == 0


def test_a_case_that_moves_meanwhile_is_left_alone(
    held: Application, reviewer: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(*args: object, **kwargs: object) -> None:
        raise SomebodyWasFaster

    monkeypatch.setattr(review.transition, "move", moved)
    assert review.release_cases_of(reviewer, by=None, now=now) == 0


def test_the_lead_with_the_fewest_cases_is_found(
    submitted: Application, nordlys: Customer, lead: User, reviewer: User, now: datetime
) -> None:
    free = factories.person("zoe@vendor.example", staff_role="lead")
    kin = factories.person("kin@nordlys.example", staff_role="lead")
    case(nordlys, state=State.IN_REVIEW, holder=lead)
    assert review.lead_for(submitted, other_than=set(), now=now) == free
    assert review.lead_for(submitted, other_than={free.pk}, now=now) == lead
    assert review.lead_for(submitted, other_than={free.pk, lead.pk}, now=now) is None
    assert kin.is_active


# --- ask the applicant ---


def ask(application: Application, edition: Edition, by: User, now: datetime, **more: object) -> object:
    return review.request_information(
        application, **{"question": "Who reviews a match?", "edition": edition, "by": by, "now": now, **more}
    )


def test_asking_stops_the_clock_and_tells_who_can_answer(
    held: Application,
    edition: Edition,
    reviewer: User,
    owner: User,
    colleague: User,
    viewer: User,
    now: datetime,
) -> None:
    asked = ask(held, edition, reviewer, now, sections=["people"])
    found = same(held)
    assert (found.state, found.paused_at) == (State.INFORMATION_REQUESTED, now)
    assert asked.due_at == datetime(
        2023, 5, 31, tzinfo=UTC
    )  # ten business days after 15 May, one is a holiday
    mails = OutboundMessage.objects.filter(kind=MessageKind.INFORMATION_REQUESTED)
    assert {mail.user for mail in mails} == {owner, colleague}
    assert {tuple(mail.context) for mail in mails} == {("information_request",)}


def test_another_due_date_may_be_said(
    held: Application, edition: Edition, reviewer: User, now: datetime
) -> None:
    assert ask(held, edition, reviewer, now, business_days=2).due_at == datetime(2023, 5, 18, tzinfo=UTC)


def test_the_same_question_twice_is_one(
    held: Application, edition: Edition, reviewer: User, now: datetime
) -> None:
    first = ask(held, edition, reviewer, now)
    assert ask(same(held), edition, reviewer, now + timedelta(seconds=1)) == first
    assert OutboundMessage.objects.filter(kind=MessageKind.INFORMATION_REQUESTED).count() == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"question": " \u200b\x00"}, "question"),
        ({"question": "x" * 5001}, "question"),
        ({"sections": ["no-such"]}, "sections"),
        ({"business_days": 0}, "business_days"),
        ({"business_days": 61}, "business_days"),
    ],
)
def test_a_question_that_cannot_be_asked(
    held: Application, edition: Edition, reviewer: User, now: datetime, more: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        ask(held, edition, reviewer, now, **more)
    assert set(wrong.value.errors) == {field}
    assert same(held).state == State.IN_REVIEW


def test_only_who_has_the_case_asks(
    held: Application, edition: Edition, second_reviewer: User, now: datetime
) -> None:
    with pytest.raises(NotAllowed):
        ask(held, edition, second_reviewer, now)


def test_nothing_is_asked_before_a_claim(
    submitted: Application, edition: Edition, reviewer: User, now: datetime
) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        ask(submitted, edition, reviewer, now)
    assert refused.value.code == "not_possible_from_submitted"
