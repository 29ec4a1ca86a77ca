"""Every address × method × role: who comes in, who is sent where, and that a refusal writes nothing (promise P9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product

import pytest
from django.db import connection

from applications.models import User
from portal.signin import OPEN_TO_ALL
from tests.integration.census import world
from tests.integration.census.asking import BEARER, INSTANT, PATTERNS, Census, Words, path, signed_in
from tests.integration.census.declared import DOORS
from tests.integration.census.doors import ROLES, STAFF, Answer, Policy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="who comes in is no matter of the vendor"),
]
NOT_THEIRS = (Answer.ABSENT, Answer.FORBIDDEN)  # the desk is closed to customers, whatever is asked for
CAN = (Answer.IN, Answer.ON)
IN_PERSON = ("owner", *STAFF)


def expected(policy: Policy | None, role: str, address: str) -> Answer:
    if role == "bare":
        if not address.startswith(OPEN_TO_ALL):
            return Answer.FORBIDDEN if address.startswith("/api/") else Answer.ENROL
        role = "reviewer"
    return policy[role] if policy else Answer.NO_METHOD


def is_told_by_another(route: str, role: str) -> bool:
    """Django's six pages of a model have one guard: all roles at the customers', ours at each list and row."""
    if not route.startswith("admin/applications/") or route.startswith("admin/applications/customer/"):
        return False
    page = route.removeprefix("admin/applications/").partition("/")[2]
    return role not in STAFF or page not in ("", "<path:object_id>/change/")


def test_every_address_is_declared() -> None:
    undeclared, gone = sorted(set(PATTERNS) - set(DOORS)), sorted(set(DOORS) - set(PATTERNS))
    assert (undeclared, gone) == ([], []), "declare in tests/integration/census/declared.py"


# Building the world costs more than asking as one more person: two tests, one for each of two processes.
@pytest.mark.parametrize(
    "roles", [[one for one in ROLES if one not in STAFF], STAFF], ids=["others", "staff"]
)
def test_who_comes_in(census: Census, roles: Sequence[str]) -> None:
    wrong = []
    for role, (route, door) in product(roles, DOORS.items()):
        if is_told_by_another(route, role):
            continue
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
                status = asked.response.status_code
                wrong.append(f"{role} {method} {route}: {want.value} expected, {got.value} ({status})")
            if asked.written and not may_write:
                wrong.append(f"{role} {method} {route}: wrote {asked.written}")
            if may_write and door.sends and want == Answer.IN and not asked.written:
                wrong.append(f"{role} {method} {route}: had no effect")
    assert not wrong, "\n".join(wrong)


def test_no_view_answers_a_method_it_does_not_have(census: Census) -> None:
    wrong, role = [], "anonymous"
    for route, door in DOORS.items():
        address = path(route, census.own[door.about] if door.about else {})
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            asked = census.ask(role, method, address)
            if asked.answer != Answer.NO_METHOD or not asked.response.headers["Allow"]:
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


def test_what_is_foreign_answers_as_what_is_absent(census: Census) -> None:
    """To the byte, but for nonces and what was asked for; by each method; and no trace is written."""
    wrong, compared = [], 0
    for role, (route, door) in product(("owner", "editor", "viewer"), DOORS.items()):
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
                    wrong.append(f"{role} {method} {route} {words}: differs")
                if theirs.written or (words is foreign and theirs.answer not in NOT_THEIRS):
                    wrong.append(f"{role} {method} {route} {words}: {theirs.answer.value} {theirs.written}")
    assert not wrong, "\n".join(wrong)
    assert compared > 120


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


# No form of ours posts to these: browsers report, gateways and mail programs have no token and no session.
WITHOUT_TOKEN = ("csp-report", "api/", "accounts/mail/stop/")


def test_no_post_is_taken_without_the_token_of_its_form(census: Census) -> None:
    wrong = []
    for client in census.clients.values():
        client.handler.enforce_csrf_checks = True
    for route, door in DOORS.items():
        role = next((one for one in ("owner", *STAFF) if door.post and door.post[one] in CAN), None)
        if role is None or route.startswith(WITHOUT_TOKEN):
            continue
        asked = census.ask(role, "POST", path(route, census.own.get(door.about, {})), door.sends)
        if asked.answer != Answer.FORBIDDEN or asked.written or b"CSRF" in asked.body:
            wrong.append(f"{route}: {asked.response.status_code} {asked.written}")
    assert not wrong, "\n".join(wrong)
