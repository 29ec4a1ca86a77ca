"""`sweep_all`: every duty once, for a timer that needs neither Celery nor Redis."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.jobs.sweep import sweep
from applications.queries.decision import instant


class Command(BaseCommand):
    help = "Do all duties once: ends, reminders, lapses, delivery, previews, seals. Safe beside the worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        worked = sweep(now)
        if options["json"]:
            self.stdout.write(json.dumps({"as_of": instant(now), "duties": worked}))
        else:
            for duty, good in worked.items():
                self.stdout.write(f"{duty}: {'done' if good else 'failed'}")
        if not all(worked.values()):
            raise CommandError("A duty failed; the log says why.")
