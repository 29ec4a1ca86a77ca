"""Measured times: business days without the customer's own, of ninety days, and nothing below ten cases."""

from datetime import UTC, datetime, timedelta

import pytest

from applications.enums import Duty, State
from applications.jobs.pace import measure_pace
from applications.models import Customer, JobRun
from applications.queries.pace import latest_pace
from applications.rules.deadlines import business_deadline
from applications.rules.pace import Pace
from applications.rules.policy import Edition
from tests import factories
from tests.factories import NOW

HOUR = timedelta(hours=1)
MONDAY = datetime(2023, 5, 1, 10, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("edition_row")


@pytest.fixture
def decided(nordlys: Customer, edition: Edition):
    """Submitted on a Monday, decided so many days later; the target moved on by `paused` business days."""

    def make(days: int, *, paused: int = 0, start: datetime = MONDAY) -> None:
        allowed = edition.limits.review_business_days + paused
        factories.submitted(
            nordlys,
            factories.edition_row_in_force(),
            now=start,
            state=State.DECIDED,
            closed_at=start + timedelta(days=days),
            target_at=business_deadline(start, allowed, edition.calendar, UTC),
        )

    return make


def test_weekends_and_the_customers_days_do_not_count(decided) -> None:
    for _ in range(9):
        decided(4)  # Friday
    decided(9, paused=5)  # Wednesday of the next week
    decided(2, start=MONDAY - timedelta(days=100))
    assert measure_pace(NOW) == {"decided": 10, "half": 4, "most": 4}
    decided(9, paused=5)
    assert measure_pace(NOW + HOUR) == {"decided": 11, "half": 4, "most": 4}
    decided(9)
    decided(9)
    assert measure_pace(NOW + 2 * HOUR) == {"decided": 13, "half": 4, "most": 7}
    assert latest_pace() == Pace(13, 4, 7)


def test_below_ten_cases_only_their_number_is_kept(decided) -> None:
    assert latest_pace() == Pace()
    for _ in range(9):
        decided(4)
    assert measure_pace(NOW) == {"decided": 9}
    assert latest_pace() == Pace(9)
    JobRun.objects.create(duty=Duty.PACE, as_of=NOW, started_at=NOW, finished_at=NOW + HOUR, error="OSError")
    assert latest_pace() == Pace(9)
