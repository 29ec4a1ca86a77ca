"""Whatever is typed into whatever form: an answer, never an error, and never markup (ASVS 1.1.1, 1.2.1, 2.2.1)."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.census.asking import Census, path
from tests.integration.census.declared import DOORS
from tests.integration.census.doors import STAFF, Answer

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="PostgreSQL is the stricter one: it refuses NUL"
    ),
]
NAMES = re.compile(r'name="([a-z][\w-]*)"')
MARKUP = "<img src=x onerror=alert(1)>"
NUL, LONG = "a\x00b", "x" * 100_000
BITS = (
    "\u202egpj.exe\u2066",
    "раypal",
    "=HYPERLINK(1)",
    MARKUP + '"\'>{{ settings.SECRET_KEY }}{% include "x" %}',
    "\r\nBcc: eve@elsewhere.example",
    "٣" * 40,
)
PIECES = st.lists(
    st.sampled_from(BITS) | st.text(st.characters(codec="utf-8"), max_size=30),
    min_size=1,
    max_size=4,
)


def doors() -> list[tuple[str, str]]:
    """Addresses that take a form, each with somebody who may send it."""
    found = []
    for route, door in DOORS.items():
        role = next((one for one in ("owner", *STAFF) if door.post and door.post[one] == Answer.IN), None)
        if role is not None and "logout" not in route:
            found.append((route, role))
    return found


def names(census: Census, route: str, role: str) -> set[str]:
    """The fields that the page shows when it is sent empty, and those that a good form has."""
    door = DOORS[route]
    empty = census.ask(role, "POST", path(route, census.own.get(door.about, {})), {})
    shown = set(NAMES.findall(empty.body.decode(errors="replace")))
    return (shown | set(door.sends or {})) - {
        "csrfmiddlewaretoken",
        "viewport",
        "theme-color",
        "color-scheme",
    }


def test_every_form_takes_any_text(census: Census) -> None:
    wrong, filled = [], 0

    @settings(
        max_examples=1,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pieces=PIECES)
    def by_chance(pieces: list[str]) -> None:
        send("".join(pieces))

    def send(text: str) -> None:
        given_ = dict.fromkeys(fields, text)
        asked = census.ask(role, "POST", address, given_)
        if asked.response.status_code >= 500:
            wrong.append(f"{role} {route}: {asked.response.status_code} for {text[:20]!r}")
        if MARKUP.encode() in asked.body:
            wrong.append(f"{role} {route}: markup came back")

    for route, role in doors():
        fields = names(census, route, role)
        address = path(route, census.own.get(DOORS[route].about, {}))
        filled += bool(fields)
        for text in (NUL, LONG, "".join(BITS)):
            send(text)
        by_chance()
    assert not wrong, "\n".join(wrong)
    assert filled > 50
