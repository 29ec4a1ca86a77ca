"""Sections and questions of the application form."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from .base import Code, Named, Part
from .text import Text


class QuestionType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    EMAIL = "email"
    URL = "url"
    COUNTRY = "country"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    YES_NO = "yes_no"
    YES_NO_UNSURE = "yes_no_unsure"
    SUBSCRIPTIONS = "subscriptions"
    TENANT = "tenant"
    SERVICES = "services"
    CAPABILITIES = "capabilities"
    USE_CASES = "use_cases"
    ATTESTATION = "attestation"
    FILES = "files"


WRITTEN = frozenset({QuestionType.TEXT, QuestionType.LONG_TEXT})
CHOSEN = frozenset({QuestionType.CHOICE, QuestionType.MULTI_CHOICE})


class Choice(Part):
    code: Code
    label: Text


class OnlyIf(Part):
    """Ask only when the answer to `question` is (or, of several, has) one of `any`."""

    question: Code
    any: tuple[str, ...]


class Question(Named):
    section: Code
    type: Annotated[QuestionType, Field(strict=False)]
    label: Text
    help: Text = Text()
    choices: tuple[Choice, ...] = ()
    required: bool = True
    only_if: OnlyIf | None = None
    max_length: Annotated[int, Field(ge=1, le=20_000)] = 2000
    max_items: Annotated[int, Field(ge=1, le=1000)] = 200

    def possible_answers(self) -> frozenset[str] | None:
        """The closed list of answers, or None where anything may be written."""
        if self.type in CHOSEN:
            return frozenset(choice.code for choice in self.choices)
        fixed = {
            QuestionType.YES_NO: ("yes", "no"),
            QuestionType.YES_NO_UNSURE: ("yes", "no", "unsure"),
            QuestionType.ATTESTATION: ("yes",),
        }.get(self.type)
        return frozenset(fixed) if fixed else None

    def asked(self, answers: Mapping[str, Any]) -> bool:
        """Whether this question is to be asked, given the other answers."""
        if self.only_if is None:
            return True
        return not values_of(answers.get(self.only_if.question)).isdisjoint(self.only_if.any)


class Section(Named):
    title: Text
    help: Text = Text()
    optional: bool = False
    questions: tuple[Question, ...]


def values_of(answer: Any) -> frozenset[str]:
    """An answer as a set of codes: yes/no for truth values, members of a list or a table, else the text."""
    if answer is None or answer == "":
        return frozenset()
    if isinstance(answer, bool):
        return frozenset({"yes" if answer else "no"})
    if isinstance(answer, Mapping):
        return frozenset(code for part in answer.values() for code in values_of(part))
    if isinstance(answer, (list, tuple, set, frozenset)):
        return frozenset(str(part) for part in answer)
    return frozenset({str(answer)})
