"""`seed_demo`: the demo's customers, people and applications, once."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from applications.models import Application, Customer
from portal.demo.seed import seed


class Command(BaseCommand):
    help = "Make the demo's data; what stands already is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = options["json"]
        made = seed(lambda step: None if quiet else self.stdout.write(f"  demo: {step}"))
        counts = {
            "seeded": made,
            "customers": Customer.objects.count(),
            "applications": Application.objects.count(),
        }
        if quiet:
            self.stdout.write(json.dumps(counts))
        elif not made:
            self.stdout.write("  demo: data kept")
