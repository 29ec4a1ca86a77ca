"""`create_gateway_key NAME --service CODE`: a key for a gateway, shown once."""

import json
import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.actions.gateway import create_key
from applications.exceptions import InvalidInput, NoEdition
from applications.queries.policy import edition_in_force


class Command(BaseCommand):
    help = "Make a key with which a gateway may ask about the services named. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the gateway; an existing one gets one more key")
        parser.add_argument("--service", action="append", required=True, help="service code; may be repeated")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gateway, key = create_key(
                options["name"],
                options["service"],
                secret=secrets.token_urlsafe(32),
                edition=edition_in_force(),
                now=clock.now(),
            )
        except InvalidInput as error:
            raise CommandError(" ".join(error.errors.values())) from error
        except NoEdition as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps({"gateway": gateway.name, "services": gateway.services, "key": key}))
        else:
            self.stdout.write(
                f"{gateway.name} ({', '.join(gateway.services)})\n{key}\nKeep it: it is not shown again."
            )
