"""Floor 6: `--as-of`, the instant a duty takes for now (contract, design §8)."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from applications import clock
from applications.queries.decision import instant

REAL_CLOCK = "applications.clock.system_now"


class DutyCommand(BaseCommand):
    """A command that does one duty: `--as-of`, `--dry-run`, `--json`; the answer is the last line."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", help="an ISO instant with its zone that stands for now")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def answer(self, at: datetime, numbers: Mapping[str, int], options: Mapping[str, Any]) -> None:
        found = {"as_of": instant(at), **numbers, "dry_run": options["dry_run"]}
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for name, value in found.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {value}")


def read_as_of(options: Mapping[str, Any]) -> datetime:
    """The instant of the run. The future is for a dry run, or for a clock that may be moved.

    Raises CommandError for text that is no instant.
    """
    now = clock.now()
    text = options["as_of"]
    if not text:
        return now
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CommandError("--as-of takes an ISO instant with its zone, for example 2023-07-01T00:00:00Z.")
    if at > now and not options["dry_run"] and settings.CLOCK == REAL_CLOCK:
        raise CommandError(
            "--as-of in the future is for --dry-run only: ends and mails cannot be taken back."
        )
    return at.astimezone(UTC)
