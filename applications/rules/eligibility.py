"""Whether the form is worth filling in (floor 1): what stands in the way, what is still to do, what to prepare.

The edition says what is asked first and which answer stands in the way for which reason (`Edition.eligibility`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from applications.enums import Outcome
from applications.rules import answers as said
from applications.rules.policy import (
    Capability,
    Edition,
    Paragraph,
    Question,
    QuestionType,
    Reason,
    Section,
    UseCase,
)

YES, NO, UNSURE = "yes", "no", "unsure"
_WRITTEN = frozenset({QuestionType.TEXT, QuestionType.LONG_TEXT, QuestionType.SUBSCRIPTIONS, QuestionType.TENANT,
                      QuestionType.FILES})  # fmt: skip


class Verdict(StrEnum):
    """In the order in which they are looked at."""

    NOT_NEEDED = "not_needed"
    RETIRED = "retired"
    NOT_YET = "not_yet"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An answer that would end in a denial: the rule, and what to do about it."""

    question: Question
    reason: Reason
    paragraph: Paragraph


@dataclass(frozen=True, slots=True)
class Eligibility:
    """`to_do`: what is not in the way but still open. `use_cases`: those permitted to this kind of organisation;
    `closed_to_sector`: there are some, but none for it. `comes_with`: capabilities whose approval brings it along."""

    verdict: Verdict
    obstacles: tuple[Obstacle, ...] = ()
    to_do: tuple[Question, ...] = ()
    use_cases: tuple[UseCase, ...] = ()
    closed_to_sector: bool = False
    comes_with: tuple[Capability, ...] = ()

    @property
    def second_person(self) -> bool:
        """Whether a permitted use takes two people to decide."""
        return any(case.high_risk for case in self.use_cases)


def asked(edition: Edition) -> tuple[Question, ...]:
    """What is asked before the form, in the edition's order."""
    return tuple(found for code in edition.eligibility if (found := edition.question(code)))


def choices(question: Question) -> tuple[str, ...]:
    """The answers to choose from; of what would be written, only whether it is at hand."""
    if question.choices:
        return tuple(choice.code for choice in question.choices)
    return (YES, NO, UNSURE) if question.type == QuestionType.YES_NO_UNSURE else (YES, NO)


def judge(
    edition: Edition,
    answers: Mapping[str, str],
    *,
    capability: Capability | None,
    existing: bool,
    at: datetime,
) -> Eligibility:
    """What the answers to `asked` mean, for one capability or for any that needs approval. First match wins:
    it needs no approval; nobody can apply for it; something comes first; ready."""
    outcome = said.standing(capability, at, existing) if capability else None
    if outcome is not None:
        verdict = Verdict.NOT_NEEDED if outcome == Outcome.NOT_NEEDED else Verdict.RETIRED
        return Eligibility(verdict)
    sector = said.sector(edition, answers)
    permitted = [
        case for case in edition.use_cases.values() if not capability or capability.code in case.capabilities
    ]
    fitting = tuple(
        case for case in permitted if not sector or any(case.fits(code, sector) for code in case.capabilities)
    )
    obstacles, to_do = _look_at(edition, answers)
    closed = bool(permitted) and not fitting
    parents = said.comes_with(edition, capability.code) if capability and not permitted else ()
    return Eligibility(
        Verdict.NOT_YET if obstacles or closed else Verdict.READY,
        obstacles,
        to_do,
        fitting if capability else (),
        closed,
        tuple(edition.capabilities[code] for code in parents),
    )


def _look_at(
    edition: Edition, answers: Mapping[str, str]
) -> tuple[tuple[Obstacle, ...], tuple[Question, ...]]:
    obstacles, to_do = [], []
    for question in asked(edition):
        given = answers.get(question.code, "")
        if code := edition.eligibility[question.code].get(given):
            reason = edition.reasons[code]
            obstacles.append(Obstacle(question, reason, edition.paragraphs[reason.paragraph]))
        elif given in (NO, UNSURE):
            to_do.append(question)
    return tuple(obstacles), tuple(to_do)


def to_prepare(edition: Edition) -> tuple[tuple[Section, tuple[Question, ...]], ...]:
    """What takes time to look up or to write, by section; the rest is chosen from lists."""
    found = (
        (section, tuple(question for question in section.questions if question.type in _WRITTEN))
        for section in edition.sections
    )
    return tuple((section, questions) for section, questions in found if questions)


def prefilled(edition: Edition, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers that the form asks in the same words, so that nobody gives them twice."""
    same = [*asked(edition), *filter(None, [said.sector_question(edition)])]
    return {
        question.code: answers[question.code]
        for question in same
        if answers.get(question.code) in (question.possible_answers() or ())
    }
