"""The record is append-only, so emptying the tables after a test with real transactions needs the one way around it.

PostgreSQL empties by TRUNCATE, which row triggers do not see; SQLite by DELETE, which they refuse. Only the flush
between tests lifts them, and it puts back what it found.
"""

from collections.abc import Sequence

from django.db.backends.sqlite3.base import DatabaseOperations

_flush = DatabaseOperations.execute_sql_flush


def flush_lifting_triggers(self: DatabaseOperations, sql_list: Sequence[str]) -> None:
    with self.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        try:
            _flush(self, sql_list)
        finally:
            for _name, sql in triggers:
                cursor.execute(sql)


def install() -> None:
    DatabaseOperations.execute_sql_flush = flush_lifting_triggers
