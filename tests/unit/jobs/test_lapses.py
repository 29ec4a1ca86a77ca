"""Drafts and questions lapse by the clock after two warnings that were sent, never near a deadline (design §5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail

from applications.actions.lapse import lapse
from applications.enums import ContactState, MessageKind, State
from applications.exceptions import SomebodyWasFaster
from applications.jobs import lapses
from applications.jobs.delivery import deliver
from applications.jobs.lapses import lapse_waiting
from applications.models import (
    Application,
    AuditEvent,
    Customer,
    InformationRequest,
    OutboundMessage,
    PolicyEdition,
    RequestedCapability,
    User,
)
from applications.queries.lapse import waits
from applications.rules.policy import Edition
from tests import factories
from tests.cases import case

NOW = factories.NOW
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FACE = "face.identification"


@pytest.fixture
def draft(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> Application:
    made = factories.submitted(nordlys, edition_row, state=State.DRAFT, submitted_at=None)
    RequestedCapability.objects.create(
        application=made,
        customer=nordlys,
        subscription=factories.subscription(nordlys),
        capability=FACE,
        asked_at=NOW,
    )
    return made


@pytest.fixture
def question(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> InformationRequest:
    asked = factories.submitted(nordlys, edition_row, state=State.INFORMATION_REQUESTED, paused_at=NOW)
    return InformationRequest.objects.create(
        application=asked, question="Which?", asked_at=NOW, asked_by=None, due_at=NOW + 14 * DAY
    )


def live(until: datetime, *, mails: bool = True) -> list[dict[str, int]]:
    """Two runs a day from NOW on, as the schedule would do."""
    now, found = NOW, []
    while now <= until:
        found.append(lapse_waiting(now))
        if mails:
            deliver(now)
        now += DAY / 2
    return [counts for counts in found if counts]


def state_of(application: Application) -> str:
    application.refresh_from_db()
    return application.state


def test_a_draft_lapses_ninety_days_after_its_last_save(draft: Application) -> None:
    assert live(NOW + 89.5 * DAY) == [{"warned": 1}, {"warned": 1}]
    assert state_of(draft) == State.DRAFT
    assert lapse_waiting(NOW + 90 * DAY - timedelta.resolution) == {}
    assert lapse_waiting(NOW + 90 * DAY) == {"lapsed": 1}
    assert state_of(draft) == State.LAPSED
    assert draft.closed_at == NOW + 90 * DAY
    assert draft.items.get().closed_at == NOW + 90 * DAY
    event = AuditEvent.objects.get(action="application.lapse")
    assert (event.source, event.actor) == ("clock", None)
    deliver(NOW + 90 * DAY)
    assert [message.subject for message in mail.outbox] == [
        f"Your draft {draft.reference} lapses soon",
        f"Your draft {draft.reference} lapses soon",
        f"Access application {draft.reference} lapsed",
    ]
    assert "It lapses on 13 August 2023" in " ".join(mail.outbox[0].body.split())
    assert lapse_waiting(NOW + 91 * DAY) == {}


def test_warnings_stand_at_their_days(draft: Application) -> None:
    assert lapse_waiting(NOW + 76 * DAY - timedelta.resolution) == {}
    assert lapse_waiting(NOW + 76 * DAY) == {"warned": 1}
    deliver(NOW + 76 * DAY)
    assert lapse_waiting(NOW + 83 * DAY - timedelta.resolution) == {}
    assert lapse_waiting(NOW + 83 * DAY) == {"warned": 1}


def test_saving_again_starts_anew_and_takes_a_waiting_warning_back(draft: Application) -> None:
    live(NOW + 80 * DAY)
    lapse_waiting(NOW + 83 * DAY)
    Application.objects.filter(pk=draft.pk).update(saved_at=NOW + 83 * DAY)
    assert deliver(NOW + 83 * DAY) == {"not_needed": 1}
    assert lapse_waiting(NOW + 120 * DAY) == {}
    assert lapse_waiting(NOW + (83 + 76) * DAY) == {"warned": 1}


def test_nothing_lapses_without_two_warnings_that_were_sent(draft: Application) -> None:
    assert live(NOW + 200 * DAY, mails=False) == [{"warned": 1}]
    assert state_of(draft) == State.DRAFT


def test_after_an_outage_the_warnings_come_first_and_apart(draft: Application) -> None:
    late = NOW + 150 * DAY
    assert lapse_waiting(late) == {"warned": 1}
    deliver(late)
    assert lapse_waiting(late + 5 * DAY) == {}
    assert lapse_waiting(late + 6 * DAY) == {"warned": 1}
    deliver(late + 6 * DAY)
    assert lapse_waiting(late + 11 * DAY) == {}
    assert lapse_waiting(late + 12 * DAY) == {"lapsed": 1}


def test_nobody_to_warn_means_no_lapse(draft: Application, owner: User) -> None:
    owner.memberships.all().delete()
    assert live(NOW + 100 * DAY) == []
    contact = factories.contact(draft.customer, "c@nordlys.example", state=ContactState.BOUNCED)
    assert live(NOW + 100 * DAY) == []
    contact.state = ContactState.OK
    contact.save()
    assert lapse_waiting(NOW + 100 * DAY) == {"warned": 1}


@pytest.mark.parametrize(("days", "lapsed"), [(30, False), (31, True)])
def test_never_in_the_last_thirty_days_before_a_deadline(draft: Application, days: int, lapsed: bool) -> None:
    live(NOW + 89.5 * DAY)
    factories.right(draft.customer.subscriptions.get(), FACE, ends_at=NOW + (90 + days) * DAY)
    assert (lapse_waiting(NOW + 90 * DAY) == {"lapsed": 1}) is lapsed
    assert (state_of(draft) == State.LAPSED) is lapsed


def test_a_question_lapses_when_its_answer_is_due(question: InformationRequest) -> None:
    application = question.application
    assert live(NOW + 13.5 * DAY) == [{"warned": 1}, {"warned": 1}]
    assert lapse_waiting(NOW + 14 * DAY) == {"lapsed": 1}
    assert state_of(application) == State.LAPSED
    assert application.paused_at is None
    question.refresh_from_db()
    assert question.closed_at == NOW + 14 * DAY
    assert OutboundMessage.objects.filter(kind=MessageKind.APPLICATION_LAPSED).count() == 1


def test_an_answer_at_the_same_moment_wins(question: InformationRequest, edition: Edition) -> None:
    [wait] = waits(edition, NOW + 14 * DAY)
    Application.objects.filter(pk=question.application_id).update(state=State.IN_REVIEW)
    with pytest.raises(SomebodyWasFaster):
        lapse(wait, now=NOW + 14 * DAY)
    assert state_of(question.application) == State.IN_REVIEW
    question.refresh_from_db()
    assert question.closed_at is None


def test_a_save_at_the_same_moment_wins(draft: Application, edition: Edition) -> None:
    [wait] = waits(edition, NOW + 90 * DAY)
    Application.objects.filter(pk=draft.pk).update(saved_at=NOW + 90 * DAY)
    with pytest.raises(SomebodyWasFaster):
        lapse(wait, now=NOW + 90 * DAY)


def test_one_that_was_faster_or_fails_stops_no_other(
    draft: Application, question: InformationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lapses.lapse.warn

    def warn(wait: object, *given: object, **more: object) -> int:
        if wait.is_draft:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return real(wait, *given, **more)

    monkeypatch.setattr(lapses.lapse, "warn", warn)
    Application.objects.filter(pk=draft.pk).update(saved_at=NOW - 80 * DAY)
    assert lapse_waiting(NOW) == {"failed": 1, "warned": 1}


def test_a_run_stops_when_its_time_is_used_up(question: InformationRequest) -> None:
    assert lapse_waiting(NOW, budget_s=0) == {}
    assert lapse_waiting(NOW) == {"warned": 1}


def test_without_an_edition_nothing_happens(db: None) -> None:
    assert lapse_waiting(NOW) == {}


# --- what the policy settles ---


def test_items_whose_capability_retired_are_closed_at_the_next_run(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = factories.read_file()
    gone = {code: one for code, one in edition.capabilities.items() if code != "face.verification"}
    retired = case(nordlys, by=owner, asks=[("face.verification", "FC2"), ("face.liveness", "FC1")])
    untouched = case(nordlys, by=owner, asks=[("face.liveness", "FC1")])
    assert lapse_waiting(NOW).get("closed", 0) == 0
    monkeypatch.setattr(lapses, "edition_in_force", lambda: edition.model_copy(update={"capabilities": gone}))
    assert lapse_waiting(NOW)["closed"] == 1
    assert dict(retired.items.values_list("capability", "outcome")) == {
        "face.verification": "retired",
        "face.liveness": "",
    }
    assert untouched.items.get().closed_at is None
    assert lapse_waiting(NOW).get("closed", 0) == 0


def test_one_case_that_cannot_be_closed_does_not_stop_the_others(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = case(nordlys, by=owner), case(nordlys, by=owner)
    gone = factories.read_file().model_copy(update={"capabilities": {}})
    monkeypatch.setattr(lapses, "edition_in_force", lambda: gone)
    real = lapses.close_items_for_policy

    def poisoned(application: Application, **more: object) -> int:
        if application == one:
            raise ValueError
        return real(application, **more)

    monkeypatch.setattr(lapses, "close_items_for_policy", poisoned)
    counts = lapse_waiting(NOW)
    assert (counts["failed"], counts["closed"]) == (1, 1)
    assert other.items.get().outcome == "retired"
