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

from tests.faults.world import ROOT

SOURCES = ("portal/demo/scale.py", "applications/editions/2022-06-21.toml")


def use(number: int) -> str:
    """A copy of the set with so many customers becomes the database of this process; the set is made when missing."""
    digest = hashlib.sha256(b"".join((ROOT / source).read_bytes() for source in SOURCES)).hexdigest()[:8]
    name = f"scale_{number}_{digest}"
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    parts = urlsplit(server)
    with psycopg.connect(host=unquote(parts.hostname or ""), user="postgres", autocommit=True) as admin:
        held = {row[0] for row in admin.execute("SELECT datname FROM pg_database").fetchall()}
        for old in sorted(one for one in held if one == "bench" or one.endswith("_unfinished")):
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
        admin.execute(f'CREATE DATABASE bench TEMPLATE "{name}" STRATEGY file_copy')
    os.environ["DATABASE_URL"] = f"{server}/bench"
    return name


def _seed(address: str, number: int) -> None:
    """In a process of its own, since a process of Django has one database; with 0 only what the code has moved on."""
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
    if not number:
        return 0
    from django.db import connection  # noqa: PLC0415 -- these need Django set up

    from portal.demo.scale import seed_scale  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415
    from tests.faults import world  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows that refer to each other, made by us
    row, edition, now = factories.edition_row(now=world.now()), factories.read_file(), world.now()
    seed_scale(number, edition=edition, row=row, now=now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
