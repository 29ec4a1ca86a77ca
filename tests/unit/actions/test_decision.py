"""Recommend, return, decide: every branch, what follows from each, and what must not (P2, P5, P8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from applications.actions import decision, review
from applications.enums import Basis, MessageKind, Outcome, Risk, Settlement, State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import (
    AccessGrant,
    Application,
    AuditEvent,
    Change,
    Customer,
    Decision,
    Note,
    OutboundMessage,
    PolicyEdition,
    User,
)
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome
from tests import factories
from tests.cases import DENIED, audit_actions, case, flag, same_for_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(nordlys: Customer, owner: User, edition_row: PolicyEdition, reviewer: User) -> Application:
    return case(nordlys, by=owner, state=State.IN_REVIEW, holder=reviewer)


@pytest.fixture
def risky(nordlys: Customer, owner: User, edition_row: PolicyEdition, reviewer: User) -> Application:
    made = case(nordlys, by=owner, state=State.IN_REVIEW, holder=reviewer, risk=Risk.HIGH)
    flag(made, "minors", settled=Settlement.STANDS, by=reviewer)
    return made


def same(application: Application) -> Application:
    return Application.objects.select_related("customer", "submitted_by").get(pk=application.pk)


def decide(application: Application, by: User, now: datetime, **more: object) -> Decision:
    values = {
        "outcomes": same_for_all(application),
        "edition": factories.read_file(),
        "by": by,
        "now": now,
        **more,
    }
    return decision.decide(application, **values)


def recommend(application: Application, by: User, now: datetime, **more: object) -> Decision:
    values = {
        "outcomes": same_for_all(application),
        "edition": factories.read_file(),
        "by": by,
        "now": now,
        **more,
    }
    return decision.recommend(application, **values)


# --- one person decides ---


def test_an_approval_counts_at_once_and_brings_what_comes_with_it(
    held: Application, reviewer: User, owner: User, now: datetime
) -> None:
    made = decide(held, reviewer, now, words="Mind the kiosks.")
    found = same(held)
    assert (found.state, found.closed_at) == (State.DECIDED, now)
    rights = AccessGrant.objects.order_by("capability")
    assert [(right.capability, right.basis, right.use_case) for right in rights] == [
        ("face.face-id", Basis.APPROVAL, "FC2"),
        ("face.verification", Basis.APPROVAL, "FC2"),
    ]
    assert {(right.starts_at, right.ends_at) for right in rights} == {
        (now, datetime(2025, 5, 16, tzinfo=UTC))
    }
    item = held.items.get()
    assert (item.outcome, item.closed_at) == (Outcome.APPROVED, now)
    assert (made.decided_by, made.decided_at) == (reviewer, now)
    assert made.letter_due_at == now + timedelta(minutes=10)
    assert "Mind the kiosks." in made.letter
    assert made.verification_code in made.letter
    mail = OutboundMessage.objects.get()
    assert (mail.kind, mail.user, mail.due_at) == (MessageKind.APPLICATION_DECIDED, owner, made.letter_due_at)
    assert mail.context == {"decision": made.pk}
    assert audit_actions(held) == ["application.decide", "right.approved", "right.approved"]
    assert Change.objects.count() == 2


def test_a_denial_gives_no_right_and_says_why(held: Application, reviewer: User, now: datetime) -> None:
    decide(held, reviewer, now, outcomes=same_for_all(held, DENIED))
    item = held.items.get()
    assert (item.outcome, item.reasons) == (Outcome.DENIED, ["public-space"])
    assert not AccessGrant.objects.exists()
    assert AuditEvent.objects.get().data["outcomes"] == {"denied": 1}


def test_items_are_decided_apart(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    first, second = factories.subscription(nordlys, "Kiosks"), factories.subscription(nordlys, "Gates")
    mixed = case(nordlys, state=State.IN_REVIEW, holder=reviewer, subscriptions=[first, second])
    here, there = mixed.items.order_by("id")
    outcomes = {here.pk: ItemOutcome("approved_with_conditions", (), ("retention",)), there.pk: DENIED}
    decide(mixed, reviewer, now, outcomes=outcomes)
    here.refresh_from_db()
    assert here.conditions == ["retention"]
    assert set(AccessGrant.objects.values_list("subscription", flat=True)) == {here.subscription_id}


def test_a_second_click_is_the_same_decision(held: Application, reviewer: User, now: datetime) -> None:
    """P4: the answer is the first one's, nothing is written again."""
    outcomes = same_for_all(held)
    first = decide(held, reviewer, now, outcomes=outcomes)
    again = decide(same(held), reviewer, now + timedelta(seconds=1), outcomes=outcomes)
    assert again == first
    assert (Decision.objects.count(), AccessGrant.objects.count(), OutboundMessage.objects.count()) == (
        1,
        2,
        1,
    )


def test_another_content_or_person_after_a_decision_was_not_fast_enough(
    held: Application, reviewer: User, lead: User, now: datetime
) -> None:
    outcomes = same_for_all(held)
    decide(held, reviewer, now, outcomes=outcomes)
    for by, said in ((reviewer, dict.fromkeys(outcomes, DENIED)), (lead, outcomes)):
        with pytest.raises(SomebodyWasFaster) as told:
            decide(same(held), by, now + timedelta(minutes=1), outcomes=said)
        assert (told.value.who, told.value.when) == ("Rosa Keller", now)
    assert held.items.get().outcome == Outcome.APPROVED


def test_an_answer_that_came_meanwhile_is_not_decided_over(
    held: Application, reviewer: User, now: datetime
) -> None:
    """P5: the page showed an older submission."""
    shown = held.state_changed_at
    Application.objects.filter(pk=held.pk).update(state_changed_at=now)
    with pytest.raises(SomebodyWasFaster):
        decide(same(held), reviewer, now, seen=shown)
    assert same(held).state == State.IN_REVIEW


def test_a_lost_race_writes_nothing(held: Application, reviewer: User, now: datetime) -> None:
    stale = same(held)
    Application.objects.filter(pk=held.pk).update(state=State.WITHDRAWN, closed_at=now)
    with pytest.raises(SomebodyWasFaster):
        decide(stale, reviewer, now)
    assert not Decision.objects.exists()
    assert not AccessGrant.objects.exists()
    assert not OutboundMessage.objects.exists()


def test_a_lead_stands_in_for_the_holder_and_nobody_else(
    held: Application, second_reviewer: User, lead: User, now: datetime
) -> None:
    with pytest.raises(NotAllowed):
        decide(held, second_reviewer, now)
    assert decide(held, lead, now).decided_by == lead


@pytest.mark.parametrize("role", ["operator", "auditor", "owner"])
def test_who_does_not_review_decides_nothing(
    held: Application, role: str, request: pytest.FixtureRequest, now: datetime
) -> None:
    with pytest.raises(NotAllowed):
        decide(held, request.getfixturevalue(role), now)


def test_a_case_that_nobody_took_is_not_decided(
    nordlys: Customer, edition_row: PolicyEdition, lead: User, now: datetime
) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        decide(case(nordlys), lead, now)
    assert refused.value.code == "not_possible_from_submitted"


# --- what a decision must hold ---


def test_every_item_needs_an_outcome(held: Application, reviewer: User, now: datetime) -> None:
    with pytest.raises(InvalidInput) as wrong:
        decide(held, reviewer, now, outcomes={})
    assert set(wrong.value.errors) == {f"item-{held.items.get().pk}"}
    assert same(held).state == State.IN_REVIEW


def test_what_another_customer_holds_is_not_approved(
    nordlys: Customer, other_customer: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    """P2: nobody gets a right on a subscription that is not theirs."""
    foreign = case(
        nordlys,
        state=State.IN_REVIEW,
        holder=reviewer,
        subscriptions=[factories.subscription(other_customer)],
    )
    with pytest.raises(InvalidInput):
        decide(foreign, reviewer, now)
    assert decide(foreign, reviewer, now, outcomes=same_for_all(foreign, DENIED))


def test_an_enquiry_gets_an_answer_and_never_a_right(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    enquiry = case(nordlys, state=State.IN_REVIEW, holder=reviewer, asks=[("face.identification", "")])
    with pytest.raises(InvalidInput):
        decide(enquiry, reviewer, now)
    answered = same_for_all(enquiry, ItemOutcome("answered"))
    with pytest.raises(InvalidInput) as wrong:
        decide(enquiry, reviewer, now, outcomes=answered)
    assert set(wrong.value.errors) == {"words"}
    decide(enquiry, reviewer, now, outcomes=answered, words="We take it to the policy board.")
    assert not AccessGrant.objects.exists()


def test_an_item_that_was_closed_meanwhile_is_not_decided_again(
    held: Application, reviewer: User, now: datetime
) -> None:
    outcomes = same_for_all(held)
    held.items.update(closed_at=now)
    with pytest.raises(InvalidInput) as wrong:
        decide(held, reviewer, now, outcomes=outcomes)
    assert set(wrong.value.errors) == {"items"}


def test_flags_are_settled_before_a_decision(held: Application, reviewer: User, now: datetime) -> None:
    flag(held, "free-mail")
    with pytest.raises(InvalidInput) as wrong:
        decide(held, reviewer, now)
    assert set(wrong.value.errors) == {"flags"}


def test_a_rule_that_only_guides_yet_stops_nothing(held: Application, reviewer: User, now: datetime) -> None:
    rule = next(rule for rule in factories.read_file().screening.values() if rule.valid_from > now.date())
    flag(held, rule.code)
    assert decide(held, reviewer, now).decided_by == reviewer


def test_a_letter_of_endless_words_is_refused(held: Application, reviewer: User, now: datetime) -> None:
    with pytest.raises(InvalidInput) as wrong:
        decide(held, reviewer, now, words="x" * 5001)
    assert set(wrong.value.errors) == {"words"}


# --- two people ---


def test_high_risk_needs_a_second_person(risky: Application, reviewer: User, now: datetime) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        decide(risky, reviewer, now)
    assert refused.value.code == "needs_second"
    assert same(risky).state == State.IN_REVIEW


def test_a_use_case_can_make_it_high_risk(
    other_customer: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    rescue = case(
        other_customer, state=State.IN_REVIEW, holder=reviewer, asks=[("face.identification", "FG8")]
    )
    with pytest.raises(NotPossibleNow) as refused:
        decide(rescue, reviewer, now)
    assert refused.value.code == "needs_second"


def test_low_risk_needs_no_second_person(held: Application, reviewer: User, now: datetime) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        recommend(held, reviewer, now)
    assert refused.value.code == "needs_no_second"


def test_a_recommendation_waits_for_anybody_else(risky: Application, reviewer: User, now: datetime) -> None:
    made = recommend(risky, reviewer, now, words="Fine.", note="VP does not apply.")
    found = same(risky)
    assert (found.state, found.assigned_to) == (State.SECOND_REVIEW, None)
    assert (made.recommended_by, made.decided_at, made.letter) == (reviewer, None, "")
    assert Note.objects.get().internal
    assert not AccessGrant.objects.exists()
    assert not OutboundMessage.objects.exists()


def test_recommending_twice_is_once(risky: Application, reviewer: User, now: datetime) -> None:
    first = recommend(risky, reviewer, now, note="Once.")
    assert recommend(same(risky), reviewer, now, note="Once.") == first
    assert Note.objects.count() == 1


def test_another_person_confirms_exactly(
    risky: Application, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    outcomes = same_for_all(risky)
    recommend(risky, reviewer, now, outcomes=outcomes, words="Fine.")
    later = now + timedelta(hours=1)
    with pytest.raises(NotAllowed):
        decide(same(risky), reviewer, later, outcomes=outcomes, words="Fine.")
    for changed in ({"outcomes": dict.fromkeys(outcomes, DENIED)}, {"words": "Fine!"}):
        with pytest.raises(NotPossibleNow) as refused:
            decide(same(risky), second_reviewer, later, **{"outcomes": outcomes, "words": "Fine.", **changed})
        assert refused.value.code == "differs"
    made = decide(same(risky), second_reviewer, later, outcomes=outcomes, words="Fine.")
    assert (made.recommended_by, made.decided_by) == (reviewer, second_reviewer)
    assert AccessGrant.objects.filter(starts_at=later).count() == 2
    assert Decision.objects.count() == 1


def test_a_recommending_lead_does_not_confirm_themselves(
    risky: Application, lead: User, now: datetime
) -> None:
    recommend(risky, lead, now)
    with pytest.raises(NotAllowed):
        decide(same(risky), lead, now)


def test_a_return_goes_back_to_who_recommended(
    risky: Application, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    recommend(risky, reviewer, now)
    decision.return_to_review(same(risky), note="Ask about minors.", by=second_reviewer, now=now)
    found = same(risky)
    assert (found.state, found.assigned_to) == (State.IN_REVIEW, reviewer)
    kept = Decision.objects.get()
    assert (kept.returned_by, kept.return_note) == (second_reviewer, "Ask about minors.")


def test_the_second_return_goes_to_a_lead(
    risky: Application, reviewer: User, second_reviewer: User, lead: User, now: datetime
) -> None:
    for _time in range(2):
        recommend(same(risky), reviewer, now)
        decision.return_to_review(same(risky), note="Again.", by=second_reviewer, now=now)
    assert same(risky).assigned_to == lead
    assert AuditEvent.objects.filter(action="application.return_to_review").latest("id").data["again"] is True


def test_a_return_without_a_fit_holder_leaves_it_to_the_leads(
    risky: Application, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    recommend(risky, reviewer, now)
    User.objects.filter(pk=reviewer.pk).update(is_active=False)
    decision.return_to_review(same(risky), note="Gone.", by=second_reviewer, now=now)
    assert same(risky).assigned_to is None


def test_a_return_says_why_and_is_not_for_who_recommended(
    risky: Application, reviewer: User, second_reviewer: User, now: datetime
) -> None:
    recommend(risky, reviewer, now)
    with pytest.raises(InvalidInput):
        decision.return_to_review(same(risky), note=" ", by=second_reviewer, now=now)
    with pytest.raises(NotAllowed):
        decision.return_to_review(same(risky), note="Mine.", by=reviewer, now=now)


def test_what_has_no_recommendation_is_neither_confirmed_nor_returned(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    odd = case(nordlys, state=State.SECOND_REVIEW)
    with pytest.raises(SomebodyWasFaster):
        decide(odd, reviewer, now)
    with pytest.raises(SomebodyWasFaster):
        decision.return_to_review(odd, note="?", by=reviewer, now=now)


# --- the policy decides ---


def test_what_opened_or_retired_meanwhile_is_closed_with_the_policys_outcome(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition, now: datetime
) -> None:
    both = case(nordlys, by=owner, asks=[("face.verification", "FC2"), ("face.liveness", "FC1")])
    opened = edition.capabilities["face.liveness"].model_copy(update={"gate": None})
    changed = edition.model_copy(update={"capabilities": {**edition.capabilities, "face.liveness": opened}})
    opened.bind(None, edition.day_starts_at, edition.day_ends_at)
    opened._gated_at = None
    assert decision.close_items_for_policy(both, edition=changed, now=now) == 1
    assert dict(both.items.values_list("capability", "outcome")) == {
        "face.verification": "",
        "face.liveness": "not_needed",
    }
    assert same(both).state == State.SUBMITTED
    assert audit_actions(both) == ["item.closed"]
    told = Note.objects.get()
    assert (told.internal, told.author) == (False, None)
    assert "Liveness on" in told.body
    assert OutboundMessage.objects.get().kind == MessageKind.MESSAGE_WRITTEN
    assert decision.close_items_for_policy(both, edition=changed, now=now) == 0


def test_nothing_is_closed_while_nothing_changed(
    held: Application, edition: Edition, reviewer: User, now: datetime
) -> None:
    assert decision.close_items_for_policy(held, edition=edition, now=now) == 0
    review.release(held, by=reviewer, now=now)
    assert decision.close_items_for_policy(same(held), edition=edition, now=now) == 0


def test_what_retired_meanwhile_says_so_and_a_closed_case_stays(
    held: Application, edition: Edition, now: datetime
) -> None:
    gone = {code: one for code, one in edition.capabilities.items() if code != "face.verification"}
    later = edition.model_copy(update={"capabilities": gone})
    Application.objects.filter(pk=held.pk).update(state=State.WITHDRAWN, closed_at=now)
    assert decision.close_items_for_policy(same(held), edition=later, now=now) == 0
    Application.objects.filter(pk=held.pk).update(state=State.IN_REVIEW, closed_at=None)
    assert decision.close_items_for_policy(same(held), edition=later, now=now) == 1
    assert held.items.get().outcome == Outcome.RETIRED
    assert "face.verification on" in Note.objects.get().body


def test_a_case_with_nothing_open_left_is_closed_by_a_person(
    held: Application, reviewer: User, now: datetime
) -> None:
    held.items.update(closed_at=now, outcome=Outcome.NOT_NEEDED)
    assert decide(held, reviewer, now, outcomes={}).letter
    assert same(held).state == State.DECIDED
