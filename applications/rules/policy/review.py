"""What reviewers work with: paragraphs, reasons, conditions, screening rules, causes of API errors."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from applications.enums import FlagEffect

from .base import Code, Codes, Named, Part, Words
from .text import Text


class Basis(StrEnum):
    """Whose rule a paragraph is; what is ours is never shown as the vendor's."""

    VENDOR = "vendor"
    LAW = "law"
    GUIDANCE = "guidance"
    OURS = "ours"


class Paragraph(Named):
    """A paragraph of policy that rules, reasons and letters cite, in our words, with its source."""

    title: Text
    text: Text
    basis: Annotated[Basis, Field(strict=False)]
    source: Text
    url: str | None = None
    in_force_on: date | None = None


class Reason(Named):
    """Why an item is denied. `cure` says what would change that, if anything can."""

    text: Text
    paragraph: Code
    cure: Text


class Condition(Named):
    """What an approval may be tied to: due so many days after the decision, checked as `check` says."""

    text: Text
    due_days: Annotated[int, Field(ge=1, le=3660)]
    check: Text
    paragraph: Code | None = None


class Check(StrEnum):
    """Comparisons that a table of words and answers cannot say."""

    FREE_MAIL = "free-mail"
    OTHER_DOMAIN = "other-domain"
    OFF_TOPIC = "off-topic"


class When(Part):
    """One way to raise a flag: everything that is stated must hold; lists hold when any member does.

    `words` names word lists of which one must be written in an answer (of `questions`, or of any); then one of
    `near` within `within` words of it (with `same_sentence` in the same sentence), and none of `unless` within
    `unless_within` words of it in the same sentence. `missing` holds when one of its questions has no answer, or
    one of the words `no-answer` alone.
    """

    answers: Mapping[Code, tuple[str, ...]] = {}
    missing: Codes = ()
    capabilities: Codes = ()
    use_cases: Codes = ()
    words: Codes = ()
    questions: Codes = ()
    near: Codes = ()
    within: Annotated[int, Field(ge=1, le=200)] = 12
    same_sentence: bool = False
    unless: Codes = ()
    unless_within: Annotated[int, Field(ge=1, le=50)] = 5
    check: Annotated[Check | None, Field(strict=False)] = None


class Example(Part):
    """A small application that shows what a rule must (or must not) raise; it is the rule's test."""

    answers: Mapping[Code, str | bool | tuple[str, ...]] = {}
    on: date | None = None


class ScreeningRule(Named):
    """Holds from `valid_from` on; from `guidance_from` until then its flag is marked as guidance only."""

    name: Text
    effect: Annotated[FlagEffect, Field(strict=False)]
    paragraph: Code
    source: Text
    valid_from: date
    guidance_from: date | None = None
    advice: Text = Text()
    when: tuple[When, ...]
    raises: tuple[Example, ...]
    passes: tuple[Example, ...]


class Link(StrEnum):
    """Where the cure of a cause leads on our site."""

    APPLY = "apply"
    CHECK = "check"
    CATALOGUE = "catalogue"
    ACCESS = "access"


class Cause(Named):
    """A known cause of what the API answered, the most telling first.

    `all`, `any` and `none` are pieces of the folded answer: every one, at least one, not one of them is there.
    `statuses` bring it near, or are enough where `status_is_enough`. With `features`, the gated capabilities
    that the answer names are read out of it.
    """

    title: Text
    explanation: Text
    cure: Text
    next_step: Text
    link: Annotated[Link | None, Field(strict=False)] = None
    statuses: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    status_is_enough: bool = False
    all: Words = ()
    any: Words = ()
    none: Words = ()
    capabilities: Codes = ()
    features: bool = False
    source: Text = Text()
