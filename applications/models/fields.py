"""Database expressions that differ by vendor."""

from typing import Any

from django.db import models


class CurrentTransaction(models.Func):
    """Number of the writing transaction: commit-order reading on PostgreSQL, 0 on SQLite (one writer at a time).

    A reader that takes only rows below `pg_snapshot_xmin(pg_current_snapshot())`, ordered by (transaction, id),
    never skips a row that commits late.
    """

    output_field = models.BigIntegerField()
    arity = 0

    def as_sql(
        self, compiler: Any, connection: Any, *args: Any, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        if connection.vendor == "postgresql":
            return "(pg_current_xact_id()::text::bigint)", ()
        return "0", ()
