"""Around the jobs: files that come in, a process that dies at a statement, a mail server that takes nothing."""

from __future__ import annotations

import io
import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

from django.core.mail import EmailMessage
from django.db import connection

from applications.rules.customers_file import Row, physical_lines, read_rows
from applications.rules.policy import Edition
from tests import factories


class Died(BaseException):
    """The process is gone: nothing may catch it."""


@contextmanager
def dying(statement: int, *, at_writes: bool = False) -> Iterator[None]:
    """Whatever runs inside is dead from its n-th statement on (or its n-th that writes or begins or ends a
    transaction); the database takes back what was not committed."""
    left = [statement]

    def one(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("ROLLBACK TO", "RELEASE")) and left[0] <= 0:
            return execute(sql, params, many, context)
        counts = not at_writes or sql.lstrip().startswith(
            ("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "RELEASE")
        )
        left[0] -= counts
        if left[0] <= 0:
            raise Died
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(one):
            yield
    except Died:
        pass


class Post:
    """A mail server. `answer`: takes, refuses, or takes and never says so."""

    def __init__(self) -> None:
        self.answer = "takes"
        self.taken: Counter[str] = Counter()

    def open(self) -> None:
        if self.answer == "down":
            raise OSError("down")

    def close(self) -> None: ...

    def send_messages(self, mails: list[EmailMessage]) -> int:
        if self.answer == "later":
            raise smtplib.SMTPRecipientsRefused({mails[0].to[0]: (451, b"later")})
        self.taken.update(mail.extra_headers["Message-ID"] for mail in mails)
        if self.answer == "silent":
            raise smtplib.SMTPServerDisconnected("silent")
        return len(mails)


@cache
def edition_text(last_day: str) -> str:
    text = factories.edition_text().replace('code = "2022-06-21"', f'code = "until-{last_day}"')
    return text.replace("last_day = 2023-06-30", f"last_day = {last_day}")


def row_of(name: str, guid: str, first_used_on: date, edition: Edition, today: date) -> list[Row]:
    """One row of a customers file, read as the import reads it."""
    file = (
        "customer,website,country,sector,contact_name,contact_email,subscription_id,services,first_used_on\n"
        f"{name},,GB,commercial,,a@{name.split()[0].lower()}.example,{guid},face,{first_used_on}\n"
    )
    services = edition.services.keys()
    found = read_rows(
        physical_lines(io.StringIO(file)), known_services=services, free_mail_domains=(), today=today
    )
    return [row for row in found if isinstance(row, Row)]
