"""Date arithmetic of deadlines (design §7): when a reminder is due, business days.

Instants come in and go out as aware UTC datetimes; a day is a `date` in the zone that the caller names.
"Due" is always "past and not recorded", never "equals today".
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache

import holidays

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SendHours:
    """The decent local hours: from `start` o'clock, and before `end` o'clock."""

    start: int
    end: int

    def hold(self, local: datetime) -> bool:
        return self.start <= local.hour < self.end


def days_left(now: datetime, ends_at: datetime) -> int:
    """Whole days of 24 hours that are left; 0 on the last one and afterwards."""
    return max((ends_at - now) // DAY, 0)


# --- reminders ---


def due_at(ends_at: datetime, days_before: int, zone: tzinfo, hours: SendHours) -> datetime:
    """The end minus N x 24 hours, moved to the next decent hour in the zone.

    Where decent hours come only when it is too late, the unmoved instant stands: a warning at a bad hour
    is better than none.
    """
    nominal = ends_at - days_before * DAY
    moved = next_decent(nominal, zone, hours)
    return moved if moved < ends_at else nominal


@lru_cache(maxsize=16384)
def next_decent(at: datetime, zone: tzinfo, hours: SendHours) -> datetime:
    """The first instant at or after `at` that is a decent hour on the clocks of the zone.

    It walks the quarters of an hour: every clock in use shows a whole quarter there and changes there, so gaps
    and repeated hours need no case of their own. Without any decent hour in four days `at` itself stands.
    """
    at = moment = at.astimezone(UTC)
    for _ in range(4 * DAY // QUARTER):
        if hours.hold(moment.astimezone(zone)):
            return moment
        moment += QUARTER - (moment - _EPOCH) % QUARTER
    return at


def last_decent(at: datetime, zone: tzinfo, hours: SendHours) -> datetime:
    """The last instant at or before `at` that is a decent hour: what fell due until then may go out at `at`."""
    moment = at.astimezone(UTC)
    for _ in range(4 * DAY // QUARTER):
        if hours.hold(moment.astimezone(zone)):
            return moment
        moment -= (moment - _EPOCH) % QUARTER + timedelta.resolution
    return at


# --- business days ---


def add_business_days(day: date, count: int, calendar: str) -> date:
    """The `count`-th business day after the day; the day itself for 0."""
    for _ in range(count):
        day += DAY
        while not is_business_day(day, calendar):
            day += DAY
    return day


def business_deadline(at: datetime, count: int, calendar: str, zone: tzinfo) -> datetime:
    """The instant at which the `count`-th business day after `at` is over in the zone."""
    last = add_business_days(at.astimezone(zone).date(), count, calendar)
    return datetime.combine(last + DAY, time(0), zone).astimezone(UTC)


def business_days_between(start: datetime, end: datetime, calendar: str, zone: tzinfo) -> int:
    """Business days after the day of `start` up to and with the day of `end`; never below 0."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return sum(
        is_business_day(first + number * DAY, calendar) for number in range(1, (last - first).days + 1)
    )


def last_safe_day(ends_at: datetime, business_days: int, calendar: str, zone: tzinfo) -> date:
    """The last day on which a review of so many business days still ends within the last day of access."""
    last = (ends_at - timedelta.resolution).astimezone(zone).date()
    day = last
    while add_business_days(day, business_days, calendar) > last:
        day -= DAY
    return day


@lru_cache(maxsize=8192)
def is_business_day(day: date, calendar: str) -> bool:
    """`calendar` is a country of the `holidays` library, or a country and a part of it (`DE-BY`)."""
    return bool(_calendar(calendar).is_working_day(day))


@cache
def _calendar(code: str) -> holidays.HolidayBase:
    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)
