"""Ways on from an application: open to the last microsecond of the last day in the customer's zone, no longer."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from applications.enums import Kind, State
from applications.rules.answers import Wish
from applications.rules.followups import (
    Followup,
    Past,
    WhyNot,
    in_time_until,
    more_time,
    offers,
    prefill,
    renew_since,
    zone_of,
)
from tests.drafts import ANSWERS, GATES, KIOSKS

TICK = timedelta.resolution
LETTER = datetime(2023, 5, 15, 14, 50, tzinfo=UTC)
END = datetime(2025, 5, 16, tzinfo=UTC)
DENIED = Past(Kind.INITIAL, State.DECIDED, denied=True, letter_at=LETTER)
APPROVED = Past(Kind.INITIAL, State.DECIDED, granted=True, letter_at=LETTER, ends_at=END)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def why(past, edition, what, now, zone=COPENHAGEN):
    return offers(past, edition, zone, now)[what].why_not


@pytest.mark.parametrize(
    ("zone", "over"),
    [
        ("Europe/Copenhagen", datetime(2023, 6, 14, 22, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2023, 6, 15, 7, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2023, 6, 14, 15, tzinfo=UTC)),
        ("UTC", datetime(2023, 6, 15, tzinfo=UTC)),
    ],
)
def test_an_appeal_is_open_from_the_letter_to_the_end_of_its_last_day_there(edition, zone, over):
    there = ZoneInfo(zone)
    assert [
        (why(DENIED, edition, Followup.APPEAL, at, there), why(DENIED, edition, Followup.AGAIN, at, there))
        for at in (LETTER - TICK, LETTER, LETTER + TICK, over - TICK, over, over + TICK)
    ] == [
        (WhyNot.LETTER_WAITS, WhyNot.LETTER_WAITS),
        (None, None),
        (None, None),
        (None, None),
        (WhyNot.TOO_LATE, None),
        (WhyNot.TOO_LATE, None),
    ]


def test_a_renewal_is_open_from_the_first_reminder_on_and_holds_the_end_until_its_last_safe_day(edition):
    since = renew_since(END, edition)
    assert since == END - timedelta(days=270)
    assert [why(APPROVED, edition, Followup.RENEW, at) for at in (since - TICK, since, END - TICK, END)] == [
        WhyNot.TOO_EARLY,
        None,
        None,
        None,
    ]
    # Twenty business days before 15 May 2025: 17 April (none of the days between is a holiday in the US).
    assert in_time_until(END, edition, ZoneInfo("UTC")) == datetime(2025, 4, 18, tzinfo=UTC)
    assert in_time_until(END, edition, COPENHAGEN) == datetime(2025, 4, 17, 22, tzinfo=UTC)


def test_more_time_may_be_asked_for_until_the_end_and_while_a_case_is_open_after_it(edition):
    ask = [
        (more_time(END, at, undecided=False).why_not, more_time(END, at, undecided=True).why_not)
        for at in (END - TICK, END, END + TICK)
    ]
    assert ask == [(None, None), (WhyNot.TOO_LATE, None), (WhyNot.TOO_LATE, None)]


OPEN = {Followup.WITHDRAW}
TABLE = [
    (Past(Kind.INITIAL, State.DRAFT), set()),
    (Past(Kind.INITIAL, State.SUBMITTED), OPEN),
    (Past(Kind.RENEWAL, State.IN_REVIEW), OPEN),
    (Past(Kind.APPEAL, State.INFORMATION_REQUESTED), OPEN),
    (Past(Kind.AMENDMENT, State.SECOND_REVIEW), OPEN),
    (Past(Kind.INITIAL, State.WITHDRAWN), {Followup.AGAIN}),
    (Past(Kind.INITIAL, State.LAPSED), {Followup.AGAIN}),
    (DENIED, {Followup.APPEAL, Followup.AGAIN}),
    (Past(Kind.APPEAL, State.DECIDED, denied=True, letter_at=LETTER), {Followup.AGAIN}),
    (Past(Kind.INITIAL, State.DECIDED, denied=True, letter_at=LETTER, appealed=True), {Followup.AGAIN}),
    (Past(Kind.INITIAL, State.DECIDED, letter_at=LETTER), set()),
    (APPROVED, {Followup.AMEND}),
    (Past(Kind.INITIAL, State.DECIDED, granted=True, letter_at=LETTER), {Followup.AMEND}),
    (
        Past(Kind.INITIAL, State.DECIDED, granted=True, denied=True, letter_at=LETTER, ends_at=END),
        {Followup.AMEND, Followup.APPEAL, Followup.AGAIN},
    ),
]


@pytest.mark.parametrize(("past", "open_ones"), TABLE)
def test_what_each_application_offers_a_day_after_its_letter(edition, past, open_ones):
    found = offers(past, edition, COPENHAGEN, LETTER + timedelta(days=1))
    assert {what for what, offer in found.items() if offer.why_not is None} == open_ones


def test_a_customer_lives_where_its_country_does(edition):
    assert zone_of("DK", edition).key == "Europe/Copenhagen"
    assert zone_of("", edition).key == edition.time_zone


def test_a_followup_begins_with_the_answers_before_but_nobody_attests_for_somebody_else(edition):
    before = {
        **ANSWERS,
        "subscriptions": {
            "subscription-ids": [KIOSKS, GATES],
            "subscription-ids.names": {KIOSKS: "Check-in kiosks", GATES: "Gates"},
            "paid-tier": "yes",
        },
        "gone": {"no-such-question": "yes"},
    }
    everything = prefill(before, edition, None)
    assert everything == {code: before[code] for code in ANSWERS if code != "attestations"}
    part = prefill(before, edition, {Wish(GATES, "face.liveness", "FC1")})
    assert part["subscriptions"] == {
        "subscription-ids": [GATES],
        "subscription-ids.names": {GATES: "Gates"},
        "paid-tier": "yes",
    }
    assert part["need"]["capabilities"] == ["face.liveness"]
    assert "use-cases" not in part["use-case"]
    assert part["people"] == ANSWERS["people"]
