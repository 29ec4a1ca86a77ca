"""Floor 3: one statement over many rows, written once for PostgreSQL and SQLite.

Statements use `%(name)s` for values; `{json}` is the vendor's builder of a JSON object.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

Values = Mapping[str, Any]


def execute(sql: str, values: Values) -> int:
    """Run a statement that writes; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(_worded(sql), _adapted(values))
        return int(cursor.rowcount)


def fetch(sql: str, values: Values) -> list[tuple[Any, ...]]:
    """Run a statement that reads; instants come back as the database has them (see `instant`)."""
    with connection.cursor() as cursor:
        cursor.execute(_worded(sql), _adapted(values))
        return list(cursor.fetchall())


def insert_like(template: models.Model, taken: Values, source: str, values: Values) -> int:
    """Insert a row like the unsaved `template` for each row of `source` (`FROM … WHERE …`); returns how many.

    `taken` says which attributes come from there, as expressions. A row that breaks a unique constraint is left out.
    """
    columns: list[str] = []
    chosen: list[str] = []
    constants: dict[str, Any] = {}
    for field in template._meta.local_concrete_fields:
        if field.primary_key or field.generated or field.has_db_default() or field.column is None:
            continue
        columns.append(connection.ops.quote_name(field.column))
        if field.attname in taken:
            chosen.append(taken[field.attname])
        else:
            constants[field.attname] = field.get_db_prep_save(getattr(template, field.attname), connection)
            chosen.append(f"%({field.attname})s")
    table = connection.ops.quote_name(template._meta.db_table)
    return execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(chosen)} {source} ON CONFLICT DO NOTHING",
        {**constants, **values},
    )


def instant(value: datetime) -> datetime:
    """An instant out of a row of `fetch`: SQLite gives it without its zone, which is UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def named(prefix: str, values: list[Any]) -> tuple[str, dict[str, Any]]:
    """The middle of `IN (…)` for some values, and their names."""
    found = {f"{prefix}{number}": value for number, value in enumerate(values)}
    return ", ".join(f"%({name})s" for name in found), found


def _worded(sql: str) -> str:
    return sql.replace("{json}", "jsonb_build_object" if connection.vendor == "postgresql" else "json_object")


def _adapted(values: Values) -> dict[str, Any]:
    return {
        name: connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
