"""What answers ask for, over a small application; and that nothing here knows a service or a date."""

from datetime import UTC, datetime

import pytest

from applications.enums import Outcome
from applications.rules import answers as said
from tests import drafts, factories
from tests.drafts import KIOSKS

AT = factories.NOW


@pytest.fixture
def flat():
    return said.flat(drafts.ANSWERS)


def test_a_wish_is_capability_times_use_case_times_subscription(edition, flat):
    gated = {KIOSKS: ["face.identification", "face.liveness"], drafts.GATES: ["face.identification"]}
    assert sorted(said.wishes(edition, flat, gated)) == [
        said.Wish(KIOSKS, "face.identification", "FC3"),
        said.Wish(KIOSKS, "face.liveness", "FC3"),
        said.Wish(drafts.GATES, "face.identification", "FC3"),
    ]


def test_use_cases_of_another_sector_do_not_count(edition, flat):
    answers = flat | {"sector": "government", "use-cases": ["FC5"]}
    assert said.wishes(edition, answers, {KIOSKS: ["face.identification"]}) == []
    assert said.uncovered(edition, answers, ["face.identification"]) == ["face.identification"]


def test_an_unlisted_use_is_an_enquiry_about_what_no_listed_one_covers(edition, flat):
    answers = flat | {"use-cases": ["FC1", said.UNLISTED]}
    gated = {KIOSKS: ["face.identification", "face.liveness"]}
    assert set(said.wishes(edition, answers, gated)) == {
        said.Wish(KIOSKS, "face.liveness", "FC1"),
        said.Wish(KIOSKS, "face.identification", ""),
    }


def test_an_unlisted_use_beside_listed_ones_that_cover_all_asks_about_all(edition, flat):
    answers = flat | {"use-cases": ["FC3", said.UNLISTED]}
    found = said.wishes(edition, answers, {KIOSKS: ["face.identification"]})
    assert {wish.use_case for wish in found} == {"FC3", ""}


def test_what_comes_with_another_capability_is_no_wish_of_its_own(edition, flat):
    gated = {KIOSKS: ["face.identification", "face.face-id"]}
    assert {wish.capability for wish in said.wishes(edition, flat, gated)} == {"face.identification"}
    assert said.without_parent(edition, ["face.face-id"]) == ["face.face-id"]
    assert said.without_parent(edition, ["face.face-id", "face.verification"]) == []
    assert said.without_parent(edition, ["face.find-similar", "face.verification"]) == ["face.find-similar"]


@pytest.mark.parametrize(
    ("code", "existing", "at", "outcome"),
    [
        ("face.identification", False, AT, None),
        ("face.identification", True, AT, None),
        ("face.identification", False, datetime(2022, 6, 20, tzinfo=UTC), Outcome.NOT_NEEDED),
        ("face.detection", False, AT, Outcome.NOT_NEEDED),
        ("face.emotion", False, AT, Outcome.RETIRED),
        ("face.emotion", True, datetime(2023, 7, 1, tzinfo=UTC), Outcome.RETIRED),
        ("computer-vision.spatial-analysis", False, AT, Outcome.NOT_NEEDED),
        ("computer-vision.spatial-analysis", True, datetime(2025, 3, 31, tzinfo=UTC), Outcome.RETIRED),
    ],
)
def test_what_needs_no_person(edition, code, existing, at, outcome):
    assert said.standing(edition.capability(code), at, existing) == outcome


def test_an_attribute_in_its_grace_year_cannot_be_applied_for(edition):
    assert said.standing(edition.capability("face.emotion"), AT, existing=True) == Outcome.RETIRED


def test_missing_counts_only_what_is_asked(edition, flat):
    people = edition.section("people")
    assert said.missing(people, flat) == ()
    police = flat | {"police": "elsewhere"}
    assert [question.code for question in said.missing(people, police)] == ["police-cameras"]


def test_an_attestation_is_answered_by_yes_alone(edition):
    part = edition.section("attestations")
    given = {question.code: "no" for question in part.questions}
    assert len(said.missing(part, given)) == len(part.questions)


def test_frozen_answers_leave_out_what_is_not_asked_or_empty(edition):
    by_section = drafts.answers(people={"police-cameras": ["dash"], "deployment-countries": ""})
    frozen = said.asked_only(edition, by_section)
    assert "police-cameras" not in frozen["people"]
    assert "deployment-countries" not in frozen["people"]
    assert frozen["subscriptions"]["subscription-ids.names"] == {KIOSKS: "Check-in kiosks"}


def test_the_digest_does_not_depend_on_the_order():
    assert said.digest({"a": {"x": 1, "y": 2}}) == said.digest({"a": {"y": 2, "x": 1}})
    assert said.digest({"a": {"x": 1}}) != said.digest({"a": {"x": 2}})


def test_the_sector_is_found_by_its_choices_else_taken_from_the_record(edition, flat):
    assert said.sector(edition, flat, "government") == "commercial"
    assert said.sector(edition, {}, "government") == "government"
