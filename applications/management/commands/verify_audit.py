"""`verify_audit`: is the audit trail what was sealed? Exit 0 when it is; else the first row that is not is named."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from applications.queries.audit import verify


class Command(BaseCommand):
    help = (
        "Read the audit trail and its seals again and name the first row that was changed, dropped or added."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify()
        if options["json"]:
            self.stdout.write(json.dumps({"ok": found.finding is None, **asdict(found)}))
        else:
            self.stdout.write(
                f"{found.seals} seals over {found.events} rows, {found.unsealed} rows not sealed yet"
            )
            self.stdout.write(f"newest seal: {found.head}")
        if found.finding is not None:
            row = f", row {found.finding.event}" if found.finding.event is not None else ""
            raise CommandError(f"Not as sealed: {found.finding.what} in seal {found.finding.seal}{row}.")
