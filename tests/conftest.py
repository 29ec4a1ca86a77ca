"""The actors, by name (design §9): who they are, and nothing about what they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.conf import LazySettings
from django.test import Client

from applications.enums import Role, StaffRole
from applications.models import Customer, PolicyEdition, User
from applications.rules.policy import Edition
from tests import factories
from tests.clock import Clock
from tests.clock import now as the_clock
from tests.harness import append_only, walk

append_only.install()
walk.install()


@pytest.fixture
def now() -> datetime:
    return factories.NOW


@pytest.fixture
def edition() -> Edition:
    """The edition of 21 June 2022, without a database."""
    return factories.read_file()


@pytest.fixture
def edition_row(db: None) -> PolicyEdition:
    """The same edition in force in the database."""
    return factories.edition_row()


@pytest.fixture
def nordlys(db: None) -> Customer:
    return factories.customer("Nordlys Airports A/S", domain="nordlys.example")


@pytest.fixture
def owner(nordlys: Customer) -> User:
    return factories.member(nordlys, factories.person("henrik@nordlys.example", "Henrik Aagaard"))


@pytest.fixture
def colleague(nordlys: Customer) -> User:
    """An editor of the owner's customer."""
    return factories.member(
        nordlys, factories.person("freja@nordlys.example", "Freja Lindqvist"), Role.EDITOR
    )


@pytest.fixture
def viewer(nordlys: Customer) -> User:
    return factories.member(nordlys, factories.person("vera@nordlys.example", "Vera Holm"), Role.VIEWER)


@pytest.fixture
def other_customer(db: None) -> Customer:
    return factories.customer("Banco del Sur", country="ES", domain="bancodelsur.example")


@pytest.fixture
def stranger(other_customer: Customer) -> User:
    """The owner of another customer."""
    return factories.member(other_customer, factories.person("lucia@bancodelsur.example", "Lucía Ortega"))


@pytest.fixture
def reviewer(db: None) -> User:
    return factories.person("rosa@vendor.example", "Rosa Keller", staff_role=StaffRole.REVIEWER)


@pytest.fixture
def second_reviewer(db: None) -> User:
    return factories.person("sam@vendor.example", "Sam Okafor", staff_role=StaffRole.REVIEWER)


@pytest.fixture
def lead(db: None) -> User:
    return factories.person("lena@vendor.example", "Lena Brandt", staff_role=StaffRole.LEAD)


@pytest.fixture
def operator(db: None) -> User:
    return factories.person("omar@vendor.example", "Omar Haddad", staff_role=StaffRole.OPERATOR)


@pytest.fixture
def auditor(db: None) -> User:
    return factories.person("aiko@vendor.example", "Aiko Tanaka", staff_role=StaffRole.AUDITOR)


@pytest.fixture
def clock(settings: LazySettings) -> Clock:
    """Entrances take `factories.NOW` for the time, until the test moves it: `clock.set(…)`, `clock.forward(days=1)`."""
    settings.CLOCK = "tests.clock.now"
    the_clock.set(factories.NOW)
    return the_clock


@pytest.fixture
def frozen_clock(clock: Clock) -> datetime:
    """Entrances take `factories.NOW` for the time."""
    return clock()


@pytest.fixture
def sign_in(client: Client) -> Callable[[User], Client]:
    """Sign a person in: `sign_in(owner).get(…)`."""

    def enter(user: User) -> Client:
        client.force_login(user)
        session = client.session
        session.update(factories.authenticated(user))
        session.save()
        return client

    return enter
