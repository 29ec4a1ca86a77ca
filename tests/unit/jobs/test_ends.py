"""Ends: exact books at any batch size, at any instant, twice, late and at once (promises P1, P2, P6, P7)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.actions import deadlines
from applications.actions.access import grant_approval
from applications.enums import Basis, Duty, MessageKind, MessageState, StaffRole
from applications.exceptions import NotPossibleNow
from applications.jobs.ends import Closed, close_ended, preview_ends
from applications.models import (
    AccessGrant,
    AuditEvent,
    Change,
    Customer,
    DeadlinePreview,
    JobRun,
    OutboundMessage,
    PolicyEdition,
    RequestedCapability,
    User,
)
from applications.queries.decision import decide_one
from applications.rules.policy import Edition
from tests import factories

FACE, VERIFY = "face.identification", "face.verification"
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


def in_grace(name: str, capabilities: tuple[str, ...] = (FACE,), subscriptions: int = 1) -> Customer:
    customer = factories.customer(name)
    for _number in range(subscriptions):
        held = factories.subscription(customer, used={"face": factories.BEFORE_THE_CUT})
        for capability in capabilities:
            factories.grace(held, capability)
    return customer


def test_a_lost_right_is_closed_recorded_handed_on_and_told(
    edition_row: PolicyEdition, end: datetime
) -> None:
    nordlys = in_grace("Nordlys")
    assert close_ended(end) == Closed(due=1, closed=1, covered=0, customers=1, notices=1)
    right = AccessGrant.objects.get()
    run = JobRun.objects.get(duty=Duty.ENDS)
    assert (right.closed_at, right.closed_run, right.closed_covered) == (end, run.pk, False)
    event = AuditEvent.objects.get(action="right.closed")
    assert (event.target, event.target_ref, event.customer_ref) == ("accessgrant", right.pk, nordlys.pk)
    assert event.data == {"capability": FACE, "basis": "grace", "run": run.pk, "effect": "lost"}
    change = Change.objects.get()
    assert (change.kind, change.service, change.deadline_at) == ("ended", "face", end)
    assert change.subscription_guid == right.subscription.guid
    notice = OutboundMessage.objects.get()
    assert (notice.kind, notice.state, notice.customer_id) == (
        MessageKind.ACCESS_ENDED,
        MessageState.QUEUED,
        nordlys.pk,
    )
    assert (notice.address, notice.context) == ("", {"run": run.pk})


@pytest.mark.parametrize(("offset", "closed"), [(-MICROSECOND, 0), (timedelta(0), 1), (MICROSECOND, 1)])
def test_the_end_is_one_instant(
    edition_row: PolicyEdition, end: datetime, offset: timedelta, closed: int
) -> None:
    in_grace("Nordlys")
    subscription = AccessGrant.objects.get().subscription
    assert decide_one(subscription.guid, FACE, end + offset).verdict.allowed is (closed == 0)
    assert close_ended(end + offset).closed == closed
    assert decide_one(subscription.guid, FACE, end + offset).verdict.allowed is (closed == 0)


def test_what_another_right_covers_is_closed_silently(edition_row: PolicyEdition, end: datetime) -> None:
    in_grace("Nordlys")
    factories.right(AccessGrant.objects.get().subscription, FACE, ends_at=end + timedelta(days=100))
    assert close_ended(end) == Closed(due=1, closed=1, covered=1, customers=1, notices=0)
    assert AuditEvent.objects.get(action="right.closed").data["effect"] == "covered"
    assert Change.objects.count() == 1
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize(
    ("starts", "ends", "revoked", "covers"),
    [
        (0, 1, None, True),
        (MICROSECOND, 1, None, False),
        (-1, 0, None, False),
        (-1, 5, timedelta(0), False),
        (-1, 5, MICROSECOND, True),
        (-1, 5, -1, False),
    ],
)
def test_covering_is_half_open_and_ends_when_revoked(
    edition_row: PolicyEdition,
    end: datetime,
    operator: User,
    starts: int | timedelta,
    ends: int,
    revoked: int | timedelta | None,
    covers: bool,
) -> None:
    def at(offset: int | timedelta) -> datetime:
        return end + (offset if isinstance(offset, timedelta) else timedelta(days=offset))

    in_grace("Nordlys")
    held = AccessGrant.objects.get().subscription
    more = (
        {}
        if revoked is None
        else {"revoked_at": at(revoked), "revoked_by": operator, "closed_at": at(revoked)}
    )
    starts_at = at(starts) if starts != -1 else end - timedelta(days=1)
    factories.right(held, FACE, starts_at=starts_at, ends_at=at(ends), **more)
    assert close_ended(end).notices == (0 if covers else 1)


def test_a_late_run_tells_nobody_who_was_approved_in_between(
    edition_row: PolicyEdition, end: datetime
) -> None:
    in_grace("Nordlys")
    held = AccessGrant.objects.get().subscription
    factories.right(held, FACE, starts_at=end + timedelta(days=1), ends_at=end + timedelta(days=700))
    assert close_ended(end + timedelta(days=2)) == Closed(1, 1, 1, 1, 0)


def test_a_capability_open_to_all_is_lost_by_nobody(edition: Edition, end: datetime, db: None) -> None:
    text = factories.edition_text().replace(
        f'[capabilities."{FACE}"]', f'[capabilities."{FACE}"]\nopened_on = 2023-06-01'
    )
    assert text != factories.edition_text()
    factories.edition_row(text)
    in_grace("Nordlys")
    assert close_ended(end).notices == 0


def test_ends_go_on_without_an_edition(db: None, end: datetime) -> None:
    in_grace("Nordlys")
    assert close_ended(end).closed == 1
    assert Change.objects.get().service == ""


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_batches_are_whole_customers_and_the_books_balance(
    edition_row: PolicyEdition, end: datetime, size: int
) -> None:
    for number in range(4):
        in_grace(f"Customer {number}", (FACE, VERIFY), subscriptions=number + 1)
    rights = AccessGrant.objects.count()
    done = close_ended(end, size=size)
    assert done == Closed(due=rights, closed=rights, covered=0, customers=4, notices=4)
    assert AuditEvent.objects.filter(action="right.closed").count() == rights
    assert Change.objects.count() == rights
    assert OutboundMessage.objects.values("customer").distinct().count() == 4


def test_twice_has_no_effect(edition_row: PolicyEdition, end: datetime) -> None:
    in_grace("Nordlys")
    close_ended(end)
    before = AuditEvent.objects.count(), Change.objects.count(), OutboundMessage.objects.count()
    assert close_ended(end + timedelta(days=3)) == Closed()
    assert before == (AuditEvent.objects.count(), Change.objects.count(), OutboundMessage.objects.count())
    assert JobRun.objects.filter(duty=Duty.ENDS, error="").count() == 2


def test_a_run_killed_between_batches_is_resumed_by_what_the_rows_say(
    edition_row: PolicyEdition, end: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        in_grace(f"Customer {number}")
    real, calls = deadlines.close_batch, []

    def dies_at_the_second(**given: object) -> deadlines.Batch | None:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**given)

    monkeypatch.setattr(deadlines, "close_batch", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        close_ended(end, size=1)
    assert JobRun.objects.get().error == "KeyboardInterrupt"
    monkeypatch.setattr(deadlines, "close_batch", real)
    assert close_ended(end, size=1).closed == 2
    assert OutboundMessage.objects.count() == 3


def test_a_failure_inside_a_batch_undoes_the_whole_batch(
    edition_row: PolicyEdition, end: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_grace("Nordlys")
    monkeypatch.setattr(deadlines, "_NOTICE", "INSERT INTO nowhere DEFAULT VALUES")
    with pytest.raises(Exception, match="nowhere"):
        close_ended(end)
    assert AccessGrant.objects.get().closed_at is None
    assert not AuditEvent.objects.exists()
    assert not Change.objects.exists()


def test_a_run_stops_when_its_time_is_used_up(edition_row: PolicyEdition, end: datetime) -> None:
    in_grace("Nordlys")
    assert close_ended(end, budget_s=0).closed == 0
    assert close_ended(end).closed == 1


def test_a_dry_run_counts_the_same_and_changes_nothing(edition_row: PolicyEdition, end: datetime) -> None:
    in_grace("Nordlys", (FACE, VERIFY))
    factories.right(in_grace("Banco").grants.get().subscription, FACE)
    foreseen = preview_ends(end)
    assert not AccessGrant.objects.filter(closed_at__isnull=False).exists()
    assert not JobRun.objects.exists()
    assert close_ended(end) == foreseen == Closed(due=3, closed=3, covered=1, customers=2, notices=1)


def test_the_number_of_statements_does_not_depend_on_the_number_of_rights(
    edition_row: PolicyEdition, end: datetime
) -> None:
    counts = []
    for number in (1, 30):
        for each in range(number):
            in_grace(f"Customer {number} {each}")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            close_ended(end)
        counts.append(len(seen))
        assert not AccessGrant.objects.filter(closed_at__isnull=True).exists()
    assert counts[0] == counts[1]


# --- the circuit (P7) ---


def previewed(end: datetime, customers: int) -> DeadlinePreview:
    return DeadlinePreview.objects.create(
        ends_at=end,
        made_at=end - timedelta(days=1),
        rights=customers,
        customers=customers,
        pending=0,
        unwarned=0,
    )


def test_the_number_that_was_previewed_goes_out_at_once(edition_row: PolicyEdition, end: datetime) -> None:
    in_grace("Nordlys")
    deadlines.make_preview(end, now=end - timedelta(days=1))
    close_ended(end)
    assert OutboundMessage.objects.get().state == MessageState.QUEUED


def test_a_number_nobody_previewed_holds_the_notices_but_not_the_ends(
    edition_row: PolicyEdition, end: datetime, operator: User, lead: User
) -> None:
    in_grace("Nordlys")
    previewed(end, 5)
    assert close_ended(end).closed == 1
    notice = OutboundMessage.objects.get()
    assert notice.state == MessageState.HELD
    run = JobRun.objects.get()
    assert run.held == 1
    with pytest.raises(NotPossibleNow):
        deadlines.release_held(run=run, by=operator, now=end)
    deadlines.propose_release(run=run, by=operator, now=end)
    with pytest.raises(NotPossibleNow):
        deadlines.propose_release(run=run, by=lead, now=end)
    with pytest.raises(NotPossibleNow) as refused:
        deadlines.release_held(run=run, by=operator, now=end)
    assert refused.value.code == "four_eyes"
    assert deadlines.release_held(run=run, by=lead, now=end) == 1
    notice.refresh_from_db()
    assert notice.state == MessageState.QUEUED
    with pytest.raises(NotPossibleNow):
        deadlines.release_held(run=run, by=lead, now=end)
    assert AuditEvent.objects.filter(action="notices.released").count() == 1


def test_an_approval_since_the_preview_holds_nothing(edition_row: PolicyEdition, end: datetime) -> None:
    in_grace("Nordlys")
    banco = in_grace("Banco")
    deadlines.make_preview(end, now=end - timedelta(days=2))
    factories.right(banco.grants.get().subscription, FACE, starts_at=end - timedelta(days=1))
    close_ended(end)
    assert [message.state for message in OutboundMessage.objects.all()] == [MessageState.QUEUED]


def test_the_armed_preview_is_the_reference(
    edition_row: PolicyEdition, end: datetime, operator: User, lead: User
) -> None:
    in_grace("Nordlys")
    armed = previewed(end, 9)
    armed.proposed_at = armed.armed_at = armed.made_at
    armed.proposed_by, armed.armed_by = operator, lead
    armed.save()
    previewed(end, 1)
    close_ended(end)
    assert OutboundMessage.objects.get().state == MessageState.HELD


def test_many_ends_at_an_instant_that_nobody_previewed_wait_for_a_person(
    edition_row: PolicyEdition, end: datetime
) -> None:
    in_grace("Nordlys", subscriptions=21)
    close_ended(end)
    assert OutboundMessage.objects.get().state == MessageState.HELD


def test_a_preview_counts_whom_it_touches(edition_row: PolicyEdition, end: datetime) -> None:
    nordlys = in_grace("Nordlys", (FACE, VERIFY))
    in_grace("Banco")
    factories.right(in_grace("Kept").grants.get().subscription, FACE)
    factories.submitted(nordlys, edition_row)
    found = deadlines.make_preview(end, now=end - timedelta(days=1))
    assert (found.rights, found.customers, found.pending, found.unwarned) == (3, 2, 1, 2)


# --- at once ---


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_close_each_right_once(edition_row: PolicyEdition, end: datetime) -> None:
    for number in range(6):
        in_grace(f"Customer {number}", (FACE, VERIFY))
    run_together(*[lambda: close_ended(end, size=2)] * 3)
    close_ended(end)
    assert AccessGrant.objects.filter(closed_at__isnull=True).count() == 0
    assert AuditEvent.objects.filter(action="right.closed").count() == 12
    assert Change.objects.count() == 12
    assert OutboundMessage.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_an_approval_at_the_instant_of_the_end_is_never_cut(
    edition_row: PolicyEdition, edition: Edition, end: datetime
) -> None:
    customers = [in_grace(f"Customer {number}") for number in range(8)]
    reviewer = factories.person("rosa@vendor.example", staff_role=StaffRole.REVIEWER)
    items = []
    for customer in customers:
        application = factories.submitted(customer, edition_row)
        items.append(
            RequestedCapability.objects.create(
                application=application,
                customer=customer,
                subscription=customer.subscriptions.get(),
                capability=FACE,
                asked_at=factories.NOW,
            )
        )

    def approve() -> None:
        for item in items:
            grant_approval(
                item, edition=edition, ends_at=end + timedelta(days=700), by=reviewer, now=end - MICROSECOND
            )

    run_together(lambda: close_ended(end, size=1), approve)
    close_ended(end)
    for item in items:
        for offset in (-MICROSECOND, timedelta(0), MICROSECOND):
            assert decide_one(item.subscription.guid, FACE, end + offset).verdict.allowed
    assert AccessGrant.objects.filter(basis=Basis.GRACE, closed_at=end).count() == 8


def run_together(*jobs: object) -> None:
    """Each in a thread with a connection of its own, started at one instant."""
    start, errors = threading.Barrier(len(jobs)), []

    def work(job: object) -> None:
        try:
            start.wait(10)
            job()  # type: ignore[operator]
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
