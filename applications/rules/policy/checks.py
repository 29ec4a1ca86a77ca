"""What must hold between the parts of an edition: references, dates, and that every gate can be passed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .catalogue import AtGate, Capability, Gate, UseCase
from .form import CHOSEN, OnlyIf, Question, QuestionType, Section
from .review import Condition, Example, Reason, ScreeningRule, When

Fault = tuple[str, str, str]
"""Key path, rule, message."""


@dataclass(frozen=True)
class Parts:
    """The parts that could be read, and the names of all that the file has, so that one fault is told once.
    What asks for the absence of something is asked of a `whole` edition only."""

    gates: Mapping[str, Gate]
    capabilities: Mapping[str, Capability]
    use_cases: Mapping[str, UseCase]
    reasons: Mapping[str, Reason]
    conditions: Mapping[str, Condition]
    screening: Mapping[str, ScreeningRule]
    causes: Mapping[str, Any]
    sections: tuple[Section, ...]
    eligibility: Mapping[str, Any]
    words: frozenset[str]
    names: Mapping[str, frozenset[str]]
    whole: bool

    @classmethod
    def of(cls, raw: Mapping[str, Any], names: Mapping[str, frozenset[str]], *, whole: bool) -> "Parts":
        words = raw.get("words")
        tables = ("gates", "capabilities", "use_cases", "reasons", "conditions", "screening", "causes")
        return cls(
            **{table: raw.get(table) or {} for table in tables},
            sections=raw.get("sections") or (),
            eligibility=raw.get("eligibility") or {},
            words=frozenset(words if isinstance(words, Mapping) else ()),
            names=names,
            whole=whole,
        )

    @property
    def questions(self) -> dict[str, Question]:
        return {question.code: question for section in self.sections for question in section.questions}

    def unknown(self, table: str, key: str, codes: Iterable[str | None]) -> Iterator[Fault]:
        known = self.words if table == "words" else self.names[table]
        for code in codes:
            if code is not None and code not in known:
                yield (
                    key,
                    "unknown-reference",
                    f"'{code}' is not one of the {table.replace('_', ' ')} of this edition",
                )


def check(parts: Parts) -> list[Fault]:
    return [fault for one in _CHECKS for fault in one(parts)]


def _gates(parts: Parts) -> Iterator[Fault]:
    for code, gate in parts.gates.items():
        key = f"gates.{code}"
        if gate.last_day < gate.cut_on:
            yield f"{key}.last_day", "dates", f"the last day {gate.last_day} is before the cut {gate.cut_on}"
        if gate.announced_on > gate.cut_on:
            yield (
                f"{key}.announced_on",
                "dates",
                f"announced on {gate.announced_on}, after the cut {gate.cut_on}",
            )
        if len(set(gate.reminder_days)) != len(gate.reminder_days):
            yield f"{key}.reminder_days", "duplicate", "names a day twice"


def _capabilities(parts: Parts) -> Iterator[Fault]:
    features: dict[str, str] = {}
    for code, capability in parts.capabilities.items():
        key = f'capabilities."{code}"'
        yield from parts.unknown("services", f"{key}.service", [capability.service])
        yield from parts.unknown("gates", f"{key}.gate", [capability.gate])
        yield from parts.unknown("capabilities", f"{key}.grants_also", capability.grants_also)
        if not code.startswith(f"{capability.service}."):
            yield key, "code", f"must begin with its service: '{capability.service}.'"
        if capability.api_feature and capability.service:
            name = f"{capability.service}/{capability.api_feature.casefold()}"
            if name in features:
                yield f"{key}.api_feature", "duplicate", f"is the feature of '{features[name]}' too"
            features[name] = code
        yield from _capability_dates(parts, key, capability)


def _capability_dates(parts: Parts, key: str, capability: Capability) -> Iterator[Fault]:
    gate = parts.gates.get(capability.gate or "")
    new, existing, opened = (
        capability.last_day_for_new,
        capability.last_day_for_existing,
        capability.opened_on,
    )
    if capability.gate is None and capability.at_gate != AtGate.APPROVAL:
        yield f"{key}.at_gate", "dates", "means nothing without a gate"
    if capability.gate is None and opened:
        yield f"{key}.opened_on", "dates", "opens what no gate ever closed"
    if gate and opened and opened < gate.cut_on:
        yield f"{key}.opened_on", "dates", f"opens on {opened}, before the cut {gate.cut_on}"
    if capability.at_gate == AtGate.RETIREMENT and (opened or new or existing):
        yield f"{key}.at_gate", "dates", "retires at its gate; its own dates would say otherwise"
    if (new is None) != (existing is None):
        yield key, "dates", "names a last day for one class of customers only; name it for new and existing"
    if new and existing and existing < new:
        yield f"{key}.last_day_for_existing", "dates", f"existing customers lose it before new ones ({new})"
    if capability.gate is None and new != existing:
        yield key, "dates", "tells new from existing customers without a gate that says who is which"


def _use_cases(parts: Parts) -> Iterator[Fault]:
    for code, case in parts.use_cases.items():
        key = f"use_cases.{code}"
        yield from parts.unknown("capabilities", f"{key}.capabilities", case.capabilities)
        yield from parts.unknown("paragraphs", f"{key}.paragraph", [case.paragraph])
        if not case.sectors:
            yield f"{key}.sectors", "empty", "names no sector: nobody could choose it"
        for named in case.capabilities:
            found = parts.capabilities.get(named)
            if found and (found.gate is None or found.at_gate == AtGate.RETIREMENT):
                yield (
                    f"{key}.capabilities",
                    "not-gated",
                    f"'{named}' needs no approval, so it takes no use case",
                )


def _reachable(parts: Parts) -> Iterator[Fault]:
    """A gated capability that no use case and no approval of another one reaches locks everybody out."""
    if not parts.whole:
        return
    reached = {code for case in parts.use_cases.values() for code in case.capabilities}
    reached |= {code for c in parts.capabilities.values() if c.code in reached for code in c.grants_also}
    for code, capability in parts.capabilities.items():
        gated = capability.gate is not None and capability.at_gate == AtGate.APPROVAL
        if gated and capability.opened_on is None and code not in reached:
            yield (
                f'capabilities."{code}"',
                "unreachable",
                "is gated, but no use case and no grants_also reaches it",
            )


def _form(parts: Parts) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for section in parts.sections:
        for question in section.questions:
            key = f"sections.{section.code}.questions.{question.code}"
            if question.code in seen:
                yield key, "duplicate", f"stands in section '{seen[question.code]}' too"
            seen[question.code] = section.code
            if (question.type in CHOSEN) != bool(question.choices):
                yield (
                    f"{key}.choices",
                    "choices",
                    "belong to the types choice and multi_choice, and only to those",
                )
            if question.only_if:
                yield from _only_if(parts, f"{key}.only_if", question.code, question.only_if)
    kinds = {question.type for question in parts.questions.values()}
    for needed in (QuestionType.SUBSCRIPTIONS, QuestionType.CAPABILITIES, QuestionType.USE_CASES):
        if parts.whole and needed not in kinds:
            yield "sections", "missing", f"no question of type {needed}: nothing could be applied for"


def _only_if(parts: Parts, key: str, code: str, rule: OnlyIf) -> Iterator[Fault]:
    yield from _answers(parts, key, {rule.question: rule.any})
    if rule.question == code:
        yield key, "unknown-reference", "depends on itself"


def _answers(parts: Parts, key: str, answers: Mapping[str, Any]) -> Iterator[Fault]:
    questions = parts.questions
    for code, values in answers.items():
        question = questions.get(code)
        if question is None:
            if parts.whole:
                yield f"{key}.{code}", "unknown-reference", "is not a question of this edition"
            continue
        possible = question.possible_answers()
        for value in values:
            if possible is not None and value not in possible:
                yield f"{key}.{code}", "unknown-reference", f"'{value}' is not an answer to that question"


def _eligibility(parts: Parts) -> Iterator[Fault]:
    """What is asked before the form is a question of the form; what stands in the way is a reason of a denial."""
    if not parts.whole:
        return
    for code, refused in parts.eligibility.items():
        yield from _answers(parts, "eligibility", {code: tuple(refused)})
        yield from parts.unknown("reasons", f"eligibility.{code}", refused.values())


def _decisions(parts: Parts) -> Iterator[Fault]:
    for code, reason in parts.reasons.items():
        yield from parts.unknown("paragraphs", f"reasons.{code}.paragraph", [reason.paragraph])
    for code, condition in parts.conditions.items():
        yield from parts.unknown("paragraphs", f"conditions.{code}.paragraph", [condition.paragraph])
    for code, cause in parts.causes.items():
        yield from parts.unknown("capabilities", f"causes.{code}.capabilities", cause.capabilities)
        if not (cause.all or cause.any or cause.statuses):
            yield f"causes.{code}", "empty", "has nothing to be recognised by: all, any or statuses"


def _screening(parts: Parts) -> Iterator[Fault]:
    for code, rule in parts.screening.items():
        key = f"screening.{code}"
        yield from parts.unknown("paragraphs", f"{key}.paragraph", [rule.paragraph])
        if rule.guidance_from and rule.guidance_from >= rule.valid_from:
            yield (
                f"{key}.guidance_from",
                "dates",
                f"is not before {rule.valid_from}, from when the rule holds",
            )
        for name in ("when", "raises", "passes"):
            if not getattr(rule, name):
                yield f"{key}.{name}", "empty", "must have at least one member"
        for number, when in enumerate(rule.when):
            yield from _when(parts, f"{key}.when.{number}", when)
        for name, examples in (("raises", rule.raises), ("passes", rule.passes)):
            for number, example in enumerate(examples):
                yield from _example(parts, f"{key}.{name}.{number}", example)


def _when(parts: Parts, key: str, when: When) -> Iterator[Fault]:
    if not when.model_fields_set:
        yield key, "empty", "states nothing, so it would raise always"
    yield from _answers(parts, f"{key}.answers", when.answers)
    questions = [*when.missing, *when.questions]
    yield from _answers(parts, key, dict.fromkeys(questions, ()))
    for table, codes in (
        ("capabilities", when.capabilities),
        ("use_cases", when.use_cases),
        ("words", (*when.words, *when.near, *when.unless)),
    ):
        yield from parts.unknown(table, key, codes)
    if (when.near or when.unless) and not when.words:
        yield key, "empty", "near and unless need words to be near to"


def _example(parts: Parts, key: str, example: Example) -> Iterator[Fault]:
    listed = {
        code: (value,) if isinstance(value, str) else value
        for code, value in example.answers.items()
        if not isinstance(value, bool)
    }
    yield from _answers(parts, f"{key}.answers", listed)


_CHECKS: tuple[Callable[[Parts], Iterator[Fault]], ...] = (
    _gates,
    _capabilities,
    _use_cases,
    _reachable,
    _form,
    _eligibility,
    _decisions,
    _screening,
)
