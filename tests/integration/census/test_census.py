"""Every address × method × role: who comes in, who is sent where, and that a refusal writes nothing (promise P9)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from applications.actions.gateway import create_key
from applications.api import authentication
from applications.models import Customer, PolicyEdition, User
from tests import factories
from tests.integration.census import world
from tests.integration.census.declared import DOORS
from tests.integration.census.doors import ROLES, STAFF, Answer, Policy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="who comes in is no matter of the vendor"),
]
Words = dict[str, Any]
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

    def ask(self, role: str, method: str, address: str, data: Words | None = None) -> Asked:
        """Ask and undo whatever came of it."""
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
            transaction.set_rollback(True)
        client.cookies.clear()
        for name, value in cookies.items():
            client.cookies[name] = value
        return Asked(response, body, written)


@dataclass
class Asked:
    response: HttpResponseBase
    body: bytes
    written: list[str]

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


@pytest.fixture
def census(
    edition_row: PolicyEdition,
    nordlys: Customer,
    other_customer: Customer,
    reviewer: User,
    lead: User,
    operator: User,
    auditor: User,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Any,
) -> Census:
    caplog.set_level(logging.CRITICAL)
    settings.MEDIA_ROOT = tmp_path
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if not one.startswith("zeal.")]  # others count
    authentication.forget_callers()
    own, people = world.things(nordlys, edition_row, reviewer, lead)
    foreign, others = world.things(other_customer, edition_row, reviewer, lead)
    shared = world.of_the_desk(nordlys, edition_row, reviewer, lead)
    staff = {"auditor": auditor, "reviewer": reviewer, "lead": lead, "operator": operator}
    everybody = {**people, **staff, "stranger": others["owner"]}
    clients = {name: signed_in(person) for name, person in everybody.items()}
    bare = factories.person("bare@vendor.example", staff_role="lead")
    clients |= {"bare": signed_in(bare, factor=False), "anonymous": Client(), "gateway": Client()}
    _row, key = create_key(
        "caller", ["face"], secret="s" * 43, edition=factories.read_file(), now=factories.NOW
    )
    clients["gateway"].defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return Census(clients, own | shared, foreign | shared)


def signed_in(person: User, *, factor: bool = True, ago: timedelta = timedelta(0)) -> Client:
    client = Client()
    client.force_login(person)
    session = client.session
    session.update(factories.authenticated(person, ago=ago))
    if not factor:
        session["account_authentication_methods"] = session["account_authentication_methods"][:1]
    session.save()
    return client


NOT_THEIRS = (Answer.ABSENT, Answer.FORBIDDEN)  # the desk is closed to customers, whatever is asked for
IN_PERSON = ("owner", *STAFF)
OPEN_TO_BARE = ("/accounts/", "/i18n/", "/theme/", "/healthz", "/readyz")


def expected(policy: Policy | None, role: str, address: str) -> Answer:
    if role == "bare":
        if not address.startswith(OPEN_TO_BARE):
            return Answer.FORBIDDEN if address.startswith("/api/") else Answer.ENROL
        role = "reviewer"
    return policy[role] if policy else Answer.NO_METHOD


def test_every_address_is_declared() -> None:
    undeclared, gone = sorted(set(PATTERNS) - set(DOORS)), sorted(set(DOORS) - set(PATTERNS))
    assert (undeclared, gone) == ([], []), "declare in tests/integration/census/declared.py"


@pytest.mark.parametrize("role", ROLES)
def test_who_comes_in(census: Census, role: str) -> None:
    wrong = []
    for route, door in DOORS.items():
        address = path(route, census.own[door.about] if door.about else {})
        for method, policy in (("GET", door.get), ("POST", door.post)):
            asked = census.ask(role, method, address, door.sends if method == "POST" else None)
            want = expected(policy, role, address)
            got = asked.answer
            if want == Answer.REFUSED or (method == "POST" and want == Answer.IN):
                fine = got in (Answer.IN, Answer.ON)
            else:
                fine = got == want
            may_write = method == "POST" and want in (Answer.IN, Answer.ON)
            if not fine:
                wrong.append(
                    f"{method} {route}: {want.value} expected, {got.value} ({asked.response.status_code})"
                )
            if asked.written and not may_write:
                wrong.append(f"{method} {route}: wrote {asked.written}")
            if may_write and door.sends and want == Answer.IN and not asked.written:
                wrong.append(f"{method} {route}: had no effect")
    assert not wrong, "\n".join(wrong)


def test_no_view_answers_a_method_it_does_not_have(census: Census) -> None:
    wrong, role = [], "anonymous"
    for route, door in DOORS.items():
        address = path(route, census.own[door.about] if door.about else {})
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            asked = census.ask(role, method, address)
            if asked.answer != Answer.NO_METHOD or "GET" not in asked.response.headers["Allow"]:
                wrong.append(f"{method} {route}: {asked.response.status_code}")
        got, head = census.ask(role, "GET", address), census.ask(role, "HEAD", address)
        want = got.response.status_code if door.head else 405
        if head.response.status_code != want or (door.head and head.body):
            wrong.append(f"HEAD {route}: {head.response.status_code}, not {want}")
    assert not wrong, "\n".join(wrong)


def mixed(own: Words, foreign: Words) -> Iterator[Words]:
    """The foreign thing; and one's own place with a foreign thing in it."""
    yield foreign
    names = list(own)
    if len(names) > 1 and own[names[1]] != foreign[names[1]]:
        yield {names[0]: own[names[0]], names[1]: foreign[names[1]]}


@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
def test_what_is_foreign_answers_as_what_is_absent(census: Census, role: str) -> None:
    """To the byte, but for nonces and what was asked for; by each method; and no trace is written."""
    wrong, compared = [], 0
    for route, door in DOORS.items():
        own, foreign = census.own.get(door.about, {}), census.foreign.get(door.about, {})
        if own == foreign or door.about in BEARER:
            continue
        for words in mixed(own, foreign):
            nobody = {n: v if own[n] == v else world.absent(words)[n] for n, v in words.items()}
            for method, policy in (("GET", door.get), ("POST", door.post)):
                if policy is None:
                    continue
                data = door.sends if method == "POST" else None
                there, nowhere = path(route, words), path(route, nobody)
                theirs, none = census.ask(role, method, there, data), census.ask(role, method, nowhere, data)
                compared += 1
                if theirs.masked(there, words) != none.masked(nowhere, nobody):
                    wrong.append(f"{method} {route} {words}: differs")
                if theirs.written or (words is foreign and theirs.answer not in NOT_THEIRS):
                    wrong.append(f"{method} {route} {words}: {theirs.answer.value} {theirs.written}")
    assert not wrong, "\n".join(wrong)
    assert compared > 40


def test_staff_find_nothing_that_is_not_there(census: Census) -> None:
    wrong = []
    for route, door in DOORS.items():
        if not route.startswith("admin/") or door.about in ("", INSTANT, *BEARER) or "applications/" in route:
            continue
        for method, policy in (("GET", door.get), ("POST", door.post)):
            role = next((one for one in STAFF if policy and policy[one] == Answer.IN), None)
            if role:
                nobody = world.absent(census.own[door.about])
                asked = census.ask(
                    role, method, path(route, nobody), door.sends if method == "POST" else None
                )
                if asked.answer != Answer.ABSENT or asked.written:
                    wrong.append(f"{method} {route}: {asked.response.status_code} {asked.written}")
    assert not wrong, "\n".join(wrong)


def test_what_cannot_be_undone_asks_again_who_it_is(census: Census) -> None:
    """Sixty-one minutes after signing in, a POST with consequences asks first, and does nothing yet."""
    people = {
        name: client.session["_auth_user_id"] for name, client in census.clients.items() if name in IN_PERSON
    }
    for name, pk in people.items():
        census.clients[name] = signed_in(User.objects.get(pk=pk), ago=timedelta(minutes=61))
    wrong = []
    for route, door in DOORS.items():
        role = next((one for one in ("owner", *STAFF) if door.post and door.post[one] == Answer.IN), None)
        if role is None or not (door.sends or door.again):
            continue
        asked = census.ask(role, "POST", path(route, census.own.get(door.about, {})), door.sends)
        if door.again != (asked.answer == Answer.AGAIN) or (door.again and asked.written):
            wrong.append(f"{route}: {asked.answer.value} {asked.written}")
    assert not wrong, "\n".join(wrong)
