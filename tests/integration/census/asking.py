"""Asking as everybody, and undoing whatever came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from applications.models import User
from tests import factories
from tests.integration.census import world
from tests.integration.census.doors import Answer

Words = dict[str, Any]
Look = Callable[[], object]
URLCONFS = ("portal.urls", "portal.urls_api")
# Opened by whoever holds the token; the others stand for no row of a customer's.
BEARER = ("token", "wrong token", "key", "reset", "app", "problem", "nothing", "nowhere")
INSTANT = "deadline"  # any instant may be one, with nothing that ends
# What a session, a limit or the sessions' list keeps is no change of the product.
BOOKKEEPING = re.compile(r'"(django_session|portal_cache|usersessions_usersession)"|SET "seen_at"')
SAVEPOINT = re.compile(r"(?P<undo>ROLLBACK TO )?SAVEPOINT (?P<name>\S+)")
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b", re.I)


def found(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from found(one, route)
        else:
            yield route, one


PATTERNS = {route: one for conf in URLCONFS for route, one in found(get_resolver(conf))}


def path(route: str, words: Words) -> str:
    """The address with these words in it. Regular expressions of others are filled in as they stand."""
    for name, value in words.items():
        route = re.sub(rf"<(\w+:)?{name}>|\(\?P<{name}>(?:\[[^]]*\]|[^()\[])*\)", str(value), route)
    return "/" + route.replace("^", "").replace("$", "")


@dataclass
class Census:
    """Everybody, each signed in, and the things of two customers."""

    clients: dict[str, Client]
    own: world.Things
    foreign: world.Things

    def ask(
        self, role: str, method: str, address: str, data: Words | None = None, look: Look | None = None
    ) -> Asked:
        """Ask, let `look` see the rows, and undo whatever came of it."""
        client = self.clients[role]
        cookies = {name: one.value for name, one in client.cookies.items()}
        written: list[str] = []
        since: dict[str, int] = {}

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            result = execute(sql, params, many, context)
            point = SAVEPOINT.match(sql)
            if point and point["undo"]:  # what a refusal took back was never written
                del written[since.get(point["name"], 0) :]
            elif point:
                since[point["name"]] = len(written)
            elif WRITES.match(sql) and context["cursor"].rowcount and not BOOKKEEPING.search(sql):
                written.append(" ".join(sql.split()[:5]))
            return result

        with transaction.atomic():
            with connection.execute_wrapper(note):
                response = client.generic(method, address) if data is None else client.post(address, data)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            seen = look() if look else None
            transaction.set_rollback(True)
        client.cookies.clear()
        for name, value in cookies.items():
            client.cookies[name] = value
        return Asked(response, body, written, seen)


@dataclass
class Asked:
    response: HttpResponseBase
    body: bytes
    written: list[str]
    seen: object = None

    @property
    def answer(self) -> Answer:
        status, to = self.response.status_code, self.response.headers.get("Location", "")
        by_status = {
            401: Answer.NO_KEY,
            403: Answer.FORBIDDEN,
            404: Answer.ABSENT,
            405: Answer.NO_METHOD,
        }
        if status in by_status:
            return by_status[status]
        if to.startswith("/accounts/login/?next="):
            return Answer.SIGN_IN
        if to.startswith("/accounts/reauthenticate/?next="):
            return Answer.AGAIN
        if to == "/accounts/2fa/":
            return Answer.ENROL
        return Answer.ON if 300 <= status < 400 else Answer.IN

    def masked(self, address: str, words: Words) -> tuple[int, dict[str, str], bytes]:
        """Without what differs at each answer, and without the identifiers that were asked for."""

        def mask(text: str) -> str:
            text = re.sub(r"nonce[-=][\"']?[\w+/=-]+|name=\"csrfmiddlewaretoken\" value=\"\w+\"", "~", text)
            text = text.replace(quote(address), "~").replace(address, "~")
            for value in words.values():
                text = text.replace(str(value), "~") if len(str(value)) > 8 else text
            return text

        headers = {
            name: mask(value) for name, value in self.response.headers.items() if name != "Content-Length"
        }
        return self.response.status_code, headers, mask(self.body.decode()).encode()


def signed_in(person: User, *, factor: bool = True, ago: timedelta = timedelta(0)) -> Client:
    client = Client()
    client.force_login(person)
    session = client.session
    session.update(factories.authenticated(person, ago=ago))
    if not factor:
        session["account_authentication_methods"] = session["account_authentication_methods"][:1]
    session.save()
    return client
