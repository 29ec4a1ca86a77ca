"""Screening: answers → flags. It advises, never decides.

The rules are data of the edition (`ScreeningRule`); this module knows no rule. A flag names its rule, the paragraph
and the source, and where in which answer it was raised: a position, never the text, so that nothing personal
leaves the answers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from applications.enums import FlagEffect, Risk

from .identifiers import email_domain, normalise_email, read_domain
from .policy import (
    Check,
    Edition,
    PolicyError,
    Problem,
    QuestionType,
    ScreeningRule,
    UseCase,
    When,
    read_edition,
    values_of,
)
from .wording import LONGEST, Hit, Hits, Phrases, Word, Wording, phrases

Answers = Mapping[str, Any]
NO_ANSWER = "no-answer"
NOTHING = Wording()
LONGEST_TOGETHER = 60_000
_SHORTEST_JUDGED = 12
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "gob", "gouv", "ac", "edu", "go", "or", "ne"})


@dataclass(frozen=True)
class Context:
    """What is known beside the answers' wording: who wrote, and what was chosen."""

    email: str = ""
    website: str = ""
    capabilities: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()

    @classmethod
    def of(cls, edition: Edition, answers: Answers) -> "Context":
        """Taken from the answers themselves, by the types of the questions."""

        def first(kind: QuestionType) -> str:
            found = (
                str(answers[q.code]) for q in edition.questions if q.type == kind and answers.get(q.code)
            )
            return next(found, "")

        def chosen(kind: QuestionType) -> tuple[str, ...]:
            asked = (question.code for question in edition.questions if question.type == kind)
            return tuple(sorted({code for name in asked for code in values_of(answers.get(name))}))

        return cls(
            email=first(QuestionType.EMAIL),
            website=first(QuestionType.URL),
            capabilities=chosen(QuestionType.CAPABILITIES),
            use_cases=chosen(QuestionType.USE_CASES),
        )


@dataclass(frozen=True)
class Flag:
    """One rule raised. `guidance`: the rule is not in force yet, it only guides. Positions are of the typed text."""

    rule: str
    effect: FlagEffect
    paragraph: str
    source: str
    question: str = ""
    start: int | None = None
    end: int | None = None
    guidance: bool = False


class HasEffect(Protocol):
    @property
    def effect(self) -> str: ...


@dataclass(frozen=True)
class _Place:
    question: str = ""
    start: int | None = None
    end: int | None = None


def screen(edition: Edition, answers: Answers, context: Context, on: date) -> tuple[Flag, ...]:
    """The flags that the edition's rules raise on that day, one per rule, in the order of the rules."""
    case = _Case(edition, answers, context)
    flags = []
    for rule in edition.screening.values():
        holds = on >= rule.valid_from
        guides = rule.guidance_from is not None and on >= rule.guidance_from
        place = case.raised(rule) if holds or guides else None
        if place is not None:
            flags.append(
                Flag(
                    rule=rule.code,
                    effect=rule.effect,
                    paragraph=rule.paragraph,
                    source=str(rule.source),
                    question=place.question,
                    start=place.start,
                    end=place.end,
                    guidance=not holds,
                )
            )
    return tuple(flags)


def read_tested_edition(text: str, source: str = "edition") -> Edition:
    """An edition whose screening rules do what the examples beside them say; else PolicyError names each that fails."""
    edition = read_edition(text, source)
    failing = [Problem(source, None, key, "example", message) for key, message in _failing_examples(edition)]
    if failing:
        raise PolicyError(tuple(failing))
    return edition


def _failing_examples(edition: Edition) -> Iterator[tuple[str, str]]:
    for rule in edition.screening.values():
        for name, examples, wanted in (("raises", rule.raises, True), ("passes", rule.passes, False)):
            for number, example in enumerate(examples):
                context = Context.of(edition, example.answers)
                found = screen(edition, example.answers, context, example.on or rule.valid_from)
                if (rule.code in {flag.rule for flag in found}) is not wanted:
                    did = "does not raise the rule" if wanted else "raises the rule"
                    yield f"screening.{rule.code}.{name}.{number}", f"this example {did}"


def risk(flags: Iterable[HasEffect], use_cases: Iterable[UseCase]) -> Risk:
    """Of the flags that stand: deny or escalate is high, so is a use case marked so; a condition is medium."""
    effects = {flag.effect for flag in flags}
    if effects & {FlagEffect.DENY, FlagEffect.ESCALATE} or any(case.high_risk for case in use_cases):
        return Risk.HIGH
    return Risk.MEDIUM if FlagEffect.CONDITION in effects else Risk.LOW


class _Case:
    """One application under the rules: each text is folded once."""

    def __init__(self, edition: Edition, answers: Answers, context: Context) -> None:
        self.edition = edition
        self.context = context
        asked = (question for question in edition.questions if question.asked(answers))
        self.values = {question.code: values_of(answers.get(question.code)) for question in asked}
        self.texts = dict(self._texts(answers))
        self.hits: dict[tuple[tuple[str, ...], str], Hits] = {}

    def _texts(self, answers: Answers) -> Iterator[tuple[str, Wording]]:
        left = LONGEST_TOGETHER
        for question in self.edition.questions:
            typed = answers.get(question.code)
            written = question.type in (QuestionType.TEXT, QuestionType.LONG_TEXT)
            if written and isinstance(typed, str) and question.code in self.values and left > 0:
                yield question.code, Wording(typed[:left])
                left -= min(len(typed), LONGEST)

    def raised(self, rule: ScreeningRule) -> _Place | None:
        found = (self._holds(when) for when in rule.when)
        return next((place for place in found if place is not None), None)

    def _holds(self, when: When) -> _Place | None:
        """Where the condition holds, or None: all that it states must."""
        place = _Place()
        for code, wanted in when.answers.items():
            if self.values.get(code, frozenset()).isdisjoint(wanted):
                return None
            place = _Place(code)
        if when.capabilities and set(when.capabilities).isdisjoint(self.context.capabilities):
            return None
        if when.use_cases and set(when.use_cases).isdisjoint(self.context.use_cases):
            return None
        for found in (self._missing(when), self._checked(when), self._written(when)):
            if found is None:
                return None
            place = found if found.question else place
        return place

    def _missing(self, when: When) -> _Place | None:
        if not when.missing:
            return _Place()
        empty = self._list((NO_ANSWER,))
        for code in when.missing:
            said = self.texts.get(code, NOTHING)
            alone = any(hit.first == 0 and hit.last == len(said.words) - 1 for hit in empty.find(said))
            wordless = code in self.texts and not said.words
            if code in self.values and (not self.values[code] or wordless or alone):
                return _Place(code)
        return None

    def _list(self, names: tuple[str, ...]) -> Phrases:
        listed = [phrase for name in names for phrase in self.edition.words.get(name, ())]
        return phrases(tuple(listed))

    def _written(self, when: When) -> _Place | None:
        if not when.words:
            return _Place()
        for code in when.questions or tuple(self.texts):
            words = self.texts.get(code, NOTHING).words
            near, against = self._found(when.near, code), self._found(when.unless, code)
            for hit in self._found(when.words, code):
                close = not when.near or any(
                    _goes_with(words, hit, other, when) for other in near.around(hit, when.within)
                )
                if close and not any(
                    _speaks_against(words, hit, other) for other in against.around(hit, when.unless_within)
                ):
                    return _Place(code, words[hit.first].start, words[hit.last].end)
        return None

    def _found(self, names: tuple[str, ...], code: str) -> Hits:
        """Where the words of these lists stand in an answer; looked for once, since many rules share a list."""
        key = (names, code)
        if key not in self.hits:
            self.hits[key] = self._list(names).find(self.texts.get(code, NOTHING))
        return self.hits[key]

    def _checked(self, when: When) -> _Place | None:
        if when.check is None:
            return _Place()
        mail = email_domain(normalise_email(self.context.email))
        site = read_domain(self.context.website)
        if when.check == Check.FREE_MAIL:
            return self._at(QuestionType.EMAIL) if mail and self.edition.is_free_mail(mail) else None
        if when.check == Check.OTHER_DOMAIN:
            differs = mail and site and _owned(mail) != _owned(site) and not self.edition.is_free_mail(mail)
            return self._at(QuestionType.URL) if differs else None
        return self._off_topic(when)

    def _off_topic(self, when: When) -> _Place | None:
        """A description of some length that has no word of any chosen use case."""
        chosen = [c for code in self.context.use_cases if (c := self.edition.use_cases.get(code)) and c.words]
        expected = tuple(word for case in chosen for word in case.words)
        said = [self.texts.get(code, NOTHING) for code in when.questions]
        if not expected or sum(len(part.words) for part in said) < _SHORTEST_JUDGED:
            return None
        met = any(any(True for _hit in phrases(expected).find(part)) for part in said)
        return None if met else _Place(when.questions[0])

    def _at(self, kind: QuestionType) -> _Place:
        return _Place(next((q.code for q in self.edition.questions if q.type == kind), ""))


def _goes_with(words: tuple[Word, ...], hit: Hit, other: Hit, when: When) -> bool:
    return not when.same_sentence or words[hit.first].sentence == words[other.first].sentence


def _speaks_against(words: tuple[Word, ...], hit: Hit, other: Hit) -> bool:
    """A word such as "not" in the same sentence, and not part of the find itself ("no alternative")."""
    part_of_it = hit.first <= other.first and other.last <= hit.last
    return not part_of_it and words[hit.first].sentence == words[other.first].sentence


def _owned(domain: str) -> str:
    """The part of a domain that somebody registers, well enough to compare two: example.co.uk, example.org."""
    parts = domain.split(".")
    size = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL else 2
    return ".".join(parts[-size:])
