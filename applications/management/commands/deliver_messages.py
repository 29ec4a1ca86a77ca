"""`deliver_messages`: hand over what waits in the outbox, once."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from applications import clock
from applications.jobs.delivery import deliver
from applications.queries.decision import instant


class Command(BaseCommand):
    help = "Hand over the messages that are due, up to the ceilings, unless mail is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        counts = deliver(now)
        if options["json"]:
            self.stdout.write(json.dumps({"as_of": instant(now), **counts}))
            return
        for name, count in counts.items() or [("nothing", 0)]:
            self.stdout.write(f"{name.replace('_', ' ')}: {count}")
