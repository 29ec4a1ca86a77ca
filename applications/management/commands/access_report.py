"""`access_report --on D`: who had access to what at an instant, by which right, as CSV on standard output."""

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date, parse_datetime

from applications.queries.report import as_csv, held_at, start_of


class Command(BaseCommand):
    help = (
        "Every subscription and capability that a right opened at an instant, as the access rule answers it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--on", required=True, help="a day (its first instant) or an ISO instant with its zone"
        )
        parser.add_argument("--customer", type=int, help="the id of one customer")
        parser.add_argument("--json", action="store_true", help="only the number of lines, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = held_at(read_on(options["on"]), options["customer"])
        if options["json"]:
            self.stdout.write(json.dumps({"rows": sum(1 for _row in rows)}))
            return
        for line in as_csv(rows):
            self.stdout.write(line, ending="")


def read_on(text: str) -> datetime:
    """Raises CommandError for what is neither a day nor an instant."""
    try:
        found: date | datetime | None = parse_date(text) or parse_datetime(text)
    except ValueError:
        found = None
    if isinstance(found, datetime) and found.tzinfo is not None:
        return found.astimezone(UTC)
    if isinstance(found, date) and not isinstance(found, datetime):
        return start_of(found)
    raise CommandError("--on takes a day such as 2023-07-01, or an ISO instant with its zone.")
