"""When reminders are due, in every zone and over both changes of the clocks; business days; the review clock."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from applications.rules.deadlines import (
    DAY,
    SendHours,
    add_business_days,
    business_days_between,
    business_deadline,
    days_left,
    due_at,
    last_safe_day,
    next_decent,
)

HOURS = SendHours(9, 17)
END = datetime(2023, 7, 1, tzinfo=UTC)
TICK = timedelta.resolution
STEPS = (270, 180, 90, 60, 30, 21, 14, 7, 3, 1)
MINUTE = timedelta(minutes=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("UTC", "2023-06-01T09:00"),
        ("Europe/Amsterdam", "2023-06-01T07:00"),
        ("Asia/Tokyo", "2023-06-01T00:00"),  # nine there already: not moved
        ("America/New_York", "2023-06-01T13:00"),  # the evening before there, so the next morning
        ("Asia/Kathmandu", "2023-06-01T03:15"),
        ("Pacific/Auckland", "2023-06-01T00:00"),  # noon
        ("Asia/Magadan", "2023-06-01T00:00"),  # eleven
    ],
)
def test_due_at_is_thirty_days_before_at_a_decent_hour(zone, due):
    assert due_at(END, 30, ZoneInfo(zone), HOURS) == utc(due)


def test_due_at_counts_24_hours_and_not_calendar_days():
    end = datetime(2023, 3, 28, 12, tzinfo=UTC)  # the clocks of Berlin went forward on 26 March
    assert due_at(end, 7, ZoneInfo("Europe/Berlin"), HOURS) == datetime(2023, 3, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "moved"),
    [
        ("2023-06-01T08:59:59.999999", "2023-06-01T09:00"),
        ("2023-06-01T09:00", "2023-06-01T09:00"),
        ("2023-06-01T09:00:00.000001", "2023-06-01T09:00:00.000001"),
        ("2023-06-01T16:59:59.999999", "2023-06-01T16:59:59.999999"),
        ("2023-06-01T17:00", "2023-06-02T09:00"),
        ("2023-06-01T17:00:00.000001", "2023-06-02T09:00"),
    ],
)
def test_next_decent_at_its_edges(at, moved):
    assert next_decent(utc(at), ZoneInfo("UTC"), HOURS) == utc(moved)


@pytest.mark.parametrize(
    ("zone", "hours", "at", "moved"),
    [
        # Berlin jumps from 2:00 to 3:00 on 26 March 2023 at 1:00 UTC
        ("Europe/Berlin", (2, 5), "2023-03-26T00:30", "2023-03-26T01:00"),
        ("Europe/Berlin", (2, 3), "2023-03-26T00:30", "2023-03-27T00:00"),
        # Lord Howe jumps half an hour, from 2:00 to 2:30, on 1 October 2023 at 15:30 UTC the day before
        ("Australia/Lord_Howe", (2, 4), "2023-09-30T15:00", "2023-09-30T15:30"),
        # Berlin shows 2:00 to 3:00 twice on 29 October 2023, from 0:00 and from 1:00 UTC
        ("Europe/Berlin", (2, 3), "2023-10-28T23:59", "2023-10-29T00:00"),
        ("Europe/Berlin", (2, 3), "2023-10-29T01:30", "2023-10-29T01:30"),
        ("Europe/Berlin", (2, 3), "2023-10-29T02:00", "2023-10-30T01:00"),
        # Samoa had no 30 December 2011
        ("Pacific/Apia", (9, 17), "2011-12-30T03:30", "2011-12-30T19:00"),
    ],
)
def test_next_decent_over_the_changes_of_the_clocks(zone, hours, at, moved):
    assert next_decent(utc(at), ZoneInfo(zone), SendHours(*hours)) == utc(moved)


@cache
def zones():
    return sorted(available_timezones())


INSTANTS = st.timedeltas(timedelta(0), 4700 * DAY).map(lambda gone: utc("2024-01-01T00:00") + gone)


@cache
def changes(zone):
    """The days on which the clocks of a zone change, and one on which they do not."""
    days = [utc("2024-01-01T00:00") + number * DAY for number in range(4700)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, old, new in zip(days, offsets, offsets[1:], strict=False) if old != new] or days[:1]


@st.composite
def near_a_change(draw):
    zone = draw(st.sampled_from(zones()))
    return zone, draw(st.sampled_from(changes(zone))) + draw(st.timedeltas(-DAY, 2 * DAY))


@given(near_a_change(), st.integers(0, 23), st.integers(1, 24))
@example(("Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC)), 9, 8)
def test_next_decent_is_the_first_decent_instant_in_every_zone(place, start, length):
    zone, at = place
    hours = SendHours(start, min(start + length, 24))
    found = next_decent(at, ZoneInfo(zone), hours)
    assert at <= found
    assert hours.start <= found.astimezone(ZoneInfo(zone)).hour < hours.end
    # An independent look between the two, at every fifth minute of the clock and an instant before the end.
    between = [at + number * 5 * MINUTE for number in range((found - at) // (5 * MINUTE) + 1)] + [
        found - TICK
    ]
    local = [instant.astimezone(ZoneInfo(zone)).hour for instant in between if at <= instant < found]
    assert not [hour for hour in local if hours.start <= hour < hours.end]


def test_next_decent_without_any_decent_hour_stays():
    assert next_decent(END, ZoneInfo("UTC"), SendHours(17, 9)) == END


@given(st.sampled_from(zones()), INSTANTS, st.sampled_from(STEPS))
def test_due_at_is_after_the_nominal_instant_and_before_the_end(zone, ends_at, days):
    nominal = ends_at - days * DAY
    found = due_at(ends_at, days, ZoneInfo(zone), HOURS)
    assert nominal <= found < min(nominal + DAY, ends_at)
    assert found.utcoffset() == timedelta(0)


def test_due_at_stays_where_it_is_when_the_next_decent_hour_is_too_late():
    night = datetime(2023, 6, 30, 20, tzinfo=UTC)
    assert due_at(night, 0, ZoneInfo("UTC"), HOURS) == night


@pytest.mark.parametrize(
    ("before_end", "left"),
    [(30 * DAY, 30), (30 * DAY - TICK, 29), (30 * DAY + TICK, 30), (TICK, 0), (-DAY, 0)],
)
def test_days_left_at_its_edges(before_end, left):
    assert days_left(END - before_end, END) == left


@pytest.mark.parametrize(
    ("day", "count", "last"),
    [
        (date(2023, 6, 15), 10, date(2023, 6, 30)),  # 19 June is a holiday in the US
        (date(2023, 6, 16), 1, date(2023, 6, 20)),
        (date(2023, 6, 17), 0, date(2023, 6, 17)),
        (date(2022, 12, 23), 1, date(2022, 12, 27)),  # Christmas fell on a Sunday, observed on Monday
    ],
)
def test_add_business_days(day, count, last):
    assert add_business_days(day, count, "US") == last


def test_add_business_days_in_another_calendar():
    assert add_business_days(date(2023, 6, 16), 1, "NL") == date(2023, 6, 19)
    assert add_business_days(date(2023, 6, 7), 1, "DE-BY") == date(2023, 6, 9)  # Corpus Christi in Bavaria
    assert add_business_days(date(2023, 6, 7), 1, "DE") == date(2023, 6, 8)


def test_last_safe_day_of_the_grace_year_is_15_june():
    assert last_safe_day(END, 10, "US", UTC) == date(2023, 6, 15)
    assert last_safe_day(END, 0, "US", UTC) == date(2023, 6, 30)
    auckland = ZoneInfo("Pacific/Auckland")
    assert last_safe_day(datetime(2023, 6, 30, 12, tzinfo=UTC), 10, "US", auckland) == date(2023, 6, 15)


@given(st.dates(date(2022, 1, 1), date(2030, 1, 1)), st.integers(0, 30))
def test_last_safe_day_is_the_last_one(last_day, count):
    ends_at = datetime.combine(last_day + DAY, datetime.min.time(), UTC)
    safe = last_safe_day(ends_at, count, "US", UTC)
    assert add_business_days(safe, count, "US") <= last_day < add_business_days(safe + DAY, count, "US")


def test_business_deadline_is_the_end_of_the_day():
    friday = datetime(2023, 6, 16, 20, tzinfo=UTC)
    assert business_deadline(friday, 1, "US", UTC) == datetime(2023, 6, 21, tzinfo=UTC)
    assert business_deadline(friday, 1, "US", ZoneInfo("America/New_York")) == datetime(
        2023, 6, 21, 4, tzinfo=UTC
    )
    assert business_deadline(friday, 1, "US", ZoneInfo("Asia/Tokyo")) == datetime(2023, 6, 20, 15, tzinfo=UTC)


def test_business_deadline_where_midnight_is_jumped_over():
    thursday = datetime(2023, 4, 27, 9, tzinfo=UTC)  # Cairo jumped from 0:00 to 1:00 on Friday 28 April
    assert business_deadline(thursday, 0, "US", ZoneInfo("Africa/Cairo")) == datetime(
        2023, 4, 27, 22, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2023-06-15T09:00", "2023-06-15T23:00", 0),
        ("2023-06-15T23:59", "2023-06-16T00:00", 1),
        ("2023-06-15T09:00", "2023-06-30T09:00", 10),
        ("2023-06-16T09:00", "2023-06-19T09:00", 0),
        ("2023-06-20T09:00", "2023-06-15T09:00", 0),
    ],
)
def test_business_days_between(start, end, days):
    assert business_days_between(utc(start), utc(end), "US", UTC) == days
