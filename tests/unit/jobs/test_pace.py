"""Measured times: business days without the customer's own, of ninety days, and nothing below ten cases."""

from datetime import datetime, timedelta

import pytest

from applications.enums import Duty, State
from applications.jobs.pace import measure_pace
from applications.models import Application, Customer, InformationRequest, JobRun
from applications.queries.pace import latest_pace
from applications.rules.pace import Pace, pace_of
from tests import factories
from tests.factories import NOW

MONDAY = datetime.fromisoformat("2023-05-01T10:00:00+00:00")


def decided(of: Customer, days: int, *, start: datetime = MONDAY) -> Application:
    """Submitted on a Monday, decided so many days of the calendar later."""
    at = start + timedelta(days=days)
    return factories.submitted(
        of, factories.edition_row_in_force(), now=start, state=State.DECIDED, closed_at=at
    )


def test_half_and_nine_in_ten_are_days_that_were() -> None:
    assert pace_of([1, 2, 3, 4, 5, 6, 7, 8, 9, 30]) == Pace(10, 5, 9)
    assert pace_of([1] * 9) == Pace(9)
    assert pace_of([]) == Pace()


@pytest.mark.usefixtures("edition_row")
def test_weekends_and_the_customers_days_do_not_count(nordlys: Customer) -> None:
    for _ in range(9):
        decided(nordlys, 4)  # Friday
    paused = decided(nordlys, 9)  # Wednesday of the next week, six business days without Saturday and Sunday
    InformationRequest.objects.create(
        application=paused,
        question="?",
        asked_at=MONDAY + timedelta(days=1),
        answered_at=MONDAY + timedelta(days=8),
        due_at=NOW,
        closed_at=MONDAY + timedelta(days=8),
    )
    decided(nordlys, 2, start=MONDAY - timedelta(days=100))
    assert measure_pace(NOW) == {"decided": 10, "half": 4, "most": 4}
    assert latest_pace() == Pace(10, 4, 4)
    decided(nordlys, 9)
    assert measure_pace(NOW) == {"decided": 11, "half": 4, "most": 4}
    InformationRequest.objects.all().delete()
    assert measure_pace(NOW) == {"decided": 11, "half": 4, "most": 7}


@pytest.mark.usefixtures("edition_row")
def test_below_ten_cases_only_their_number_is_kept(nordlys: Customer) -> None:
    assert latest_pace() == Pace()
    decided(nordlys, 4)
    assert measure_pace(NOW) == {"decided": 1}
    assert latest_pace() == Pace(1)
    JobRun.objects.create(duty=Duty.PACE, as_of=NOW, started_at=NOW, finished_at=NOW, error="OSError")
    assert latest_pace() == Pace(1)
