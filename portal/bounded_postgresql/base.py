"""See the package: option `answer_within_s` bounds each wait for the server."""

import time
from collections.abc import Generator
from types import ModuleType
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg import waiting

T = TypeVar("T")
LOOKS_EVERY_S = 0.05


class BoundedConnection(psycopg.Connection[Any]):
    answer_within_s: float = 2.0

    def wait(self, gen: Generator[Any, Any, T], interval: float = LOOKS_EVERY_S) -> T:
        """Wait for the server, not beyond the limit; then the connection is closed: its answer may still come."""
        bounded = _until(gen, time.monotonic() + self.answer_within_s)
        try:
            return waiting.wait(bounded, self.pgconn.socket, interval=LOOKS_EVERY_S)
        except TimeoutError:
            self.pgconn.finish()
            raise psycopg.OperationalError("the database did not answer in time") from None


def _until(gen: Generator[Any, Any, T], end: float) -> Generator[Any, Any, T]:
    """The same conversation, ended by TimeoutError when nothing was ready for too long."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() >= end:
                raise TimeoutError
            wanted = gen.send(ready)
    except StopIteration as done:
        result: T = done.value
        return result


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
