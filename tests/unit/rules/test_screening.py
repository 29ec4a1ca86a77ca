"""Each rule of the edition against the examples beside it, and the machinery against an edition of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from applications.enums import FlagEffect, Risk
from applications.rules.policy import Edition, PolicyError, read_edition
from applications.rules.screening import Context, Flag, read_tested_edition, risk, screen
from tests.factories import edition_text, read_file

TODAY = date(2023, 5, 15)
EXAMPLES = [
    (rule.code, number, raised)
    for rule in read_file().screening.values()
    for raised, examples in ((True, rule.raises), (False, rule.passes))
    for number in range(len(examples))
]


def flags(edition: Edition, on: date = TODAY, **answers: Any) -> dict[str, Flag]:
    """Flags by rule; `use_cases=` for the question `use-cases`."""
    said = {code.replace("_", "-"): answer for code, answer in answers.items()}
    return {flag.rule: flag for flag in screen(edition, said, Context.of(edition, said), on)}


# --- the rules of the edition ---


@pytest.mark.parametrize(("code", "number", "raised"), EXAMPLES)
def test_examples(edition: Edition, code: str, number: int, raised: bool) -> None:
    rule = edition.screening[code]
    example = (rule.raises if raised else rule.passes)[number]
    on = example.on or rule.valid_from
    found = screen(edition, example.answers, Context.of(edition, example.answers), on)
    assert (code in {flag.rule for flag in found}) is raised


def test_an_edition_whose_examples_fail_is_refused() -> None:
    text = edition_text()
    assert read_tested_edition(text).screening
    for old, new in (
        ('answers.work-email = "anna@gmail.com"', 'answers.work-email = "anna@firm.example"'),
        ('answers.work-email = "anna@example.org"', 'answers.work-email = "anna@gmx.net"'),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    with pytest.raises(PolicyError) as refused:
        read_tested_edition(text, "e.toml")
    assert str(refused.value).splitlines() == [
        "e.toml: screening.free-mail.raises.0: this example does not raise the rule [example]",
        "e.toml: screening.free-mail.passes.0: this example raises the rule [example]",
    ]


def test_about_twenty_rules_with_a_source(edition: Edition) -> None:
    assert 20 <= len(edition.screening) <= 30
    assert all(rule.source for rule in edition.screening.values())


@pytest.mark.parametrize(
    ("code", "effect", "valid_from"),
    [
        ("us-police", "deny", date(2020, 6, 11)),
        ("law-enforcement-in-public", "escalate", date(2025, 2, 2)),
        ("scraped-faces", "deny", date(2025, 2, 2)),
        ("emotion-at-work-or-school", "deny", date(2025, 2, 2)),
        ("sensitive-categories", "deny", date(2025, 2, 2)),
        ("identification-in-public", "escalate", date(2027, 12, 2)),
        ("emotion", "deny", date(2027, 12, 2)),
        ("minors", "escalate", date(2022, 6, 21)),
        ("no-human-review", "condition", date(2022, 6, 21)),
        ("free-mail", "ask", date(2022, 6, 21)),
    ],
)
def test_effect_and_date(edition: Edition, code: str, effect: str, valid_from: date) -> None:
    rule = edition.screening[code]
    assert (rule.effect, rule.valid_from) == (effect, valid_from)


def test_before_its_date_a_rule_guides_and_before_that_it_is_silent(edition: Edition) -> None:
    says = {"description": "We compare with faces scraped from profile pages."}
    silent = flags(edition, date(2022, 5, 11), **says)
    guides = flags(edition, date(2025, 2, 1), **says)
    holds = flags(edition, date(2025, 2, 2), **says)
    assert "scraped-faces" not in silent
    assert guides["scraped-faces"].guidance
    assert not holds["scraped-faces"].guidance


def test_a_sound_application_raises_nothing(edition: Edition) -> None:
    assert (
        flags(
            edition,
            date(2028, 1, 1),
            applicant_name="Henrik Aagaard",
            work_email="henrik@nordlys.example",
            website="https://nordlys.example",
            sector="commercial",
            builds_for_others="no",
            use_cases={"face.identification": ["FC3"]},
            capabilities=["face.identification"],
            description="Members of staff who agreed to it pass the staff door of the airport with their face. Whoever "
            "prefers a badge uses the badge.",
            whose_faces=["workers"],
            face_source=["enrolled"],
            places=["controlled-entrance"],
            real_time="yes",
            minors="no",
            police="no",
            voluntary="yes",
            other_way="yes",
            match_review="person",
            notice="A sign at the door and a page on the intranet.",
            consent="A form that each person signs and can withdraw.",
            retention="Until the contract ends; a job deletes the template within thirty days.",
        )
        == {}
    )


def test_a_flag_says_where_and_carries_no_text(edition: Edition) -> None:
    text = "As agreed, the NYPD uses it."
    flag = flags(edition, description=text)["us-police"]
    assert (flag.question, text[slice(flag.start, flag.end)]) == ("description", "NYPD")
    assert (flag.effect, flag.paragraph, flag.guidance) == (FlagEffect.DENY, "prohibited.us-police", False)
    assert "NYPD" not in repr(flag)


def test_a_structured_answer_has_no_position(edition: Edition) -> None:
    flag = flags(edition, police="us-state-local")["us-police"]
    assert (flag.question, flag.start, flag.end) == ("police", None, None)


def test_an_answer_to_a_question_that_is_not_asked_does_not_count(edition: Edition) -> None:
    says = {"police_cameras": ["body-worn"], "real_time": "yes"}
    assert "police-carried-cameras" in flags(edition, police="elsewhere", **says)
    assert "police-carried-cameras" not in flags(edition, police="no", **says)


@pytest.mark.parametrize("typed", [None, 7, ["police in Texas"], {"a": "b"}, True, ""])
def test_answers_of_another_shape_do_no_harm(edition: Edition, typed: object) -> None:
    assert "us-police" not in flags(edition, description=typed)


def test_long_answers_are_cut(edition: Edition) -> None:
    assert "us-police" not in flags(edition, description="word " * 4_000 + "NYPD")
    much = dict.fromkeys(("organisation_name", "description"), "word " * 20_000)
    assert "us-police" in flags(edition, **much, retention="For the NYPD.")
    more = flags(edition, **much, notice="word " * 20_000, consent="A form.", retention="For the NYPD.")
    assert set(more).isdisjoint({"us-police", "no-data-plan"})


@pytest.mark.parametrize(
    ("email", "website", "raised"),
    [
        ("a@firm.example", "https://firm.example", set()),
        ("a@mail.firm.example", "www.firm.example/about", set()),
        ("a@firm.co.uk", "https://shop.firm.co.uk", set()),
        ("a@other.co.uk", "https://firm.co.uk", {"mail-and-website"}),
        ("a@firm.example", "https://other.example", {"mail-and-website"}),
        ("a@GMail.com", "https://firm.example", {"free-mail"}),
        ("a@firm.example", "", set()),
        ("", "https://firm.example", set()),
        ("no address", "no site", set()),
    ],
)
def test_mail_and_web_site(edition: Edition, email: str, website: str, raised: set[str]) -> None:
    found = flags(edition, work_email=email, website=website, notice="N N", consent="C C", retention="R R")
    assert set(found) == raised


@pytest.mark.parametrize("said", ["none", "N/A", "tbd.", " - ", "Not yet", "", None])
def test_an_answer_that_is_none(edition: Edition, said: str | None) -> None:
    found = flags(edition, notice="A sign.", consent="A form.", retention=said)
    assert found["no-data-plan"].question == "retention"


def test_off_topic_needs_a_description_of_some_length(edition: Edition) -> None:
    assert "off-topic" not in flags(edition, use_cases=["FC6"], description="Doors and gates.")
    assert "off-topic" in flags(edition, use_cases=["FC6"], description="Doors and gates. " * 5)
    assert "off-topic" not in flags(edition, use_cases=[], description="Doors and gates. " * 5)
    assert "off-topic" not in flags(edition, use_cases=["unknown"], description="Doors and gates. " * 5)


# --- the machinery ---


def toy(when: str) -> Edition:
    """An edition with one rule of one condition."""
    text = """
        code = "t"
        name = "T"
        published_on = 2022-01-01
        time_zone = "UTC"
        language = "en"
        calendar = "US"
        contact_name = "D"
        contact_email = "d@desk.example"
        accessibility_contact = "D"
        rights_reminder_days = []
        [gates]
        [services.s]
        name = "S"
        [capabilities."s.a"]
        service = "s"
        name = "A"
        [use_cases]
        [paragraphs.p]
        title = "P"
        text = "P"
        basis = "ours"
        source = "us"
        [reasons]
        [sections.all]
        title = "All"
        [sections.all.questions]
        one = {type = "text", label = "One"}
        two = {type = "long_text", label = "Two"}
        pick = {type = "choice", label = "Pick", choices = {a = "A", b = "B"}}
        subs = {type = "subscriptions", label = "S"}
        caps = {type = "capabilities", label = "C"}
        uses = {type = "use_cases", label = "U"}
        [words]
        cat = ["cat", "wild cat"]
        dog = ["dog"]
        not = ["not", "no"]
        none = ["no alternative"]
        [screening.rule]
        name = "R"
        effect = "ask"
        paragraph = "p"
        source = "us"
        valid_from = 2022-01-01
        raises = [{}]
        passes = [{}]
        [[screening.rule.when]]
    """
    return read_edition(text + when)


@pytest.mark.parametrize(
    ("when", "answers", "raised"),
    [
        ('words = ["cat"]', {"one": "a cat"}, True),
        ('words = ["cat"]', {"two": "a cat"}, True),
        ('words = ["cat"]\nquestions = ["one"]', {"two": "a cat"}, False),
        ('words = ["cat", "dog"]', {"one": "a dog"}, True),
        ('words = ["cat"]\nnear = ["dog"]\nwithin = 2', {"one": "cat and dog"}, True),
        ('words = ["cat"]\nnear = ["dog"]\nwithin = 2', {"one": "dog and cat"}, True),
        ('words = ["cat"]\nnear = ["dog"]\nwithin = 2', {"one": "cat and a dog"}, False),
        ('words = ["cat"]\nnear = ["dog"]\nwithin = 2', {"one": "cat", "two": "dog"}, False),
        ('words = ["cat"]\nunless = ["not"]\nunless_within = 2', {"one": "not a cat"}, False),
        ('words = ["cat"]\nunless = ["not"]\nunless_within = 2', {"one": "not such a cat"}, True),
        ('words = ["cat"]\nunless = ["not"]\nunless_within = 2', {"one": "cat not"}, False),
        ('words = ["cat"]\nunless = ["not"]\nunless_within = 2', {"one": "No. A cat"}, True),
        ('words = ["cat"]\nunless = ["not"]', {"one": "no cat. A cat"}, True),
        ('words = ["cat"]\nnear = ["dog"]\nsame_sentence = true', {"one": "A cat. A dog"}, False),
        ('words = ["cat"]\nnear = ["dog"]\nsame_sentence = true', {"one": "A cat, a dog"}, True),
        ('words = ["none"]\nunless = ["not"]', {"one": "no alternative"}, True),
        ('answers.pick = ["a"]', {"pick": "a"}, True),
        ('answers.pick = ["a"]', {"pick": "b"}, False),
        ('answers.pick = ["a"]\nwords = ["cat"]', {"pick": "a", "one": "dog"}, False),
        ('answers.pick = ["a"]\nwords = ["cat"]', {"pick": "a", "one": "cat"}, True),
        ('capabilities = ["s.a"]', {"caps": ["s.a"]}, True),
        ('capabilities = ["s.a"]', {"caps": []}, False),
        ('missing = ["one", "two"]', {"one": "x"}, True),
        ('missing = ["one", "two"]', {"one": "x", "two": "y"}, False),
        ('answers.pick = ["a"]\nmissing = ["one"]', {"pick": "b"}, False),
    ],
)
def test_conditions(when: str, answers: dict[str, Any], raised: bool) -> None:
    edition = toy(when)
    found = screen(edition, answers, Context.of(edition, answers), TODAY)
    assert [flag.rule for flag in found] == (["rule"] if raised else [])


def test_the_context_is_read_from_the_types_of_the_questions(edition: Edition) -> None:
    answers = {
        "work-email": "a@b.example",
        "website": "https://b.example",
        "capabilities": ["face.liveness"],
        "use-cases": {"face.liveness": ["FC2", "FC1"]},
    }
    assert Context.of(edition, answers) == Context(
        "a@b.example", "https://b.example", ("face.liveness",), ("FC1", "FC2")
    )
    assert Context.of(edition, {}) == Context()


@dataclass(frozen=True)
class Standing:
    effect: str


@pytest.mark.parametrize(
    ("effects", "use_case", "expected"),
    [
        ([], "FC1", Risk.LOW),
        (["ask"], "FC1", Risk.LOW),
        (["ask", "condition"], "FC1", Risk.MEDIUM),
        (["condition", "escalate"], "FC1", Risk.HIGH),
        (["deny"], "FC1", Risk.HIGH),
        ([], "FG5", Risk.HIGH),
    ],
)
def test_risk(edition: Edition, effects: list[str], use_case: str, expected: Risk) -> None:
    assert risk(map(Standing, effects), [edition.use_cases[use_case]]) is expected
