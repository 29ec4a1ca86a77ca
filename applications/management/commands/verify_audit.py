"""`verify_audit`: is the audit trail what was sealed? Exit 0 when it is; else the first row that is not is named.

`--checkpoint FILE` writes a signed checkpoint where there is no file yet; where there is one, it proves that nothing
before it was changed since, also by somebody who made every seal anew.
"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.queries.audit import Checkpoint, export, read_checkpoint, verify


class Command(BaseCommand):
    help = (
        "Read the audit trail and its seals again and name the first row that was changed, dropped or added."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one line of JSON")

        parser.add_argument("--checkpoint", metavar="FILE", help="write a signed checkpoint, or prove by one")

    def handle(self, *args: Any, **options: Any) -> None:
        place = Path(options["checkpoint"]) if options["checkpoint"] else None
        against = _read(place) if place and place.exists() else None
        found = verify(against)
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
        if place and against is None:
            place.write_text(export(found, f"{clock.now():%FT%TZ}") + "\n", encoding="ascii")
        elif against and not options["json"]:
            self.stdout.write(f"nothing up to seal {against.number} was changed since the checkpoint")


def _read(place: Path) -> Checkpoint:
    found = read_checkpoint(place.read_text(encoding="utf-8", errors="replace").strip())
    if found is None:
        raise CommandError("This is no checkpoint that a key of ours has signed.")
    return found
