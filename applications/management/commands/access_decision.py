"""`access_decision SUBSCRIPTION CAPABILITY`: may this subscription use this capability, now or at an instant?"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language

from applications import clock
from applications.exceptions import NoEdition
from applications.queries.decision import Decision, decide_at, decide_one, explain, facts_of
from applications.rules.access import Trace
from applications.rules.identifiers import Problem, read_subscription

BATCH = 500


class Command(BaseCommand):
    help = "Answer whether a subscription may use a capability. A deny is an answer: exit 0."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subscription", help="a GUID, or - to read subscription,capability[,at] lines")
        parser.add_argument("capability", nargs="?", help="for example face.identification")
        parser.add_argument("--at", help="an ISO instant with its zone; the default is now")
        parser.add_argument(
            "--explain", action="store_true", help="show each step of the rule as it was tried"
        )
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        at = read_instant(options["at"]) if options["at"] else clock.now()
        if options["subscription"] == "-":
            self._lines(at)
            return
        if not options["capability"]:
            raise CommandError("Name a capability too, for example face.identification.")
        guid = read_subscription(options["subscription"])
        if isinstance(guid, Problem):
            raise CommandError(f"This is not a subscription id ({guid.code}).")
        trace = Trace()
        try:
            decision = decide_one(UUID(guid), options["capability"], at, trace)
        except NoEdition as error:
            raise CommandError(error.message) from error
        if options["explain"]:
            facts, _edition = facts_of(UUID(guid), options["capability"])
            out = self.stderr if options["json"] else self.stdout
            for line in explain(decision, facts, trace):
                out.write(line)
        self._answer(decision, as_json=options["json"])

    def _answer(self, decision: Decision, *, as_json: bool) -> None:
        answer = decision.as_json()
        if as_json:
            self.stdout.write(json.dumps(answer))
            return
        word = "ALLOW" if answer["allowed"] else "DENY"
        self.stdout.write(
            f"{word} {answer['reason']} · until {answer['ends_at'] or '–'} · {answer['evaluated_at']}"
        )
        if answer["next_step"]:
            self.stdout.write(answer["next_step"])

    def _lines(self, at: datetime) -> None:
        """Answer standard input in batches: memory does not grow with the number of lines."""
        numbered = ((number, line.strip()) for number, line in enumerate(sys.stdin, 1))
        try:
            for batch in batched_lines(numbered):
                for answer in answers(batch, at):
                    self.stdout.write(json.dumps(answer))
        except NoEdition as error:
            raise CommandError(error.message) from error


def batched_lines(numbered: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    batch: list[tuple[int, str]] = []
    for number, line in numbered:
        if line:
            batch.append((number, line))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def answers(batch: list[tuple[int, str]], at: datetime) -> Iterator[dict[str, Any]]:
    """One object a line, in order: a decision, or `{"line", "error"}` that never echoes the line."""
    read = [(number, _question(line, at)) for number, line in batch]
    decisions = iter(decide_at([question for _n, question in read if not isinstance(question, str)]))
    language = get_language()
    for number, question in read:
        if isinstance(question, str):
            yield {"line": number, "error": question}
        else:
            yield next(decisions).as_json(language)


def _question(line: str, at: datetime) -> tuple[UUID, str, datetime] | str:
    subscription, *rest = (part.strip() for part in line[:4096].split(","))
    if not 1 <= len(rest) <= 2:
        return "columns"
    guid = read_subscription(subscription)
    if isinstance(guid, Problem):
        return f"subscription_{guid.code}"
    try:
        return UUID(guid), rest[0], read_instant(rest[1]) if len(rest) == 2 and rest[1] else at
    except CommandError:
        return "at"


def read_instant(text: str) -> datetime:
    """An aware instant out of ISO text; a date without zone would be a guess, so it is refused."""
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CommandError("--at takes an ISO instant with its zone, for example 2023-07-01T00:00:00Z.")
    return at.astimezone(UTC)
