"""Reminders: each due step once, in exactly one state, the newest only, for every right that ends (promise P3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.actions import reminders
from applications.enums import Basis, Duty, ReminderState
from applications.jobs.delivery import deliver
from applications.jobs.reminders import Warned, record_reminders
from applications.models import ANNOUNCEMENT, Customer, JobRun, PolicyEdition, Reminder
from applications.rules.policy import Edition
from tests import factories
from tests.unit.jobs.test_ends import run_together

FACE, VERIFY, GENDER = "face.identification", "face.verification", "face.gender"
DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
STEPS = (270, 180, 90, 60, 30, 21, 14, 7, 3, 1)
IMPORTED = datetime(2022, 6, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


def existing(name: str = "Nordlys", *codes: str, country: str = "GB", contact: bool = True) -> Customer:
    """A customer in the grace year; London's clocks show 01:00 at the instant of the end."""
    customer = factories.customer(name, country=country)
    held = factories.subscription(customer, used={"face": factories.BEFORE_THE_CUT})
    for code in codes or (FACE,):
        factories.grace(held, code)
    if contact:
        factories.contact(customer, f"contact@{customer.pk}.example")
    return customer


def announced(customer: Customer, end: datetime, *steps: int) -> None:
    """What earlier runs recorded and delivered."""
    for step in (ANNOUNCEMENT, *steps):
        Reminder.objects.create(
            customer=customer,
            ends_at=end,
            days_before=step,
            due_at=IMPORTED,
            recorded_at=IMPORTED,
            finished_at=IMPORTED,
            state=ReminderState.SENT,
        )


def ledger(customer: Customer | None = None) -> dict[int, str]:
    rows = Reminder.objects.filter(customer=customer) if customer else Reminder.objects.all()
    return dict(rows.values_list("days_before", "state"))


def day(before: int, end: datetime, hour: int = 12) -> datetime:
    """Noon of the day on which a step of the grace year falls (the end is a midnight)."""
    return end - before * DAY + timedelta(hours=hour)


# --- announcement ---


@pytest.mark.usefixtures("edition_row")
class TestAnnouncement:
    def test_comes_first_and_at_a_decent_hour(self, end: datetime) -> None:
        existing()
        night = IMPORTED.replace(hour=3)
        assert record_reminders(night) == Warned()
        assert record_reminders(IMPORTED) == Warned(due=1, queued=1, customers=1)
        assert ledger() == {ANNOUNCEMENT: ReminderState.DUE}
        assert record_reminders(IMPORTED + timedelta(minutes=1)) == Warned()

    def test_supersedes_the_steps_that_are_past_at_import(self, end: datetime) -> None:
        existing()
        assert record_reminders(day(45, end)) == Warned(due=5, queued=1, superseded=4, customers=1)
        assert ledger() == {
            ANNOUNCEMENT: "due",
            270: "superseded",
            180: "superseded",
            90: "superseded",
            60: "superseded",
        }
        deliver(day(45, end))
        assert ledger()[ANNOUNCEMENT] == ReminderState.SENT
        assert "needs approval" in mail.outbox[0].subject

    def test_is_not_needed_by_who_is_approved(self, end: datetime) -> None:
        factories.right(existing().subscriptions.get(), FACE)
        assert record_reminders(IMPORTED) == Warned(due=1, not_needed=1)

    def test_waits_until_the_gate_is_announced(self, end: datetime) -> None:
        existing()
        assert record_reminders(IMPORTED - DAY) == Warned()

    def test_comes_again_for_a_deadline_that_moved(self, end: datetime) -> None:
        customer = existing()
        announced(customer, end)
        customer.grants.update(ends_at=end + 100 * DAY)
        assert record_reminders(IMPORTED).queued == 1

    def test_is_not_for_approvals(self, end: datetime) -> None:
        factories.right(factories.subscription(factories.customer("New", country="GB")), FACE)
        assert record_reminders(factories.NOW) == Warned()


# --- steps ---


@pytest.mark.usefixtures("edition_row")
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_recorded_once_and_sent(end: datetime, step: int) -> None:
    customer = existing()
    announced(customer, end, *(older for older in STEPS if older > step))
    assert record_reminders(day(step, end, 7)) == Warned()
    assert record_reminders(day(step, end)) == Warned(due=1, queued=1, customers=1)
    assert record_reminders(day(step, end)) == Warned()
    row = Reminder.objects.get(days_before=step)
    assert row.due_at == day(step, end, 8 if step != 180 else 9)
    deliver(day(step, end))
    assert ledger()[step] == ReminderState.SENT
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("edition_row")
@pytest.mark.parametrize("country", ["GB", "DK", "US", "JP", "NZ", ""])
def test_due_is_moved_to_a_decent_hour_of_the_country(end: datetime, country: str) -> None:
    """The end is a midnight in UTC: 01:00 in London, 20:00 of the day before in New York, 09:00 in Tokyo."""
    customer = existing(country=country)
    announced(customer, end, *STEPS[:4])
    expected = {
        "GB": day(30, end, 8),
        "DK": day(30, end, 7),
        "US": day(30, end, 13),
        "JP": day(30, end, 0),
        "NZ": day(30, end, 0),
        "": day(30, end, 9),
    }[country]
    assert record_reminders(expected - MICROSECOND) == Warned()
    assert record_reminders(expected).queued == 1
    assert Reminder.objects.get(days_before=30).due_at == expected


@pytest.mark.usefixtures("edition_row")
def test_after_an_outage_only_the_newest_goes_out(end: datetime) -> None:
    customer = existing()
    announced(customer, end, 270)
    assert record_reminders(day(14, end)) == Warned(due=6, queued=1, superseded=5, customers=1)
    assert ledger(customer) == {
        ANNOUNCEMENT: "sent",
        270: "sent",
        180: "superseded",
        90: "superseded",
        60: "superseded",
        30: "superseded",
        21: "superseded",
        14: "due",
    }
    deliver(day(14, end))
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("edition_row")
def test_what_still_waits_is_superseded_by_the_next_step(end: datetime) -> None:
    customer = existing()
    announced(customer, end, *STEPS[:3])
    record_reminders(day(60, end))
    assert record_reminders(day(30, end)) == Warned(due=2, queued=1, superseded=1, customers=1)
    assert ledger()[60] == ReminderState.SUPERSEDED
    deliver(day(30, end))
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("edition_row")
def test_what_another_right_covers_needs_no_warning(end: datetime) -> None:
    customer = existing("Nordlys", FACE, VERIFY)
    announced(customer, end, *STEPS[:4])
    held = customer.subscriptions.get()
    factories.right(held, FACE)
    assert record_reminders(day(30, end), dry_run=True).queued == 1
    factories.right(held, VERIFY)
    assert record_reminders(day(30, end)) == Warned(due=1, not_needed=1)
    assert Reminder.objects.get(days_before=30).finished_at == day(30, end)


@pytest.mark.usefixtures("edition_row")
def test_a_right_that_holds_now_but_ends_before_covers_nothing(end: datetime) -> None:
    customer = existing()
    announced(customer, end, *STEPS[:4])
    factories.right(
        customer.subscriptions.get(),
        FACE,
        basis=Basis.EXTENSION,
        ends_at=end - MICROSECOND,
        starts_at=end - 60 * DAY,
    )
    record_reminders(day(30, end))
    assert Reminder.objects.get(ends_at=end, days_before=30).state == ReminderState.DUE


@pytest.mark.usefixtures("edition_row")
def test_an_approval_is_warned_of_like_grace_without_an_announcement() -> None:
    customer = factories.customer("Approved", country="GB")
    ends_at = datetime(2025, 5, 20, 13, 30, tzinfo=UTC)
    factories.right(factories.subscription(customer), FACE, ends_at=ends_at)
    due = ends_at - 30 * DAY
    for older in STEPS[:4]:
        record_reminders(ends_at - older * DAY)
    assert record_reminders(due - MICROSECOND).queued == 0
    assert record_reminders(due).queued == 1
    assert Reminder.objects.get(customer=customer, days_before=30).due_at == due


@pytest.mark.usefixtures("edition_row")
def test_a_short_extension_is_warned_of_at_once() -> None:
    customer = factories.customer("Extended", country="GB")
    ends_at = factories.NOW + 20 * DAY
    factories.right(factories.subscription(customer), FACE, basis=Basis.EXTENSION, ends_at=ends_at)
    found = record_reminders(factories.NOW)
    assert (found.queued, found.superseded) == (1, 5)
    assert ledger()[21] == ReminderState.DUE


@pytest.mark.usefixtures("edition_row")
def test_revoked_closed_and_past_rights_are_not_warned_of(end: datetime, lead: object) -> None:
    customer = existing()
    announced(customer, end, *STEPS[:4])
    assert record_reminders(end) == Warned()
    customer.grants.update(closed_at=IMPORTED, revoked_at=IMPORTED, revoked_by=lead)
    assert record_reminders(day(30, end)) == Warned()


@pytest.mark.usefixtures("edition_row")
def test_retired_attributes_are_warned_of_too(end: datetime) -> None:
    customer = existing("Nordlys", GENDER)
    announced(customer, end, *STEPS[:4])
    assert record_reminders(day(30, end)).queued == 1


def test_without_an_edition_nothing_happens(db: None) -> None:
    assert record_reminders(factories.NOW) == Warned()
    assert JobRun.objects.get(duty=Duty.REMINDERS).error == ""


def test_steps_and_zone_of_another_edition_need_no_code(db: None, edition: Edition, end: datetime) -> None:
    text = factories.edition_text()
    text = text.replace("reminder_days = [270, 180, 90, 60, 30, 21, 14, 7, 3, 1]", "reminder_days = [45, 5]")
    text = text.replace('time_zone = "UTC"', 'time_zone = "Asia/Tokyo"')
    factories.edition_row(text)
    customer = existing(country="")
    moved = customer.grants.get().ends_at
    announced(customer, moved)
    tokyo_noon = moved - 45 * DAY + timedelta(hours=3)
    assert record_reminders(tokyo_noon).queued == 1
    assert ledger() == {ANNOUNCEMENT: "sent", 45: "due"}


# --- a year, batches, at once ---


@pytest.mark.usefixtures("edition_row")
def test_over_the_year_every_step_ends_in_exactly_one_state(end: datetime) -> None:
    kept, applied_late, silent = existing("Kept"), existing("Late"), existing("Silent", contact=False)
    moments = [IMPORTED, *(day(step, end) + late * DAY for step in STEPS for late in (0, 1)), end, end + DAY]
    for now in moments:
        record_reminders(now)
        deliver(now)
        if now > end - 100 * DAY and not kept.grants.filter(basis=Basis.APPROVAL).exists():
            factories.right(kept.subscriptions.get(), FACE)
        if now > end - 2 * DAY and not applied_late.grants.filter(basis=Basis.APPROVAL).exists():
            factories.right(applied_late.subscriptions.get(), FACE)
    states = {
        customer.name: Counter(Reminder.objects.filter(customer=customer).values_list("state", flat=True))
        for customer in (kept, applied_late, silent)
    }
    assert states == {
        "Kept": {"sent": 4, "not_needed": 7},
        "Late": {"sent": 10, "not_needed": 1},
        "Silent": {"undeliverable": 11},
    }
    assert len(mail.outbox) == 14


@pytest.mark.usefixtures("edition_row")
@pytest.mark.parametrize("size", [1, 2, 5])
def test_batches_miss_nobody(end: datetime, size: int) -> None:
    for number in range(5):
        announced(existing(f"Customer {number}", FACE, VERIFY), end, *STEPS[:4])
        other = factories.customer(f"Other {number}", country="GB")
        announced(other, end, *STEPS[:4])
        factories.right(
            factories.subscription(other), FACE, basis=Basis.EXTENSION, ends_at=end, starts_at=IMPORTED
        )
    assert record_reminders(day(30, end), size=size) == Warned(due=10, queued=10, customers=10)


@pytest.mark.usefixtures("edition_row")
def test_a_customer_of_a_country_that_comes_meanwhile_waits_for_the_next_run(
    edition: Edition, end: datetime
) -> None:
    """The hours are those of the countries that the run has read; nobody is warned by the hours of another."""
    announced(existing(), end, *STEPS[:4])
    hours = reminders.Hours(edition, day(30, end))
    assert set(hours.zones) == {"GB"}
    announced(existing("Tokyo", country="JP"), end, *STEPS[:4])
    (wave,) = (one for one in reminders.waves(edition, hours.now) if one.is_announced and one.days == 30)
    (due,) = reminders.find_due(wave, hours)
    everybody = replace(due, last=due.last + 10)
    found = reminders.record_batch(wave, everybody, hours=hours, size=9, now=hours.now)
    assert found == reminders.Recorded(queued=1)
    assert record_reminders(hours.now).queued == 1


@pytest.mark.usefixtures("edition_row")
def test_a_dry_run_counts_the_same_and_leaves_nothing(end: datetime) -> None:
    existing("One")
    announced(existing("Two"), end, *STEPS[:4])
    foreseen = record_reminders(day(30, end), dry_run=True, size=1)
    assert Reminder.objects.count() == 5
    assert not JobRun.objects.exists()
    assert record_reminders(day(30, end)) == foreseen == Warned(due=7, queued=2, superseded=5, customers=2)


@pytest.mark.usefixtures("edition_row")
def test_the_number_of_statements_does_not_depend_on_the_number_of_customers(end: datetime) -> None:
    counts = []
    for number in (1, 25):
        for each in range(number):
            announced(existing(f"Customer {number} {each}"), end, *STEPS[:4])
        with CaptureQueriesContext(connection) as seen:
            assert record_reminders(day(30, end)).queued == number
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("edition_row")
def test_a_run_stops_when_its_time_is_used_up(end: datetime) -> None:
    announced(existing(), end, *STEPS[:4])
    assert record_reminders(day(30, end), budget_s=0) == Warned()
    assert record_reminders(day(30, end)).queued == 1


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_record_each_step_once(edition_row: PolicyEdition, end: datetime) -> None:
    for number in range(6):
        announced(existing(f"Customer {number}"), end, *STEPS[:4])
    run_together(*[lambda: record_reminders(day(30, end), size=2)] * 3)
    record_reminders(day(30, end))
    assert Reminder.objects.filter(days_before=30, state=ReminderState.DUE).count() == 6


def test_waves_leave_no_day_out(edition: Edition) -> None:
    """Every distance up to the longest step belongs to exactly one step of a gate, the newest that is past."""
    now = factories.NOW
    gate = [wave for wave in reminders.waves(edition, now) if wave.is_announced]
    for hours in range(1, 271 * 24):
        ends_at = now + timedelta(hours=hours)
        found = [wave.days for wave in gate if wave.after < ends_at <= wave.upto]
        expected = [min(step for step in STEPS if hours <= step * 24)] if hours <= 270 * 24 else []
        assert found == expected


# --- two kinds of right that end together ---


@pytest.mark.usefixtures("edition_row")
def test_a_covered_grace_does_not_silence_the_warning_of_an_extension_that_ends_with_it(
    end: datetime,
) -> None:
    customer = existing()
    factories.right(customer.subscriptions.get(), FACE)
    factories.right(
        factories.subscription(customer), VERIFY, basis=Basis.EXTENSION, ends_at=end, starts_at=end - 90 * DAY
    )
    assert record_reminders(day(45, end)).queued == 1
    deliver(day(45, end))
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("edition_row")
def test_a_step_of_other_rights_leaves_out_who_has_only_grace(end: datetime) -> None:
    """The announcement of the one in the middle waits for the morning; the steps of the others were due yesterday."""
    first, unannounced, last = (
        factories.customer("First", country="GB"),
        existing(),
        factories.customer("Last", country="GB"),
    )
    for other in (first, last):
        held = factories.subscription(other)
        factories.right(held, FACE, basis=Basis.EXTENSION, ends_at=end, starts_at=IMPORTED)
    record_reminders(day(29, end, 3))
    assert [ledger(other)[30] for other in (first, last)] == ["due", "due"]
    assert ledger(unannounced) == {}
