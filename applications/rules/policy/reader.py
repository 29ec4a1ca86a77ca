"""Reads an edition strictly: every fault at once, each with its place and the rule it breaks."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from .base import Named
from .catalogue import Capability, Gate, Service, UseCase
from .checks import Parts, check
from .edition import Edition
from .form import Question, Section
from .problems import PolicyError, Problem
from .review import Cause, Condition, Paragraph, Reason, ScreeningRule

LONGEST_FILE = 1_000_000
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_RULES = {"extra_forbidden": "unknown-key", "missing": "missing", "enum": "choice"}
_TABLES: dict[str, type[Named]] = {
    "gates": Gate,
    "services": Service,
    "capabilities": Capability,
    "use_cases": UseCase,
    "paragraphs": Paragraph,
    "reasons": Reason,
    "conditions": Condition,
    "screening": ScreeningRule,
    "causes": Cause,
}


def read_edition(text: str, source: str = "edition") -> Edition:
    """The edition that `text` (TOML) says; raises `PolicyError` with every problem found."""
    return _Reader(text, source).read()


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.problems: list[Problem] = []
        self.language = "en"

    def read(self) -> Edition:
        raw = self._parse()
        if isinstance(raw.get("language"), str):
            self.language = raw["language"]
        names = {table: frozenset(_mapping(raw.get(table))) for table in _TABLES}
        for table, model in _TABLES.items():
            if table in raw:
                raw[table] = dict(self._items(model, raw[table], table))
        if "sections" in raw:
            raw["sections"] = tuple(self._sections(raw["sections"]))
        edition = self._validate(Edition, raw, "")
        for key, rule, message in check(Parts.of(raw, names, whole=not self.problems)):
            self._report(key, rule, message)
        if self.problems or edition is None:
            raise PolicyError(tuple(self.problems))
        return edition

    def _parse(self) -> dict[str, Any]:
        if len(self.text) > LONGEST_FILE:
            self._report("", "size", f"the file is longer than {LONGEST_FILE} characters")
            raise PolicyError(tuple(self.problems))
        try:
            return {key: _frozen(value) for key, value in tomllib.loads(self.text).items()}
        except tomllib.TOMLDecodeError as error:
            raise PolicyError((self._syntax(error),)) from None
        except RecursionError:
            self._report("", "syntax", "is nested too deeply")
            raise PolicyError(tuple(self.problems)) from None

    def _syntax(self, error: tomllib.TOMLDecodeError) -> Problem:
        message = str(error)
        found = _AT_LINE.search(message)
        line = int(found.group(1)) if found else self.text.count("\n") + 1
        return Problem(self.source, line, "", "syntax", _AT_LINE.sub("", message))

    def _items(self, model: type[Named], table: Any, key: str, **extra: str) -> Iterator[tuple[str, Any]]:
        """The members of a labelled table under their codes; those with faults are reported and left out."""
        if not isinstance(table, Mapping):
            self._report(key, "type", "must be a table of tables")
            return
        for code, item in table.items():
            place = f"{key}.{_quoted(code)}"
            if not isinstance(item, Mapping):
                self._report(place, "type", "must be a table")
                continue
            own = sorted({"code", *extra} & item.keys())
            for name in own:
                self._report(f"{place}.{name}", "unknown-key", "stands in the table's name already")
            built = self._validate(model, {**item, "code": code, **extra}, place)
            if built is not None:
                yield code, built

    def _sections(self, table: Any) -> Iterator[Section]:
        opened = {}
        for code, item in table.items() if isinstance(table, Mapping) else ():
            if isinstance(item, Mapping):
                key = f"sections.{_quoted(code)}.questions"
                questions = {
                    name: _labelled(question) for name, question in _mapping(item.get("questions")).items()
                }
                built = tuple(q for _, q in self._items(Question, questions, key, section=code))
                opened[code] = {**item, "questions": built}
            else:
                opened[code] = item
        yield from (s for _, s in self._items(Section, opened if opened else table, "sections"))

    def _validate(self, model: Any, value: Mapping[str, Any], place: str) -> Any:
        try:
            return model.model_validate(value, context={"language": self.language})
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False):
                key = ".".join([place, *(_quoted(str(part)) for part in fault["loc"])]).strip(".")
                kind = fault["type"]
                rule = _RULES.get(kind, "type" if kind.endswith("_type") else kind.replace("_", "-"))
                self._report(key, rule, _message(kind, fault["msg"]))
            return None

    def _report(self, key: str, rule: str, message: str) -> None:
        self.problems.append(Problem(self.source, None, key, rule, message))


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down: what is read never changes."""
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    if isinstance(value, dict):
        return {key: _frozen(part) for key, part in value.items()}
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _labelled(question: Any) -> Any:
    """`choices.commercial = "Commercial"` as an ordered list of choices."""
    if not isinstance(question, Mapping) or not isinstance(question.get("choices"), Mapping):
        return question
    choices = tuple({"code": code, "label": label} for code, label in question["choices"].items())
    return {**question, "choices": choices}


def _quoted(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9_-]+", code) else f'"{code[:80]}"'


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is a key that nobody reads"
    if kind == "missing":
        return "is missing"
    return message[:1].lower() + message[1:]
