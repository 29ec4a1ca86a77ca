"""Flags settled, sections judged, notes written: every branch and refusal."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from applications.actions import finding
from applications.enums import MessageKind, Risk, Settlement, State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.models import Application, AuditEvent, Customer, Note, OutboundMessage, PolicyEdition, User
from applications.rules.policy import Edition
from tests import factories
from tests.cases import audit_actions, case, flag

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(nordlys: Customer, owner: User, edition_row: PolicyEdition, reviewer: User) -> Application:
    return case(nordlys, by=owner, state=State.IN_REVIEW, holder=reviewer, risk=Risk.HIGH)


# --- flags ---


def test_a_flag_that_does_not_apply_lowers_the_risk(
    held: Application, edition: Edition, reviewer: User, now: datetime
) -> None:
    raised = flag(held, "minors")
    finding.settle_flag(
        raised,
        settlement=Settlement.CURED,
        note="Only with a guardian.",
        edition=edition,
        by=reviewer,
        now=now,
    )
    raised.refresh_from_db()
    held.refresh_from_db()
    assert (raised.settlement, raised.settled_by, raised.settled_at) == ("cured", reviewer, now)
    assert held.risk == Risk.LOW
    event = AuditEvent.objects.get(application_ref=held.pk)
    assert (event.action, event.data["rule"], event.data["settlement"]) == ("flag.settled", "minors", "cured")
    assert event.reason.text == "Only with a guardian."


def test_a_flag_that_stands_keeps_the_risk_and_may_change(
    held: Application, edition: Edition, reviewer: User, now: datetime
) -> None:
    raised = flag(held, "minors")

    def settle(settlement: Settlement, note: str) -> None:
        finding.settle_flag(raised, settlement=settlement, note=note, edition=edition, by=reviewer, now=now)

    settle(Settlement.STANDS, "")
    assert raised.application.risk == Risk.HIGH
    settle(Settlement.STANDS, "")
    assert audit_actions(held) == ["flag.settled"]
    settle(Settlement.CURED, "A misunderstanding.")
    assert audit_actions(held) == ["flag.settled"] * 2


@pytest.mark.parametrize(
    ("settlement", "note", "field"),
    [("", "why", "settlement"), ("cured", " ", "note"), ("cured", "x" * 5001, "note")],
)
def test_a_finding_needs_its_reason(
    held: Application, edition: Edition, reviewer: User, now: datetime, settlement: str, note: str, field: str
) -> None:
    raised = flag(held, "minors")
    with pytest.raises(InvalidInput) as wrong:
        finding.settle_flag(raised, settlement=settlement, note=note, edition=edition, by=reviewer, now=now)
    assert set(wrong.value.errors) == {field}


def test_findings_belong_to_who_has_the_case(
    held: Application, edition: Edition, second_reviewer: User, lead: User, now: datetime
) -> None:
    raised = flag(held, "minors")
    more = {"settlement": Settlement.STANDS, "note": "", "edition": edition, "now": now}
    with pytest.raises(NotAllowed):
        finding.settle_flag(raised, by=second_reviewer, **more)
    assert finding.settle_flag(raised, by=lead, **more).settled_by == lead


@pytest.mark.parametrize("state", [State.SUBMITTED, State.INFORMATION_REQUESTED, State.SECOND_REVIEW])
def test_findings_wait_for_the_review(
    nordlys: Customer,
    edition_row: PolicyEdition,
    edition: Edition,
    reviewer: User,
    now: datetime,
    state: State,
) -> None:
    elsewhere = case(nordlys, state=state, holder=reviewer)
    with pytest.raises(NotPossibleNow):
        finding.settle_flag(
            flag(elsewhere, "minors"),
            settlement=Settlement.STANDS,
            note="",
            edition=edition,
            by=reviewer,
            now=now,
        )
    with pytest.raises(NotPossibleNow):
        finding.review_section(
            elsewhere, edition=factories.read_file(), section="people", verdict="fine", by=reviewer, now=now
        )


# --- sections ---


def test_the_last_verdict_of_a_section_stands(held: Application, reviewer: User, now: datetime) -> None:
    finding.review_section(
        held,
        edition=factories.read_file(),
        section="people",
        verdict="doubt",
        note="Who reviews?",
        by=reviewer,
        now=now,
    )
    finding.review_section(
        held,
        edition=factories.read_file(),
        section="people",
        verdict="fine",
        by=reviewer,
        now=now + timedelta(hours=1),
    )
    verdict = held.section_reviews.get()
    assert (verdict.verdict, verdict.note, verdict.reviewed_by) == ("fine", "", reviewer)
    assert audit_actions(held) == ["section.reviewed"] * 2


@pytest.mark.parametrize(
    ("verdict", "note", "field"),
    [("good", "", "verdict"), ("doubt", "", "note"), ("doubt", "x" * 5001, "note")],
)
def test_a_verdict_that_says_too_little(
    held: Application, reviewer: User, now: datetime, verdict: str, note: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        finding.review_section(
            held,
            edition=factories.read_file(),
            section="people",
            verdict=verdict,
            note=note,
            by=reviewer,
            now=now,
        )
    assert set(wrong.value.errors) == {field}


# --- notes ---


def test_a_note_between_staff_tells_nobody_outside(held: Application, reviewer: User, now: datetime) -> None:
    finding.note(held, body="Ask legal.", internal=True, by=reviewer, now=now)
    assert Note.objects.get().internal
    assert not OutboundMessage.objects.exists()
    assert AuditEvent.objects.get().data == {"internal": True}


def test_a_line_to_the_applicant_is_mailed_once(
    held: Application, reviewer: User, owner: User, now: datetime
) -> None:
    for second in (0, 30):
        finding.note(
            held,
            body="We read your answer.",
            internal=False,
            by=reviewer,
            now=now + timedelta(seconds=second),
        )
    mail = OutboundMessage.objects.get()
    assert (mail.kind, mail.user) == (MessageKind.MESSAGE_WRITTEN, owner)
    assert Note.objects.count() == 1
    finding.note(
        held, body="We read your answer.", internal=False, by=reviewer, now=now + timedelta(minutes=2)
    )
    assert Note.objects.count() == 2


def test_any_reviewer_may_note_but_nobody_near_and_nobody_else(
    held: Application, second_reviewer: User, auditor: User, now: datetime
) -> None:
    kin = factories.person("kin@nordlys.example", staff_role="reviewer")
    assert finding.note(held, body="Seen.", internal=True, by=second_reviewer, now=now)
    for refused in (auditor, kin):
        with pytest.raises(NotAllowed):
            finding.note(held, body="Seen.", internal=True, by=refused, now=now)


@pytest.mark.parametrize("body", ["", "\u202e\x00", "x" * 5001])
def test_a_note_says_something(held: Application, reviewer: User, now: datetime, body: str) -> None:
    with pytest.raises(InvalidInput):
        finding.note(held, body=body, internal=True, by=reviewer, now=now)


def test_nobody_reads_messages_on_a_closed_case(
    nordlys: Customer, edition_row: PolicyEdition, reviewer: User, now: datetime
) -> None:
    closed = case(nordlys)
    Application.objects.filter(pk=closed.pk).update(state=State.DECIDED, closed_at=now)
    closed.refresh_from_db()
    with pytest.raises(NotPossibleNow):
        finding.note(closed, body="Hello?", internal=False, by=reviewer, now=now)
    assert finding.note(closed, body="For the record.", internal=True, by=reviewer, now=now).internal
