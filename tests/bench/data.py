"""The data sets of the bench: seeded once by size, kept in var/bench, and copied for each run, which may change all.

`python -m tests.bench.data NUMBER` seeds the database that DATABASE_URL names.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from urllib.parse import unquote, urlsplit

import django
import psycopg
from django.core.management import call_command

from tests.faults import world
from tests.faults.world import ROOT

SMALL = 10_000
SOURCE = "portal/demo/scale.py"
EDITION = ROOT / "applications" / "editions" / "2022-06-21.toml"


def use(number: int, copy: str = "bench") -> str:
    """The address of a copy of the set with so many customers; the set is made when it is missing."""
    digest = hashlib.sha256((ROOT / SOURCE).read_bytes()).hexdigest()[:8]
    name = f"scale_{number}_{digest}"
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    parts = urlsplit(server)
    with psycopg.connect(host=unquote(parts.hostname or ""), user="postgres", autocommit=True) as admin:
        held = {row[0] for row in admin.execute("SELECT datname FROM pg_database").fetchall()}
        for old in sorted(one for one in held if one == copy or one.endswith("_unfinished")):
            admin.execute(f'DROP DATABASE "{old}"')
        for old in sorted(one for one in held if one.startswith(f"scale_{number}_") and one != name):
            admin.execute(f'DROP DATABASE IF EXISTS "{old}"')
        began = time.monotonic()
        if name not in held:
            admin.execute(f'CREATE DATABASE "{name}_unfinished"')
            _seed(f"{server}/{name}_unfinished", number)
            admin.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
        else:
            _seed(f"{server}/{name}", 0)
        print(f"{name}: {'kept' if name in held else 'seeded'}, {time.monotonic() - began:.0f} s", flush=True)
        admin.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}" STRATEGY file_copy')
    return f"{server}/{copy}"


def _seed(address: str, number: int) -> None:
    """In a process of its own, since a process of Django has one database; with 0 only what has moved on since."""
    subprocess.run(
        [sys.executable, "-m", "tests.bench.data", str(number)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        check=True,
    )


def main() -> int:
    number = int(sys.argv[1])
    django.setup()
    call_command("migrate", verbosity=0)
    from django.db import connection  # noqa: PLC0415 -- these need Django set up

    from applications.models import PolicyEdition  # noqa: PLC0415
    from portal.demo.scale import seed_scale  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows that refer to each other, made by us
    now = world.now()
    if number:
        row, edition = factories.edition_row(now=now), factories.read_file()
        seed_scale(number, edition=edition, row=row, now=now)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")  # as a table that has been there for a while
    else:
        text = EDITION.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        PolicyEdition.objects.filter(in_force=True).update(text=text, digest=digest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
