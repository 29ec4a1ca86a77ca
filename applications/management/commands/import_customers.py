"""`import_customers FILE.csv`: existing customers, their subscriptions and their grace (contract: customers file)."""

import csv
import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.exceptions import NoEdition
from applications.jobs.customers_import import ImportReport, import_customers
from applications.queries.policy import edition_in_force
from applications.rules.customers_file import REJECTS_HEADER, Reject, WrongHeaderError

BAR = 30
SPOOL_BYTES = 1_000_000


class Command(BaseCommand):
    help = "Import existing customers from a CSV file. Running it again changes nothing, and resumes a broken run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, UTF-8, with the header of the customers file")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen, record nothing")
        parser.add_argument("--rejects", type=Path, help="where rejects go; by default FILE.rejects.csv")
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        rejects: Path = options["rejects"] or file.with_suffix(".rejects.csv")
        if rejects.exists() and file.exists() and rejects.samefile(file):
            raise CommandError("The rejects cannot go into the file that is read: choose another --rejects.")
        try:
            with (
                file.open(encoding="utf-8-sig", errors="replace", newline="") as stream,
                open(rejects, "w", encoding="utf-8", newline="", opener=_private) as rejected,
                SpooledTemporaryFile(SPOOL_BYTES, "w+", encoding="utf-8") as listed,
            ):
                report = self._import(file, stream, _Rejects(rejected, listed), dry_run=options["dry_run"])
                self._tell(report, rejects, listed, dry_run=options["dry_run"], as_json=options["json"])
        except NoEdition as error:
            raise CommandError(error.message) from error
        except WrongHeaderError as error:
            raise CommandError(f"{file}: {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error

    def _import(self, file: Path, stream: TextIO, rejects: "_Rejects", *, dry_run: bool) -> ImportReport:
        bar = _Bar(stream, file.stat().st_size, self.stderr if sys.stderr.isatty() else None)
        report = import_customers(
            stream,
            edition=edition_in_force(),
            by=None,
            now=clock.now(),
            dry_run=dry_run,
            on_reject=rejects.add,
            on_progress=bar.show,
        )
        bar.end()
        return report

    def _tell(
        self, report: ImportReport, rejects: Path, listed: Any, *, dry_run: bool, as_json: bool
    ) -> None:
        if not as_json:
            for line in _summary(report, rejects, dry_run=dry_run):
                self.stdout.write(line)
            return
        counts = json.dumps(report.counts())
        self.stdout.write(f'{counts[:-1]}, "rejects": [', ending="")
        listed.seek(0)
        for part in iter(lambda: listed.read(SPOOL_BYTES), ""):
            self.stdout.write(part, ending="")
        self.stdout.write("]}")


class _Rejects:
    """Each reject goes to the rejects file and, as JSON, to the list that is printed last; neither is kept here."""

    def __init__(self, file: TextIO, listed: Any) -> None:
        self.rows = csv.writer(file)
        self.rows.writerow(REJECTS_HEADER)
        self.listed = listed
        self.separator = ""

    def add(self, reject: Reject) -> None:
        self.rows.writerow((reject.line, reject.reason, reject.detail, *reject.cells))
        entry = {"line": reject.line, "reason": reject.reason, "detail": reject.detail}
        self.listed.write(f"{self.separator}{json.dumps(entry)}")
        self.separator = ", "


class _Bar:
    """A progress bar on a terminal, by the bytes that were read; nothing anywhere else."""

    def __init__(self, stream: TextIO, size: int, out: Any) -> None:
        self.stream, self.size, self.out = stream, size, out

    def show(self, rows: int) -> None:
        if self.out is None:
            return
        share = self.stream.buffer.tell() / max(self.size, 1)
        done = "#" * round(share * BAR)
        self.out.write(f"\r[{done:<{BAR}}] {share:4.0%} {rows:,} rows", ending="")

    def end(self) -> None:
        if self.out is not None:
            self.out.write("")


def _private(path: str, flags: int) -> int:
    """The rejects hold people's names: only the owner of the file reads them."""
    return os.open(path, flags, 0o600)


def _summary(report: ImportReport, rejects: Path, *, dry_run: bool) -> list[str]:
    lines = [f"{count:>10,}  {name.replace('_', ' ')}" for name, count in report.counts().items()]
    for title, counts in (("Rejected", report.reasons), ("Needs attention", report.attention)):
        if counts:
            listed = ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items()))
            lines.append(f"{title}: {listed}")
    if report.rejected:
        lines.append(f"Rejects are in {rejects}")
    if dry_run:
        lines.append("Dry run: nothing was recorded.")
    return lines
