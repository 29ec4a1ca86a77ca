"""`revoke_overdue`: close the rights whose end is past, or say beforehand whom that would touch."""

from dataclasses import asdict
from typing import Any

from applications.enums import Source
from applications.jobs.ends import close_ended, preview_ends
from applications.management.as_of import DutyCommand, read_as_of


class Command(DutyCommand):
    help = "Record, hand on and tell what has ended. Access itself ends at its instant without any job."

    def handle(self, *args: Any, **options: Any) -> None:
        at = read_as_of(options)
        done = preview_ends(at) if options["dry_run"] else close_ended(at, source=Source.COMMAND)
        self.answer(at, asdict(done), options)
