"""What the environment makes of the settings: three variables are enough, and production is strict."""

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.configure import database, email

ROOT = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
    "ALLOWED_HOSTS": "portal.example",
    "DATABASE_URL": "postgres://portal:word@db.example/portal",
}


@pytest.fixture
def load(monkeypatch):
    def with_environment(**environment: str) -> dict[str, Any]:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "portal.environment", raising=False)
        return runpy.run_path(str(ROOT / "portal" / "settings.py"))

    return with_environment


def test_three_variables_are_enough_outside_debug(load):
    settings = load(**PRODUCTION)
    assert settings["DEBUG"] is False
    assert settings["SITE_URL"] == "https://portal.example"
    assert settings["CELERY_BROKER_URL"] == "memory://"
    assert settings["CLOCK"] == "applications.clock.system_now"
    assert "portal.demo" not in settings["INSTALLED_APPS"]


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_each_of_the_three_is_needed(load, name):
    with pytest.raises(ImproperlyConfigured, match=f"{name}: must be set"):
        load(**{key: value for key, value in PRODUCTION.items() if key != name})


def test_nothing_is_needed_in_debug(load):
    settings = load(DEBUG="1")
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["SITE_URL"] == "http://localhost:8000"
    assert settings["SESSION_COOKIE_NAME"] == "session"


def test_cookies_and_transport_are_strict_in_production(load):
    settings = load(**PRODUCTION)
    assert [settings[name] for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME")] == [
        "__Host-session",
        "__Host-csrf",
    ]
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_PRELOAD"):
        assert settings[name] is True
    assert settings["SECURE_HSTS_SECONDS"] >= 365 * 24 * 60 * 60
    assert settings["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] is False


def test_plain_http_is_for_loopback_only(load):
    with pytest.raises(ImproperlyConfigured, match="SITE_URL: plain http is for loopback only"):
        load(**PRODUCTION, SITE_URL="http://portal.example")


def test_demo_brings_its_clock(load):
    settings = load(**PRODUCTION, DEMO="1")
    assert "portal.demo" in settings["INSTALLED_APPS"]
    assert settings["CLOCK"] == "portal.demo.clock.now"


def test_broker_waits_for_nobody_for_ever_and_says_its_timeout_once(load):
    settings = load(**PRODUCTION, REDIS_URL="redis://broker.example")
    options = settings["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert options["socket_timeout"] == 5
    assert options["socket_connect_timeout"] == 2
    assert options["visibility_timeout"] == settings["CELERY_VISIBILITY_TIMEOUT"]
    assert settings["CELERY_TASK_TIME_LIMIT"] * 2 < options["visibility_timeout"]


def test_single_sign_on_needs_its_secret_and_opens_the_policy_to_its_issuer(load):
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_SECRET: must be set"):
        load(
            **PRODUCTION,
            OIDC_ISSUER="https://login.example/x",
            OIDC_CLIENT_ID="portal",
            OIDC_DOMAINS="x.example",
        )
    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER: plain http is for loopback only"):
        load(**PRODUCTION, OIDC_ISSUER="http://login.example/x")
    settings = load(
        **PRODUCTION,
        OIDC_ISSUER="https://login.example/x",
        OIDC_CLIENT_ID="portal",
        OIDC_CLIENT_SECRET="word",
        OIDC_DOMAINS="Vendor.example, nordlys.example",
    )
    assert settings["OIDC_DOMAINS"] == ["vendor.example", "nordlys.example"]
    assert "https://login.example" in settings["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"]
    assert len(settings["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"]) == 1


def test_postgresql_statements_end_and_dead_connections_are_noticed():
    found = database({"ENGINE": "django.db.backends.postgresql", "NAME": "x"}, 30)
    assert "-c statement_timeout=30000 -c lock_timeout=10000" in found["OPTIONS"]["options"]
    assert found["CONN_HEALTH_CHECKS"] is True
    assert "pool" not in found["OPTIONS"]


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://me:p%40ss@mail.example", 587, True, False),
        ("smtps://mail.example:4650", 4650, False, True),
    ],
)
def test_mail_server_from_one_address(url, port, tls, ssl):
    found = email(url)
    assert found["EMAIL_BACKEND"] == "portal.bounded_smtp.EmailBackend"
    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (port, tls, ssl)


def test_mail_password_may_hold_any_sign():
    assert email("smtp://me:p%40ss@mail.example")["EMAIL_HOST_PASSWORD"] == "p@ss"


def test_mail_into_a_folder():
    found = email("file:///srv/mail")
    assert found["EMAIL_FILE_PATH"] == "/srv/mail"
    assert found["EMAIL_BACKEND"].endswith("filebased.EmailBackend")


def test_every_variable_stands_in_the_operators_page(load):
    table = load(DEBUG="1")["env"].table()
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    assert table in page, f"docs/operate.md should hold this table:\n{table}"
