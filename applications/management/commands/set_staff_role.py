"""`set_staff_role ADDRESS ROLE`: make somebody who has an account one of ours, or not any more."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.actions.staff import set_role
from applications.enums import StaffRole
from applications.models import User
from applications.queries.customer import confirmed_addresses
from applications.rules.identifiers import normalise_email

NOBODY = "none"


class Command(BaseCommand):
    help = "Give a person who signed up and confirmed their address a staff role; `none` takes it away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")
        parser.add_argument("role", choices=[NOBODY, *(role.value for role in StaffRole if role.value)])
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        address = normalise_email(options["address"])
        person = User.objects.filter(email=address, is_active=True).first() if address else None
        if person is None or address not in confirmed_addresses(person):
            raise CommandError(
                "Nobody has confirmed this address. The person signs up first, then run this again."
            )
        role = StaffRole("" if options["role"] == NOBODY else options["role"])
        changed = set_role(person, role, now=clock.now())
        if options["json"]:
            self.stdout.write(json.dumps({"role": options["role"], "changed": changed}))
        elif changed:
            self.stdout.write("Done. They are signed out, and need a second factor at their next sign-in.")
        else:
            self.stdout.write("They have this role already.")
