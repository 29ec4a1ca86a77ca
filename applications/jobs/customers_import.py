"""Floor 5: a whole customers file as a loop of short transactions, in flat memory, resumable by running it again."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TextIO

from django.db import IntegrityError, reset_queries, transaction

from applications.actions.customers_import import BatchReport, import_rows
from applications.models import JobRun, User
from applications.rules.customers_file import Reject, Row, physical_lines, read_rows
from applications.rules.identifiers import Guid
from applications.rules.policy import Edition

RUN = "import"
BATCH_ROWS = 1000
TRIES = 3
COUNTS = (
    "rows",
    "imported",
    "unchanged",
    "rejected",
    "needs_attention",
    "customers",
    "subscriptions",
    "grace_grants",
)


@dataclass(slots=True)
class ImportReport:
    """Counts of one run. `customers` and `subscriptions`: distinct ones that accepted rows name."""

    rows: int = 0
    imported: int = 0
    unchanged: int = 0
    rejected: int = 0
    needs_attention: int = 0
    customers: int = 0
    subscriptions: int = 0
    grace_grants: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    attention: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """The numbers of the contract, in its order."""
        return {name: getattr(self, name) for name in COUNTS}

    def add(self, batch: BatchReport, rejects: list[Reject]) -> None:
        self.rows += len(batch.imported) + len(batch.unchanged) + len(rejects)
        self.imported += len(batch.imported)
        self.unchanged += len(batch.unchanged)
        self.rejected += len(rejects)
        self.needs_attention += sum(bool(codes) for codes in batch.attention)
        self.grace_grants += batch.grace_grants
        self.reasons.update(reject.reason for reject in rejects)
        self.attention.update(code.value for codes in batch.attention for code in codes)


def import_customers(
    stream: TextIO,
    *,
    edition: Edition,
    by: User | None,
    now: datetime,
    dry_run: bool = False,
    on_reject: Callable[[Reject], None],
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> ImportReport:
    """Read the file and record it batch by batch, each in a transaction of its own (`import_rows`).

    Nothing is held but one batch and the counts: rejects go out through `on_reject` in the order of their lines,
    `on_progress` hears how many rows are done. A run that broke off is resumed by running it again. With `dry_run`
    the same work is done in one transaction and taken back. Ends with a run row. Raises WrongHeaderError.
    """
    report = ImportReport()
    items = read_rows(
        physical_lines(stream),
        known_services=edition.services.keys(),
        free_mail_domains=edition.free_mail_domains,
        today=edition.local_day(now),
    )
    with closing(_Seen()) as seen:

        def work() -> None:
            for batch in _batches(items):
                for reject in _write(batch, seen, report, edition=edition, by=by, now=now):
                    on_reject(reject)
                reset_queries()  # with DEBUG on Django would keep the text of every statement
                on_progress(report.rows)
            report.customers, report.subscriptions = seen.customers(), seen.subscriptions()

        if dry_run:
            with transaction.atomic():
                work()
                transaction.set_rollback(True)
        else:
            work()
            counts = {**report.counts(), "reasons": report.reasons, "attention": report.attention}
            JobRun.objects.create(duty=RUN, as_of=now, started_at=now, finished_at=now, counts=counts)
    return report


def _batches(items: Iterator[Row | Reject]) -> Iterator[list[Row | Reject]]:
    while batch := list(islice(items, BATCH_ROWS)):
        yield batch


def _write(
    batch: list[Row | Reject],
    seen: "_Seen",
    report: ImportReport,
    *,
    edition: Edition,
    by: User | None,
    now: datetime,
) -> list[Reject]:
    rows = [item for item in batch if isinstance(item, Row)]
    for left in range(TRIES - 1, -1, -1):
        try:
            done = import_rows(rows, edition=edition, first_line=seen.line, by=by, now=now)
            break
        except IntegrityError:  # somebody recorded the same customer or subscription meanwhile: look again
            if not left:
                raise
    seen.add((*done.imported, *done.unchanged))
    rejects = [item for item in batch if isinstance(item, Reject)] + done.rejects
    report.add(done, rejects)
    return sorted(rejects, key=lambda reject: reject.line)


class _Seen:
    """Which subscriptions and customers the accepted rows named, and where first: on disk, so memory stays flat."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("")  # a private file that goes away when it is closed
        self.database.execute("CREATE TABLE subscription (guid TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self.database.execute("CREATE TABLE customer (name_key TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, rows: Iterable[Row]) -> None:
        ordered = sorted(rows, key=lambda row: row.line)
        self.database.executemany(
            "INSERT OR IGNORE INTO subscription VALUES (?, ?)",
            ((row.subscription, row.line) for row in ordered),
        )
        self.database.executemany(
            "INSERT OR IGNORE INTO customer VALUES (?)", ((row.key,) for row in ordered)
        )

    def line(self, guid: Guid) -> int | None:
        found = self.database.execute("SELECT line FROM subscription WHERE guid = ?", (guid,)).fetchone()
        return int(found[0]) if found else None

    def customers(self) -> int:
        return int(self.database.execute("SELECT count(*) FROM customer").fetchone()[0])

    def subscriptions(self) -> int:
        return int(self.database.execute("SELECT count(*) FROM subscription").fetchone()[0])

    def close(self) -> None:
        self.database.close()
