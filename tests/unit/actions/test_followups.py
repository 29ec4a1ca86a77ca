"""After a decision: follow-ups begun once, appeals for somebody else to judge, ends held and let go (P1, P5)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connections, transaction

from applications.actions import application as act
from applications.actions import lapse, rights, submission
from applications.actions.followups import follow, state_grounds
from applications.actions.more_time import ask_for_time, decline_time, propose_time
from applications.actions.taking_back import take_back
from applications.enums import ExtensionReason, Kind, MessageKind, State
from applications.exceptions import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotPossibleNow,
    SomebodyWasFaster,
)
from applications.jobs.ends import close_ended
from applications.models import AccessGrant, Application, Change, Decision, OutboundMessage, TimeRequest
from applications.queries import more_time
from applications.queries.application import draft_of, read_answers
from applications.queries.decision import decide_one
from applications.queries.lapse import Wait
from applications.rules.followups import Followup, appeal_until, in_time_until, zone_of
from tests import drafts, factories
from tests.cases import APPROVED, DENIED, attested, judged
from tests.drafts import GATES, KIOSKS
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TICK = timedelta.resolution
DAY = timedelta(days=1)
LETTER = NOW + timedelta(minutes=10)
END = datetime(2025, 5, 16, tzinfo=UTC)
HELD = END + 60 * DAY
CODE = "face.identification"


def fresh(application):
    return Application.objects.select_related("customer", "previous").get(pk=application.pk)


def submit(draft, by, edition, now):
    return fresh(submission.submit(application=fresh(draft), edition=edition, by=by, now=now))


@pytest.fixture
def asked(nordlys, owner, edition_row, edition):
    """Identification and liveness on one subscription, submitted."""
    return submit(drafts.draft(nordlys, owner, edition_row), owner, edition, NOW)


@pytest.fixture
def denied(asked, reviewer):
    return fresh(judged(asked, reviewer, DENIED))


@pytest.fixture
def approved(asked, reviewer):
    return fresh(judged(asked, reviewer, APPROVED))


@pytest.fixture
def last_moment(edition):
    """The first instant at which a renewal is too late to hold the end."""
    return in_time_until(END, edition, zone_of("DK", edition))


def begin(previous, what, by, edition, now, **more):
    return follow(fresh(previous), what, edition=edition, by=by, now=now, **more)


def renewal(approved, owner, edition, now):
    draft = begin(approved, Followup.RENEW, owner, edition, now)
    return submit(attested(draft, owner, now), owner, edition, now)


def answer(code, at, guid=KIOSKS):
    verdict = decide_one(UUID(guid), code, at).verdict
    return verdict.allowed, verdict.reason.value, verdict.ends_at


def extensions():
    return AccessGrant.objects.filter(extension_reason=ExtensionReason.RENEWAL).order_by("pk")


# --- appeals ---


def test_an_appeal_asks_for_what_was_denied_and_nothing_else(nordlys, owner, edition_row, edition, reviewer):
    """Not even for what the denied subscriptions and capabilities would make of each other."""
    both = drafts.answers(subscriptions={"subscription-ids": [KIOSKS, GATES], "subscription-ids.names": {}})
    asked = submit(drafts.draft(nordlys, owner, edition_row, both), owner, edition, NOW)
    judged(asked, reviewer, DENIED, APPROVED, APPROVED, DENIED)  # identification, then liveness, on each
    appeal = begin(asked, Followup.APPEAL, owner, edition, LETTER, grounds="The gate is not a public space.")
    assert (appeal.kind, appeal.previous_id, appeal.state) == (Kind.APPEAL, asked.pk, State.DRAFT)
    assert "attestations" not in draft_of(fresh(appeal)).sections
    submit(attested(appeal, owner, LETTER), owner, edition, LETTER)
    items = appeal.items.order_by("capability").values_list("subscription__guid", "capability", "use_case")
    assert list(items) == [(UUID(KIOSKS), CODE, "FC3"), (UUID(GATES), "face.liveness", "FC3")]
    frozen = appeal.submissions.get().answers
    assert frozen["appeal"] == {"grounds": "The gate is not a public space."}
    assert frozen["people"] == asked.submissions.get().answers["people"]


def test_the_last_day_to_appeal_is_the_customers_and_submitting_counts(denied, owner, edition):
    over = appeal_until(LETTER, edition, zone_of("DK", edition))
    with pytest.raises(NotPossibleNow) as refused:
        begin(denied, Followup.APPEAL, owner, edition, LETTER - TICK, grounds="No")
    assert refused.value.code == "letter_waits"
    appeal = attested(begin(denied, Followup.APPEAL, owner, edition, over - TICK, grounds="No"), owner)
    with pytest.raises(NotPossibleNow) as refused:
        submit(appeal, owner, edition, over)
    assert refused.value.code == "too_late"
    assert submit(appeal, owner, edition, over - TICK).state == State.SUBMITTED
    Application.objects.filter(pk=appeal.pk).update(state=State.WITHDRAWN, closed_at=over)
    with pytest.raises(NotPossibleNow) as refused:
        begin(denied, Followup.APPEAL, owner, edition, over, grounds="No")
    assert refused.value.code == "too_late"
    assert begin(denied, Followup.AGAIN, owner, edition, over).kind == Kind.INITIAL


def test_who_judged_before_does_not_judge_the_appeal_even_past_the_actions(
    denied, owner, edition, reviewer, second_reviewer
):
    appeal = begin(denied, Followup.APPEAL, owner, edition, LETTER, grounds="Look again")
    submit(attested(appeal, owner, LETTER), owner, edition, LETTER)
    with pytest.raises(NotAllowed) as refused:
        judged(appeal, reviewer, APPROVED, now=LETTER + DAY)
    assert refused.value.code == "judged_before"
    for who in ({"decided_by": reviewer, "decided_at": LETTER}, {"recommended_by": reviewer}):
        with pytest.raises(IntegrityError, match="did not judge before"), transaction.atomic():
            Decision.objects.create(application=appeal, outcomes={}, **who)
    judged(appeal, second_reviewer, DENIED, now=LETTER + DAY)
    standing = appeal.decisions.get()
    with pytest.raises(IntegrityError, match="did not judge before"), transaction.atomic():
        Decision.objects.filter(pk=standing.pk).update(decided_by=reviewer)
    later = LETTER + 2 * DAY
    for previous, code in ((appeal, "is_appeal"), (denied, "appealed")):
        with pytest.raises(NotPossibleNow) as refused:
            begin(previous, Followup.APPEAL, owner, edition, later, grounds="Once more")
        assert refused.value.code == code


def test_grounds_are_needed_kept_and_never_replaced_unseen(denied, owner, colleague, edition):
    for empty in ("", " \n\u200b"):
        with pytest.raises(InvalidInput):
            begin(denied, Followup.APPEAL, owner, edition, LETTER, grounds=empty)
    appeal = begin(denied, Followup.APPEAL, owner, edition, LETTER, grounds="Mine")
    assert begin(denied, Followup.APPEAL, owner, edition, LETTER, grounds="Mine") == appeal
    with pytest.raises(Conflict) as theirs:
        begin(denied, Followup.APPEAL, colleague, edition, LETTER, grounds="Theirs")
    assert theirs.value.what == appeal
    state_grounds(appeal, grounds="Both", version=1, by=colleague, now=LETTER)
    with pytest.raises(Conflict):
        state_grounds(appeal, grounds="Mine alone", version=1, by=owner, now=LETTER)
    assert draft_of(appeal).answers["grounds"] == "Both"
    Application.objects.filter(pk=appeal.pk).update(state=State.LAPSED, closed_at=LETTER)
    with pytest.raises(NotPossibleNow):
        state_grounds(appeal, grounds="Later", version=2, by=owner, now=LETTER)


def test_viewers_and_strangers_begin_nothing(denied, viewer, stranger, edition):
    for person, refusal in ((viewer, NotAllowed), (stranger, NotFound)):
        for what in (Followup.APPEAL, Followup.AGAIN):
            with pytest.raises(refusal):
                begin(denied, what, person, edition, LETTER, grounds="Why not")
    assert not denied.followers.exists()


# --- amendments and another try ---


def test_an_amendment_asks_only_for_new_pairs(approved, owner, edition):
    draft = begin(approved, Followup.AMEND, owner, edition, LETTER)
    reading = read_answers(edition, draft_of(fresh(draft)), approved.customer, LETTER)
    assert not reading.wishes
    assert "approved already" in reading.errors["subscription-ids"]
    both = {"subscription-ids": [KIOSKS, GATES], "paid-tier": "yes"}
    act.save_section(
        application=fresh(draft),
        section="subscriptions",
        answers=both,
        version=1,
        edition=edition,
        by=owner,
        now=LETTER,
    )
    submit(attested(draft, owner, LETTER), owner, edition, LETTER)
    assert {str(guid) for guid in draft.items.values_list("subscription__guid", flat=True)} == {GATES}
    assert (
        begin(approved, Followup.AMEND, owner, edition, LETTER) != draft
    )  # the next one may begin meanwhile


def test_applying_again_begins_with_what_was_denied(asked, reviewer, owner, edition):
    judged(asked, reviewer, DENIED, APPROVED)
    again = begin(asked, Followup.AGAIN, owner, edition, LETTER)
    assert (again.kind, again.previous_id) == (Kind.INITIAL, asked.pk)
    assert draft_of(again).answers["capabilities"] == [CODE]
    assert begin(asked, Followup.AGAIN, owner, edition, LETTER) == again
    assert draft_of(again).by_section["people"] == asked.submissions.get().answers["people"]


# --- renewals ---


def test_a_renewal_in_time_holds_the_end_and_one_too_late_does_not(approved, owner, edition, last_moment):
    late = renewal(approved, owner, edition, last_moment)
    assert (late.kind, extensions().count()) == (Kind.RENEWAL, 0)
    act.withdraw(application=late, by=owner, now=last_moment)
    made = renewal(approved, owner, edition, last_moment - TICK)
    submit(made, owner, edition, last_moment)  # the second click
    assert {(right.capability, right.starts_at, right.ends_at) for right in extensions()} == {
        (code, last_moment - TICK, HELD)
        for code in (CODE, "face.face-id", "face.find-similar", "face.liveness")
    }
    assert [answer(CODE, at) for at in (END - TICK, END, HELD - TICK, HELD)] == [
        (True, "approved", HELD),
        (True, "extension", HELD),
        (True, "extension", HELD),
        (False, "pending", None),
    ]


@pytest.mark.parametrize("decided_at", [END - DAY, END, END + DAY])
def test_an_approval_takes_over_at_its_instant_without_gap_or_overlap(
    approved, owner, edition, reviewer, last_moment, decided_at
):
    made = renewal(approved, owner, edition, last_moment - TICK)
    judged(made, reviewer, APPROVED, now=decided_at)
    assert set(extensions().values_list("ends_at", flat=True)) == {decided_at}
    before = "approved" if decided_at <= END else "extension"
    assert [answer(CODE, at)[:2] for at in (decided_at - TICK, decided_at, decided_at + TICK)] == [
        (True, before),
        (True, "approved"),
        (True, "approved"),
    ]
    assert answer(CODE, HELD)[:2] == (True, "approved")


def test_a_denied_renewal_ends_with_its_letter_and_taking_it_back_holds_on(
    approved, owner, edition, reviewer, last_moment
):
    made = renewal(approved, owner, edition, last_moment - TICK)
    decided_at = END + DAY
    letter = decided_at + timedelta(minutes=10)
    judged(made, reviewer, DENIED, now=decided_at)
    assert [answer(CODE, at)[:2] for at in (decided_at, letter - TICK, letter)] == [
        (True, "extension"),
        (True, "extension"),
        (False, "denied"),
    ]
    take_back(fresh(made), by=reviewer, now=decided_at + timedelta(minutes=1))
    assert answer(CODE, HELD - TICK) == (True, "extension", HELD)
    assert answer(CODE, HELD) == (False, "pending", None)


def test_a_renewal_denied_before_the_end_leaves_the_approval_its_term(approved, owner, edition, reviewer):
    made = renewal(approved, owner, edition, END - 90 * DAY)
    judged(made, reviewer, DENIED, now=END - 80 * DAY)
    assert [answer(CODE, at) for at in (END - TICK, END)] == [
        (True, "approved", END),
        (False, "denied", None),
    ]


@pytest.mark.parametrize("at", [END - DAY, END + DAY])
@pytest.mark.parametrize("way", ["withdraw", "lapse"])
def test_withdrawing_or_lapsing_lets_the_end_go(approved, owner, edition, last_moment, at, way):
    made = renewal(approved, owner, edition, last_moment - TICK)
    if way == "withdraw":
        act.withdraw(application=made, by=owner, now=at)
        act.withdraw(application=fresh(made), by=owner, now=at + DAY)
    else:
        Application.objects.filter(pk=made.pk).update(state=State.INFORMATION_REQUESTED)
        lapse.lapse(Wait(fresh(made), "", at, is_draft=False), now=at)
    assert set(extensions().values_list("ends_at", flat=True)) == {at}
    assert answer(CODE, max(at, END))[:2] == (False, "expired")
    assert answer(CODE, max(at, END) - TICK)[0]
    assert Change.objects.filter(kind="moved").count() == 4


def test_a_renewal_withdrawn_at_the_instant_of_its_submission_holds_nothing(approved, owner, edition):
    at = END - 90 * DAY
    act.withdraw(application=renewal(approved, owner, edition, at), by=owner, now=at)
    assert set(extensions().values_list("ends_at", flat=True)) == {at + TICK}
    assert answer(CODE, at + TICK) == (True, "approved", END)


def test_a_taken_back_approval_is_not_held(approved, owner, edition, reviewer):
    AccessGrant.objects.filter(capability=CODE).update(revoked_at=LETTER, revoked_by=reviewer)
    renewal(approved, owner, edition, END - 90 * DAY)
    assert CODE not in extensions().values_list("capability", flat=True)


def told(customer):
    return OutboundMessage.objects.filter(kind=MessageKind.ACCESS_ENDED, customer=customer).count()


def test_closing_tells_nothing_while_the_end_is_held_and_once_after_the_denial(
    approved, owner, edition, reviewer, last_moment
):
    made = renewal(approved, owner, edition, last_moment - TICK)
    close_ended(END)
    assert (told(made.customer), AccessGrant.objects.filter(closed_at__isnull=True).count()) == (0, 4)
    judged(made, reviewer, DENIED, now=END + DAY)
    letter = END + DAY + timedelta(minutes=10)
    close_ended(letter - TICK)
    assert told(made.customer) == 0
    for _run in range(2):
        close_ended(letter)
    assert (told(made.customer), AccessGrant.objects.filter(closed_at__isnull=True).count()) == (1, 0)


# --- two at once ---


def test_of_two_who_answer_a_request_for_time_one_wins(nordlys, owner, operator, lead, edition_row, edition):
    right = factories.grace(factories.subscription(nordlys), CODE)
    about = {"edition": edition, "now": NOW}
    ask_for_time(nordlys, deadline_at=right.ends_at, reason="Review runs", by=owner, **about)
    first, second, third = (TimeRequest.objects.get() for _read in range(3))
    given = {"until": right.ends_at.date() + DAY, "reason": "They wait for us", **about}
    proposal = propose_time(first, by=operator, **given)
    with pytest.raises(SomebodyWasFaster):
        decline_time(second, answer="No", by=lead, now=NOW)
    with pytest.raises(SomebodyWasFaster), transaction.atomic():
        propose_time(third, by=lead, **given)
    rights.answer(proposal, agree=False, edition=edition, by=lead, now=NOW)
    decline_time(more_time.request_waiting(first.pk), answer="Apply first", by=operator, now=NOW)
    assert TimeRequest.objects.get().declined_by == operator


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_begin_one_renewal(approved, owner, colleague, edition):
    barrier, made = threading.Barrier(2), []

    def go(person):
        try:
            barrier.wait(timeout=20)
            made.append(begin(approved, Followup.RENEW, person, edition, END - 30 * DAY).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(person,)) for person in (owner, colleague)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert set(made) == set(approved.followers.values_list("pk", flat=True))
