"""Who had access at an instant: the report and the access rule agree on random rights, at every edge."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import datetime, timedelta
from random import Random

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from applications.enums import Basis
from applications.models import AccessGrant, Customer, PolicyEdition, Subscription, Suspension, User
from applications.queries.decision import decide_many
from applications.queries.report import as_csv, held_at
from tests import factories
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("edition_row")]
CODES = ("face.identification", "face.verification", "face.gender", "face.detection")
WEEKS = [NOW + timedelta(weeks=number) for number in range(-60, 60, 6)]


def scatter(random: Random, customers: list[Customer], by: User) -> list[Subscription]:
    held = [
        factories.subscription(of, used={"face": factories.BEFORE_THE_CUT})
        for of in customers
        for _n in range(4)
    ]
    for one in held:
        for _right in range(random.randrange(6)):
            start, end = sorted(random.sample(WEEKS, 2))
            taken = random.choice((None, None, random.choice(WEEKS)))
            factories.right(
                one,
                random.choice(CODES),
                basis=random.choice((Basis.APPROVAL, Basis.EXTENSION)),
                starts_at=start,
                ends_at=end,
                revoked_at=taken,
                revoked_by=by if taken else None,
            )
        if random.random() < 0.3:
            start, end = sorted(random.sample(WEEKS, 2))
            Suspension.objects.create(
                subscription=one, starts_at=start, ends_at=end, suspended_by=by, resumed_by=by
            )
    return held


@pytest.mark.parametrize("seed", range(4))
def test_report_and_rule_agree(nordlys: Customer, other_customer: Customer, lead: User, seed: int) -> None:
    held = scatter(Random(seed), [nordlys, other_customer], lead)
    tick = timedelta.resolution
    for at in [edge for week in WEEKS for edge in (week - tick, week)]:
        ruled = {
            (str(one.subscription), one.capability, str(one.verdict.right.id))
            for one in decide_many([(one.guid, code) for one in held for code in CODES], at)
            if one.verdict.allowed and one.verdict.right
        }
        rows = list(held_at(at))
        assert {(row[3], row[4], row[6]) for row in rows} == ruled
        assert len(rows) == len(ruled)
        mine = list(held_at(at, nordlys.pk))
        assert mine == [row for row in rows if row[1] == str(nordlys.pk)]


def test_a_line_tells_the_right_and_nothing_in_it_is_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    of = factories.customer('=cmd|"/c calc"!A1')
    right = factories.right(factories.subscription(of), "face.identification", use_case="FC3")
    call_command("access_report", on="2023-05-15", customer=of.pk)
    heading, line = csv.reader(io.StringIO(capsys.readouterr().out))
    told = dict(zip(heading, line, strict=True))
    assert told["customer"] == '\'=cmd|"/c calc"!A1'
    assert (told["at"], told["right"], told["basis"], told["use_case"]) == (
        "2023-05-15T00:00:00Z", str(right.pk), "approval", "FC3",
    )  # fmt: skip
    assert told["ends_at"] == right.ends_at.isoformat().replace("+00:00", "Z")
    with pytest.raises(CommandError, match="takes a day"):
        call_command("access_report", on="31 June")


def test_a_report_reads_in_pieces(
    nordlys: Customer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """1,500 rights in 8 statements, and never more than a piece of them in memory."""
    held = Subscription.objects.bulk_create(
        Subscription(guid=f"5eed0001-0000-4000-8000-{number:012d}", customer=nordlys, known_at=NOW)
        for number in range(1500)
    )
    AccessGrant.objects.bulk_create(
        AccessGrant(
            subscription=one, customer=nordlys, capability=CODES[0], basis=Basis.APPROVAL,
            starts_at=NOW, ends_at=NOW + timedelta(days=1), granted_at=NOW,
        )
        for one in held
    )  # fmt: skip
    count = len(held)
    del held
    peaks = []
    for most in (500, 1500):
        tracemalloc.start()
        with django_assert_max_num_queries(8):
            assert sum(1 for _line, _n in zip(as_csv(held_at(NOW)), range(most), strict=False)) == most
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert count == 1500
    assert peaks[1] < 1.5 * peaks[0]


def test_the_day_is_that_of_the_policy(edition_row: PolicyEdition, nordlys: Customer) -> None:
    """The last day of grace is in, the day after is out."""
    factories.grace(factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT}), CODES[0])
    end: datetime = AccessGrant.objects.get().ends_at
    assert len(list(held_at(end - timedelta(days=1)))) == 1
    assert list(held_at(end)) == []
