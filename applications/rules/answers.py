"""What the answers of an application say (floor 1): what is still missing, and what exactly is asked for.

Answers are `{question code: value}` of all sections together. A value is a text, or a list of codes; the
subscriptions are a list of ids, with the names people gave them beside it under `names_key`. What was typed and
cannot be read yet, such as half an address, stands under `typed_key` in place of the answer.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from applications.enums import CapabilityState, Outcome, Sector
from applications.rules.policy import Capability, Edition, Question, QuestionType, Section

Answers = Mapping[str, Any]

HELD_ELSEWHERE = "subscription-held-elsewhere"
"""Flag of ours, not of the edition: another customer holds a subscription that is asked for (design §5)."""
APPEAL, GROUNDS = "appeal", "grounds"
"""Section and code of why somebody appeals: no question of the edition, but frozen and erased with its answers."""
NAMES = ".names"
TYPED = ".typed"
UNLISTED = "unlisted"
"""What is chosen in place of a use case when none of the list fits: an enquiry, never a grant (design §5)."""


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """One requested capability as the answers name it; `use_case` is empty for an enquiry."""

    guid: str
    capability: str
    use_case: str


def names_key(question: Question) -> str:
    """Where the names of the subscriptions stand beside their ids."""
    return f"{question.code}{NAMES}"


def typed_key(question: Question) -> str:
    """Where a text stands that cannot be read as an answer yet: kept in the draft, never frozen."""
    return f"{question.code}{TYPED}"


def keys_of(question: Question) -> tuple[str, str, str]:
    """Everything that belongs to the answer to one question."""
    return question.code, names_key(question), typed_key(question)


def flat(by_section: Mapping[str, Answers]) -> dict[str, Any]:
    """The answers of all sections together."""
    return {code: value for answers in by_section.values() for code, value in answers.items()}


def digest(by_section: Mapping[str, Answers], salt: str = "") -> str:
    """SHA-256 of a salt and frozen answers in their one form: without the salt it does not tell what they were."""
    text = salt + json.dumps(by_section, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_of(edition: Edition, kind: QuestionType) -> Question | None:
    """The first question of a type; subscriptions, capabilities and use cases are asked once."""
    return next((question for question in edition.questions if question.type == kind), None)


def listed(edition: Edition, answers: Answers, kind: QuestionType) -> list[str]:
    """The answer to the question of this type as a list of codes."""
    question = first_of(edition, kind)
    value = answers.get(question.code) if question else None
    return [str(part) for part in value] if isinstance(value, (list, tuple)) else []


def sector_question(edition: Edition) -> Question | None:
    """The question whose choices are the sectors."""
    codes = frozenset(Sector.values)
    choices = (question for question in edition.questions if question.type == QuestionType.CHOICE)
    return next((question for question in choices if question.possible_answers() == codes), None)


def sector(edition: Edition, answers: Answers, default: str = "") -> str:
    """The sector that was answered, else the one on record."""
    question = sector_question(edition)
    return str(answers.get(question.code) or default) if question else default


# --- what is missing ---


def is_answered(question: Question, value: Any) -> bool:
    if question.type == QuestionType.ATTESTATION:
        return value == "yes"
    return value not in (None, "", [], {})


def missing(section: Section, answers: Answers) -> tuple[Question, ...]:
    """Questions of the section that are asked, given the other answers, and that need the person: required and not
    answered, or answered with what cannot be read yet."""
    return tuple(
        question
        for question in section.questions
        if question.asked(answers)
        and (
            answers.get(typed_key(question))
            or (question.required and not is_answered(question, answers.get(question.code)))
        )
    )


def asked_only(edition: Edition, by_section: Mapping[str, Answers]) -> dict[str, dict[str, Any]]:
    """The answers to freeze: those to questions that are asked, in the edition's order, empty ones left out."""
    answers = flat(by_section)
    frozen: dict[str, dict[str, Any]] = {}
    for section in edition.sections:
        kept: dict[str, Any] = {}
        for question in section.questions:
            if question.asked(answers) and is_answered(question, answers.get(question.code)):
                kept[question.code] = answers[question.code]
                if names := answers.get(names_key(question)):
                    kept[names_key(question)] = names
        frozen[section.code] = kept
    if grounds := by_section.get(APPEAL, {}).get(GROUNDS):
        frozen[APPEAL] = {GROUNDS: grounds}
    return frozen


# --- what is asked for ---


def standing(capability: Capability, at: datetime, existing: bool) -> Outcome | None:
    """The outcome that needs no person: nothing to approve, or nothing to be had; None when it is to be decided.

    What retires without ever asking for approval cannot be applied for either, even while it still works.
    """
    state = capability.state(at, existing)
    if state == CapabilityState.OPEN:
        return Outcome.NOT_NEEDED
    if state == CapabilityState.RETIRED or not capability.needs_approval:
        return Outcome.RETIRED
    return None


def comes_with(edition: Edition, code: str) -> tuple[str, ...]:
    """Capabilities whose approval brings this one along."""
    return tuple(parent.code for parent in edition.capabilities.values() if code in parent.grants_also)


def has_use_case(edition: Edition, code: str) -> bool:
    return any(code in case.capabilities for case in edition.use_cases.values())


def wishes(
    edition: Edition, answers: Answers, gated: Mapping[str, list[str]], default_sector: str = ""
) -> list[Wish]:
    """Capability × use case × subscription, from the capabilities to be decided for each subscription.

    One that has no use case of its own comes along with another one and is no wish.
    """
    cases = listed(edition, answers, QuestionType.USE_CASES)
    of_sector = sector(edition, answers, default_sector)
    return [
        Wish(guid, capability, case)
        for guid, codes in gated.items()
        for capability, case in _pairs(edition, codes, cases, of_sector)
    ]


def _pairs(edition: Edition, gated: list[str], cases: list[str], of_sector: str) -> Iterator[tuple[str, str]]:
    own = [code for code in gated if has_use_case(edition, code)]
    found = [
        (code, case.code)
        for code in own
        for case in edition.use_cases_for(code, of_sector)
        if case.code in cases
    ]
    yield from found
    if UNLISTED in cases:
        covered = {code for code, _case in found}
        yield from ((code, "") for code in ([code for code in own if code not in covered] or own))


def uncovered(edition: Edition, answers: Answers, gated: list[str], default_sector: str = "") -> list[str]:
    """Gated capabilities for which no fitting use case was chosen."""
    cases = listed(edition, answers, QuestionType.USE_CASES)
    of_sector = sector(edition, answers, default_sector)
    reached = {code for code, _case in _pairs(edition, gated, cases, of_sector)}
    return [code for code in gated if has_use_case(edition, code) and code not in reached]


def without_parent(edition: Edition, gated: list[str]) -> list[str]:
    """Gated capabilities that only come along with others, of which none was chosen."""
    return [
        code
        for code in gated
        if not has_use_case(edition, code) and not set(comes_with(edition, code)) & set(gated)
    ]
