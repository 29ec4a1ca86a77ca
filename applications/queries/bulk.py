"""Floor 3: one statement over many rows, written once for PostgreSQL and SQLite.

Statements use `%(name)s` for values; `{json}` is the vendor's builder of a JSON object.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection

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


def instant(value: Any) -> datetime:
    """An instant out of a row of `fetch`: SQLite has text in UTC."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


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
