"""`seed_scale --customers N`: as many customers as a large vendor has, for measuring."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.exceptions import NoEdition
from applications.queries.policy import edition_in_force, edition_in_force_row
from portal.demo.scale import seed_scale


class Command(BaseCommand):
    help = "Write N customers with rights and applications; what stands already is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, required=True)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["customers"] < 1:
            raise CommandError("--customers takes a number from 1 on.")
        try:
            edition, row = edition_in_force(), edition_in_force_row()
        except NoEdition as error:
            raise CommandError(error.message) from error
        written = seed_scale(options["customers"], edition=edition, row=row, now=clock.now())
        self.stdout.write(json.dumps(written) if options["json"] else f"written: {written}")
