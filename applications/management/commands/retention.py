"""`retention`: warn of, empty and delete what was kept long enough; `--dry-run` says how much that would be."""

from typing import Any

from applications.jobs.retention import forget, would_forget
from applications.management.as_of import DutyCommand, read_as_of


class Command(DutyCommand):
    help = "Forget what was kept long enough, one batch of each class; nothing of a customer on hold."

    def handle(self, *args: Any, **options: Any) -> None:
        at = read_as_of(options)
        self.answer(at, would_forget(at) if options["dry_run"] else forget(at), options)
