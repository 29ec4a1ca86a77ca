"""Floor 4: the run rows of duties, and the cheap guard against two runs of one duty at once."""

import zlib
from collections.abc import Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Q

from applications.enums import Duty
from applications.models import JobRun


def begin(duty: Duty, *, now: datetime) -> JobRun:
    """Write the row of a run that starts; it stays unfinished when the process dies."""
    return JobRun.objects.create(duty=duty, as_of=now, started_at=now)


def finish(run: JobRun, *, counts: Mapping[str, int], held: int = 0, error: str = "", now: datetime) -> None:
    """Write what the run did. A run with an error does not count as one: silence raises the alarm."""
    run.finished_at, run.counts, run.held, run.error = now, dict(counts), held, error[:200]
    run.save(update_fields=["finished_at", "counts", "held", "error"])


def alone(duty: Duty) -> bool:
    """Whether no other transaction of this duty is open, held until the end of this transaction.

    It spares work and is not what makes a duty right: rows are. SQLite has one writer at a time anyway.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [zlib.crc32(f"portal:{duty.value}".encode())])
        return bool(cursor.fetchone()[0])


def forget_runs(*, before: datetime) -> int:
    """Delete rows of runs that started before an instant; a run that closed rights stays, rights name it."""
    idle = ~Q(duty=Duty.ENDS) | Q(counts={"due": 0})
    return JobRun.objects.filter(idle, started_at__lt=before, held=0).delete()[0]
