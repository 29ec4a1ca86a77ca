"""Previews: one a day for each deadline ahead (promise P7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from applications.jobs.preview import preview_deadlines
from applications.models import Customer, DeadlinePreview, PolicyEdition
from applications.rules.policy import Edition
from tests import factories

NOW = factories.NOW
HOUR = timedelta(hours=1)
FACE = "face.identification"


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


@pytest.fixture
def in_grace(nordlys: Customer, edition_row: PolicyEdition) -> Customer:
    factories.grace(factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}), FACE)
    return nordlys


def test_one_a_day_for_each_deadline_of_the_grace_year(in_grace: Customer, end: datetime) -> None:
    made = [preview_deadlines(NOW + hours * HOUR) for hours in range(48)]
    assert [hour for hour, counts in enumerate(made) if counts] == [0, 23, 46]
    assert set(DeadlinePreview.objects.values_list("ends_at", "rights", "customers")) == {(end, 1, 1)}


def test_single_approvals_have_none_but_several_at_one_instant_have(
    nordlys: Customer, edition_row: PolicyEdition
) -> None:
    held = factories.subscription(nordlys)
    ends_at = NOW + 30 * 24 * HOUR
    factories.right(held, FACE, ends_at=ends_at)
    assert preview_deadlines(NOW) == {}
    factories.right(held, "face.verification", ends_at=ends_at)
    assert preview_deadlines(NOW) == {"made": 1}


def test_what_is_past_or_far_away_has_none(nordlys: Customer, edition_row: PolicyEdition) -> None:
    held = factories.subscription(nordlys)
    for code in (FACE, "face.verification"):
        factories.right(held, code, ends_at=NOW)
        factories.right(held, code, ends_at=NOW + 401 * 24 * HOUR)
    assert preview_deadlines(NOW) == {}


def test_a_run_stops_when_its_time_is_used_up(in_grace: Customer) -> None:
    assert preview_deadlines(NOW, budget_s=0) == {}
