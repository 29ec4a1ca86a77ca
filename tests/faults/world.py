"""Servers and data of a fault run: PostgreSQL with fsync on, a mail sink, and customers whose rights end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests.harness import servers
from tests.processes.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
LONG_AGO = timedelta(days=400)


def prepare(*settings: str, data: Path | None = None) -> None:
    """Set the environment and start PostgreSQL. Everything ends with this process, but for `data` when it is given."""
    place = servers.folder()
    (place / "var").mkdir()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEBUG": "0",
        "SECRET_KEY": "faults-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SITE_URL": "http://localhost",
        "LOG_LEVEL": "ERROR",
        "VAR_DIR": str(place / "var"),
        "DATABASE_URL": servers.start_postgresql(
            place, "fsync=on", "synchronous_commit=on", "full_page_writes=on", *settings, data=data
        ),
        "EMAIL_URL": f"smtp://127.0.0.1:{free_port()}",
    }


@dataclass(slots=True)
class Sink:
    """A mail server that logs each Message-ID it took; `rude` drops the line before it has answered."""

    port: int
    rude: float = 0.0
    seed: int = 0
    taken: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        lines = envelope.content.decode(errors="replace").splitlines()
        self.taken[
            next(line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("message-id:"))
        ] += 1
        if self.rude and random.Random(f"{self.seed}{sum(self.taken.values())}").random() < self.rude:
            server.transport.abort()
        return "250 taken"


@contextmanager
def sink(rude: float = 0.0, seed: int = 0) -> Iterator[Sink]:
    port = int(os.environ["EMAIL_URL"].rpartition(":")[2])
    found = Sink(port, rude, seed)
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


def run_and_kill(command: list[str], rng: random.Random, kills: int, longest_s: float) -> int:
    """Run a command again and again, each time killed (-9) after a random while, then once to its end."""
    done = 0
    for _ in range(kills):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(rng.uniform(0.3, longest_s))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return done


def manage(*words: str) -> list[str]:
    return [sys.executable, "manage.py", *words]


def now() -> datetime:
    return datetime.now(UTC)


def empty() -> None:
    """Start a fault from nothing but the edition."""
    from django.core.management import call_command  # noqa: PLC0415 -- Django is set up by `prepare`

    from tests import factories  # noqa: PLC0415

    call_command("flush", "--no-input", verbosity=0)
    factories.edition_row(now=now() - LONG_AGO)


def clear() -> None:
    """As `empty`, in a moment: the edition stays."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE applications_customer, applications_auditevent, applications_change, applications_jobrun,"
            " applications_mailswitch, applications_deadlinepreview CASCADE"
        )


def customers(number: int, ends_at: datetime, *, capability: str = "face.identification") -> list[Any]:
    """So many customers with one contact and one right each that ends at the instant; answers the rights."""
    from applications.models import AccessGrant, Contact, Customer, Subscription  # noqa: PLC0415

    began = ends_at - LONG_AGO
    made = Customer.objects.bulk_create(
        Customer(name=f"Customer {n}", name_key=f"customer {n}", created_at=began, imported_at=began)
        for n in range(number)
    )
    Contact.objects.bulk_create(
        Contact(customer=one, email=f"c{one.pk}@customer.example", time_zone=noon_zone()) for one in made
    )
    held = Subscription.objects.bulk_create(
        Subscription(guid=uuid.uuid4(), customer=one, known_at=began) for one in made
    )
    return AccessGrant.objects.bulk_create(
        AccessGrant(
            subscription=one,
            customer_id=one.customer_id,
            capability=capability,
            basis="approval",
            starts_at=began,
            ends_at=ends_at,
            granted_at=began,
        )
        for one in held
    )


def noon_zone() -> str:
    """A zone where it is about noon, so that mails need not wait for a decent hour."""
    hour = now().hour
    return "Etc/GMT" + (f"{hour - 12:+d}" if hour != 12 else "")


def wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - now()).total_seconds()))
