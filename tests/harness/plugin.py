"""Starts the servers before pytest-django reads the settings, and keeps runs honest.

python -m pytest                       rules, pages and jobs on PostgreSQL
python -m pytest --db sqlite           what touches the database, on SQLite
python -m pytest tests/functional      the browser, in a call of its own
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.harness import servers
from tests.harness.guard import forbid_network

VENDORS = ("postgresql", "sqlite")
MARK = "PORTAL_TEST_RUN"  # set by the process that started the servers, inherited by its workers
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    chosen = os.environ.get("DATABASE", "postgresql")
    parser.addoption("--db", choices=VENDORS, default=chosen, help="the database the tests run on")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    vendor = early_config.known_args_namespace.db
    if os.environ.get(MARK) != vendor:
        prepare(vendor)
    forbid_network()


def prepare(vendor: str) -> None:
    """Nothing of the developer's own environment reaches the tests: what the settings read is set here."""
    place = servers.folder()
    for name in list(os.environ):
        if name.startswith(("PG", "OIDC_", "SECRET_KEY", "EMAIL_", "DATABASE_", "TRUSTED_")):
            del os.environ[name]
    os.environ |= {
        MARK: vendor,
        "DEBUG": "0",
        "DEMO": "0",
        "SECRET_KEY": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "SITE_URL": "http://localhost",
        "EMAIL_URL": "memory:",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
        "VAR_DIR": str(place / "var"),
        "REDIS_URL": servers.start_redis(place),
        "DATABASE_URL": servers.start_postgresql(place)
        if vendor == "postgresql"
        else f"sqlite:///{place}/db.sqlite3",
    }


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    browser = [item for item in items if "tests/functional/" in item.path.as_posix()]
    if browser and len(browser) != len(items):
        raise pytest.UsageError(
            "the browser's tests run in a pytest call of their own: pytest tests/functional"
        )
    if config.getoption("--db") == "sqlite" and not browser:
        # What never asks the database gives the same answer on both.
        kept = [item for item in items if touches_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def touches_database(item: pytest.Item) -> bool:
    named = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or named & DATABASE_FIXTURES)


@pytest.fixture(autouse=True)
def _unlocalised() -> Iterator[None]:
    """A test that switches the language or zone does not leave it to the next."""
    from django.utils import timezone, translation  # noqa: PLC0415 -- the plugin is loaded before the settings are

    yield
    translation.deactivate()
    timezone.deactivate()
