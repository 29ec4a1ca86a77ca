"""Whether the form is worth filling in: what comes first, what is open, what may be prepared."""

import pytest

from applications.rules import eligibility
from applications.rules.eligibility import Verdict, judge
from applications.rules.policy import read_edition
from tests.factories import NOW, edition_text
from tests.unit.rules.test_policy_reader import HARBOUR, faults

READY = {
    "account-team": "yes",
    "work-email": "yes",
    "subscription-ids": "yes",
    "paid-tier": "yes",
    "sector": "commercial",
}


def judged(edition, code="face.identification", existing=False, **changed):
    answers = READY | {name.replace("_", "-"): value for name, value in changed.items()}
    return judge(edition, answers, capability=edition.capability(code), existing=existing, at=NOW)


def test_what_is_asked_stands_in_the_edition(edition):
    assert [one.code for one in eligibility.asked(edition)] == [
        "account-team", "work-email", "subscription-ids", "paid-tier"
    ]  # fmt: skip
    assert eligibility.choices(edition.question("account-team")) == ("yes", "no", "unsure")
    assert eligibility.choices(edition.question("work-email")) == ("yes", "no")
    assert eligibility.asked(read_edition(HARBOUR)) == ()


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("face.identification", Verdict.READY),
        ("face.detection", Verdict.NOT_NEEDED),
        ("face.emotion", Verdict.RETIRED),
        ("", Verdict.READY),
    ],
)
def test_open_and_retired_come_before_everything_else(edition, code, verdict, existing):
    assert judged(edition, code, existing).verdict == verdict
    worse = judged(edition, code, existing, account_team="no")
    assert worse.verdict == (Verdict.NOT_YET if verdict == Verdict.READY else verdict)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"account_team": "no"}, "not-managed"),
        ({"work_email": "no"}, "personal-mail"),
        ({"paid_tier": "no"}, "wrong-tier"),
    ],
)
def test_an_answer_in_the_way_names_its_rule_and_cure(edition, answer, reason):
    found = judged(edition, **answer)
    assert found.verdict == Verdict.NOT_YET
    assert [one.reason.code for one in found.obstacles] == [reason]
    assert found.obstacles[0].paragraph.code == edition.reasons[reason].paragraph


def test_what_is_not_known_yet_is_to_find_out_and_not_in_the_way(edition):
    found = judged(edition, account_team="unsure", subscription_ids="no")
    assert found.verdict == Verdict.READY
    assert [one.code for one in found.to_do] == ["account-team", "subscription-ids"]


def test_the_kind_of_organisation_decides_which_uses_are_left(edition):
    commercial, public = judged(edition), judged(edition, sector="government")
    assert {case.code for case in commercial.use_cases} != {case.code for case in public.use_cases}
    assert not commercial.second_person
    assert public.second_person


def test_uses_for_another_kind_of_organisation_stand_in_the_way():
    text = edition_text().replace('sectors = ["commercial", "public"]', 'sectors = ["public"]')
    found = judged(read_edition(text), "face.verification")
    assert (found.verdict, found.closed_to_sector, found.use_cases) == (Verdict.NOT_YET, True, ())
    assert judged(read_edition(text), "face.verification", sector="government").verdict == Verdict.READY


def test_what_comes_along_names_what_brings_it(edition):
    found = judged(edition, "face.face-id")
    assert found.use_cases == ()
    assert {one.code for one in found.comes_with} == {"face.identification", "face.verification"}


def test_what_takes_time_is_listed_by_section(edition):
    listed = {section.code: [one.code for one in found] for section, found in eligibility.to_prepare(edition)}
    assert listed["subscriptions"] == ["subscription-ids", "tenant-id"]
    assert listed["people"] == ["deployment-countries", "notice", "consent", "retention"]
    assert "attestations" not in listed


def test_only_what_the_form_asks_in_the_same_words_is_carried_over(edition):
    given = READY | {"paid-tier": "nonsense", "notice": "x"}
    assert eligibility.prefilled(edition, given) == {"account-team": "yes", "sector": "commercial"}


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("nowhere = {}", "eligibility.nowhere"),
        ('waar = {no = "niet-op-lijst"}', "eligibility.waar"),
        ('naam = {no = "nowhere"}', "eligibility.naam"),
    ],
)
def test_a_table_that_names_what_is_not_there_is_refused(table, key):
    assert [fault.key for fault in faults(f"{HARBOUR}\n[eligibility]\n{table}\n")] == [key]
