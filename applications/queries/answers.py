"""Floor 3: answers as a person reads them, for check pages, status and the desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from applications.rules import answers as said
from applications.rules import zones
from applications.rules.policy import Edition, Question, QuestionType, Section

Q = QuestionType


@dataclass(frozen=True, slots=True)
class Row:
    """One question with its answer in words. `lines` is empty when there is none; `ids` marks ids to break well."""

    code: str
    label: str
    lines: tuple[str, ...]
    ids: tuple[tuple[str, str], ...]
    required: bool
    error: str
    short: bool


def rows_of(
    edition: Edition,
    part: Section,
    answers: Mapping[str, Any],
    language: str | None,
    errors: Mapping[str, str] | None = None,
) -> list[Row]:
    """The questions of a section that are asked, each with its answer."""
    return [
        Row(
            code=question.code,
            label=question.label.to(language),
            lines=_lines(edition, question, answers, language),
            ids=_ids(question, answers),
            required=question.required,
            error=(errors or {}).get(question.code, ""),
            short=question.type not in (Q.LONG_TEXT, Q.ATTESTATION),
        )
        for question in part.questions
        if question.asked(answers)
    ]


def grounds_of(by_section: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Why somebody appeals, as the one row of a section of its own; no row without it."""
    text = by_section.get(said.APPEAL, {}).get(said.GROUNDS)
    label = _("Why the decision should be another")
    return [Row(said.GROUNDS, label, (str(text),), (), required=True, error="", short=False)] if text else []


def _ids(question: Question, answers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(name, id) of each subscription."""
    if question.type != Q.SUBSCRIPTIONS:
        return ()
    names = answers.get(said.names_key(question)) or {}
    return tuple((names.get(guid, ""), guid) for guid in answers.get(question.code) or ())


def _lines(
    edition: Edition, question: Question, answers: Mapping[str, Any], language: str | None
) -> tuple[str, ...]:
    if typed := answers.get(said.typed_key(question)):
        return (str(typed),)
    value = answers.get(question.code)
    if not said.is_answered(question, value):
        return ()
    words = words_of(edition, question, language)
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(words.get(str(one), str(one)) for one in values)


def words_of(edition: Edition, question: Question, language: str | None) -> Mapping[str, str]:
    """The codes that answer a question, in words."""
    kind = question.type
    if kind in (Q.CHOICE, Q.MULTI_CHOICE):
        return {choice.code: choice.label.to(language) for choice in question.choices}
    if kind in (Q.YES_NO, Q.YES_NO_UNSURE):
        return {"yes": _("Yes"), "no": _("No"), "unsure": _("I am not sure")}
    if kind == Q.ATTESTATION:
        return {"yes": _("Attested")}
    if kind == Q.COUNTRY:
        return zones.countries()
    if kind == Q.SERVICES:
        return {code: one.name.to(language) for code, one in edition.services.items()}
    if kind == Q.CAPABILITIES:
        return {code: one.name.to(language) for code, one in edition.capabilities.items()}
    if kind == Q.USE_CASES:
        listed = {code: one.text.to(language) for code, one in edition.use_cases.items()}
        return listed | {said.UNLISTED: _("A use that is not on the list")}
    return {}
