"""Floor 3: who had access to what at an instant, and by which right: what the access rule says, as lines of a table."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby, islice
from typing import Any

from django.db.models import Q

from applications.models import AccessGrant
from applications.queries.decision import decide_many, instant
from applications.queries.policy import edition_in_force
from applications.rules.spreadsheet import cell

COLUMNS = (
    "at",
    "customer_id",
    "customer",
    "subscription_id",
    "capability",
    "basis",
    "right",
    "use_case",
    "starts_at",
    "ends_at",
    "application",
    "edition",
)
_PAIRS = 500
_FIELDS = (
    "pk",
    "subscription__guid",
    "capability",
    "customer_id",
    "customer__name",
    "basis",
    "use_case",
    "starts_at",
    "ends_at",
    "revoked_at",
    "item__application__reference",
)


def start_of(day: date) -> datetime:
    """The instant at which a day begins, in the zone of the policy. Raises NoEdition."""
    return edition_in_force().day_starts_at(day)


def held_at(at: datetime, customer_id: int | None = None) -> Iterator[list[str]]:
    """One line a subscription and capability that a right opened at `at`, by what is recorded now.

    The right is the one that the access rule names; what was open to everybody has none and is not listed. Reads
    the rights once, in order, some hundred pairs at a time: memory stays flat.
    """
    known = Q(customer=customer_id) if customer_id is not None else Q()
    rights = (
        AccessGrant.objects.filter(known, starts_at__lte=at, ends_at__gt=at)
        .filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=at))
        .order_by("subscription_id", "capability", "pk")
        .values(*_FIELDS)
    )
    pairs = groupby(
        rights.iterator(chunk_size=2000), lambda row: (row["subscription__guid"], row["capability"])
    )
    together = ((pair, {row["pk"]: row for row in rows}) for pair, rows in pairs)
    while some := list(islice(together, _PAIRS)):
        decisions = decide_many([pair for pair, _rows in some], at)
        for decision, (_pair, rows) in zip(decisions, some, strict=True):
            right = decision.verdict.right
            if decision.verdict.allowed and right is not None and right.id in rows:
                yield _line(rows[right.id], at, decision.edition.code)


def _line(row: dict[str, Any], at: datetime, edition: str) -> list[str]:
    ends = min(row["ends_at"], row["revoked_at"] or row["ends_at"])
    return [
        instant(at),
        str(row["customer_id"]),
        cell(row["customer__name"]),
        str(row["subscription__guid"]),
        cell(row["capability"]),
        cell(row["basis"]),
        str(row["pk"]),
        cell(row["use_case"]),
        instant(row["starts_at"]),
        instant(ends),
        cell(row["item__application__reference"]),
        cell(edition),
    ]


class _Echo:
    """What `csv` writes to: hands the line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(rows: Iterable[list[str]]) -> Iterator[str]:
    """The lines with their heading, one at a time."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow(row)
