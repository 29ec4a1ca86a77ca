"""Customers files for tests: one row by its fields, or as many generated rows as wanted, clean or with every fault."""

from __future__ import annotations

import csv
import io
import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta

from applications.rules.customers_file import HEADER

GUID = "dc4d27d9-ea49-4921-938f-7782a774e151"
OTHER_GUID = "0172a918-d6f2-4770-8889-741ea9c6e78d"
KEY = "a17045e285da06fb704407081bfebe9a"
FIELDS = {
    "customer": "Nordlys Airports A/S",
    "website": "https://www.nordlys.example",
    "country": "DK",
    "sector": "commercial",
    "contact_name": "Henrik Aagaard",
    "contact_email": "henrik@nordlys.example",
    "subscription_id": GUID,
    "services": "face",
    "first_used_on": "2021-06-17",
}


def record(**fields: str) -> list[str]:
    """The cells of one good row, with some of them changed."""
    assert fields.keys() <= FIELDS.keys()
    return list((FIELDS | fields).values())


def text(*records: list[str], end: str = "\n") -> str:
    """A whole file: the header and these records."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows([list(HEADER), *records])
    return out.getvalue()


def generated(rows: int, *, seed: int = 1) -> Iterator[str]:
    """Lines of a large file: three rows a customer, one to three services, and now and then a fault."""
    chance = random.Random(seed)
    yield ",".join(HEADER) + "\r\n"
    for number in range(rows):
        customer = number // 3
        services = ["face", "computer-vision", "video-indexer"][: chance.randint(1, 3)]
        guid = str(uuid.UUID(int=chance.getrandbits(128)))
        if number % 100 == 99:
            guid = chance.choice(
                (guid.replace("-", ""), f"/subscriptions/{guid}/resourceGroups/rg", guid.upper())
            )
        first_used_on = date(2019, 1, 1) + timedelta(days=chance.randrange(1340))
        yield (
            ",".join(
                (
                    f"Customer {customer} Ltd",
                    f"https://www.customer{customer}.example",
                    "XX" if number % 50 == 7 else "NL",
                    "commercial",
                    f"Søren Müller {number}",
                    "" if number % 40 == 3 else f"person{number}@customer{customer}.example",
                    guid,
                    ";".join(services),
                    first_used_on.isoformat(),
                )
            )
            + "\r\n"
        )
