"""See the package: option `answer_within_s` bounds each wait for the server."""

from collections.abc import Generator
from types import ModuleType
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg import errors
from psycopg.generators import Ready, Wait

T = TypeVar("T")
LOOKS_EVERY_S = 0.05


class BoundedConnection(psycopg.Connection[Any]):
    answer_within_s: float = 2.0

    def wait(
        self,
        gen: Generator[Wait, Ready | int, T],
        interval: float = LOOKS_EVERY_S,
        timeout: float | None = None,
    ) -> T:
        """Wait for the server, not beyond the limit; then the connection is closed: its answer may still come."""
        try:
            return super().wait(gen, LOOKS_EVERY_S, timeout or self.answer_within_s)
        except errors._WaitTimeout:  # what the library itself raises; it has no public name
            self.pgconn.finish()
            raise psycopg.OperationalError("the database did not answer in time") from None


class _Psycopg(ModuleType):
    """psycopg, but `connect` makes bounded connections."""

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)

    connect = staticmethod(BoundedConnection.connect)


class DatabaseWrapper(base.DatabaseWrapper):
    Database = _Psycopg("psycopg")

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        self.answer_within_s = float(params.pop("answer_within_s", BoundedConnection.answer_within_s))
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.answer_within_s = self.answer_within_s
        return connection
