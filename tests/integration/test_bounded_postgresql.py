"""A database that does not answer is given up within the limit (the decision API's independence)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("config.getoption('--db') != 'postgresql'", reason="about PostgreSQL's client"),
]


def bounded(within_s: float) -> Any:
    found = dict(connection.settings_dict)
    found |= {
        "ENGINE": "portal.bounded_postgresql",
        "OPTIONS": {
            **found["OPTIONS"],
            "answer_within_s": within_s,
            "server_side_binding": True,
            "prepare_threshold": 0,
        },
    }
    return ConnectionHandler({"default": found})["default"]


def test_server_that_does_not_answer_is_given_up() -> None:
    waiting = bounded(0.2)
    with waiting.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (server,) = cursor.fetchone()
    with pytest.raises(OperationalError, match="did not answer in time"), waiting.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(50)")
    assert waiting.connection.closed
    waiting.close()
    with (
        connection.cursor() as cursor
    ):  # the server has not noticed yet: end it, so that nothing is left behind
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [server])


def test_server_that_answers_is_asked_as_usual() -> None:
    asked = bounded(20)
    with asked.cursor() as cursor:
        for number in range(5):
            cursor.execute("SELECT %s::int + 1", [number])
            assert cursor.fetchone() == (number + 1,)
    asked.close()
