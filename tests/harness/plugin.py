"""Starts the servers before pytest-django reads the settings, and keeps runs honest.

python -m pytest                       rules, pages and jobs on PostgreSQL
python -m pytest --db sqlite           what touches the database, on SQLite
python -m pytest tests/functional      the browser, in a call of its own
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import asvs, servers
from tests.harness.guard import forbid_network

BROWSER = "tests/functional"
VENDORS = ("postgresql", "sqlite")
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
    arguments = early_config.known_args_namespace
    spreads = bool(getattr(arguments, "numprocesses", None)) and "PYTEST_XDIST_WORKER" not in os.environ
    prepare(arguments.db, serves=not spreads)
    forbid_network()


def prepare(vendor: str, serves: bool) -> None:
    """Set every variable that the settings read, so that nothing of the developer's own environment reaches a test.

    Each process that runs tests has servers of its own: what one worker's open transaction holds back on PostgreSQL
    (the feed reads below the oldest of the whole server) must not reach another's tests.
    """
    place = servers.folder()
    for name in list(os.environ):
        if name.startswith(("PG", "OIDC_", "SECRET_KEY", "EMAIL_", "DATABASE_", "TRUSTED_")):
            del os.environ[name]
    os.environ |= {
        "DEBUG": "0",
        "DEMO": "0",
        "SECRET_KEY": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "SITE_URL": "http://localhost",
        "EMAIL_URL": "memory:",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
        "VAR_DIR": str(place / "var"),
        "REDIS_URL": servers.start_redis(place) if serves else "",
        "DATABASE_URL": servers.start_postgresql(place)
        if vendor == "postgresql" and serves
        else f"sqlite:///{place}/db.sqlite3",
    }


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(asvs.Outcomes(), "asvs")


def is_browser_run(config: pytest.Config) -> bool:
    """Playwright's event loop stays on once started, and would be in the way of every test after it."""
    return all(BROWSER in arg for arg in config.args)


def pytest_report_header(config: pytest.Config) -> str:
    alone = (
        "the browser's tests"
        if is_browser_run(config)
        else f"all but {BROWSER}, which run in a call of their own"
    )
    return f"portal: {alone}, on {config.getoption('--db')}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path.match(f"*/{BROWSER}") and not is_browser_run(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--db") == "sqlite" and not is_browser_run(config):
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
