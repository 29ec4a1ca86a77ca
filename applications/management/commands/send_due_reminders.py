"""`send_due_reminders`: record the warnings that are due; the outbox hands them over (`deliver_messages`)."""

from dataclasses import asdict
from typing import Any

from applications.jobs.reminders import record_reminders
from applications.management.as_of import DutyCommand, read_as_of


class Command(DutyCommand):
    help = "Record every reminder that is due; only the newest of several goes out."

    def handle(self, *args: Any, **options: Any) -> None:
        at = read_as_of(options)
        self.answer(at, asdict(record_reminders(at, dry_run=options["dry_run"])), options)
