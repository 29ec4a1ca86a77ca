"""Everybody, each signed in, and one of each thing of two customers."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from applications.actions.gateway import create_key
from applications.api import authentication
from applications.models import Customer, PolicyEdition, User
from tests import factories
from tests.integration.census import world
from tests.integration.census.asking import Census, signed_in


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
