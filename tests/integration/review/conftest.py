"""The desk's actors, a case or two, and clients that are signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from applications.enums import State
from applications.models import Application, Customer, PolicyEdition, User
from tests import factories
from tests.cases import case


@pytest.fixture(autouse=True)
def _at_the_desk(frozen_clock: object, edition_row: PolicyEdition) -> None:
    """Every test here has the edition in force, and the clock at factories.NOW."""


@pytest.fixture
def enter() -> Callable[[User], Client]:
    """A client of its own for each person, so that several can work at once."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        session = client.session
        session.update(factories.authenticated(user))
        session.save()
        return client

    return sign_in


@pytest.fixture
def waiting(nordlys: Customer, owner: User) -> Application:
    """Submitted; nobody has it."""
    return case(nordlys, by=owner, reference="LA-7F3K-92QD")


@pytest.fixture
def held(nordlys: Customer, owner: User, reviewer: User) -> Application:
    """In review with the reviewer."""
    return case(nordlys, by=owner, reference="LA-8G4M-11AB", state=State.IN_REVIEW, holder=reviewer)
