"""Single sign-on against a real OpenID provider on loopback, from the button to the account (ASVS 6.8, 10.5)."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.processes.conftest import BIN, ROOT, Processes, free_port, get, until
from tests.provider.__main__ import CLIENT, PASSWORD

pytestmark = pytest.mark.timeout(240)
MAKE_ROSA = """
import datetime as dt
from allauth.account.models import EmailAddress
from applications.models import User
made = User.objects.create_user("rosa@vendor.example", "a long word of her own", name="Rosa Keller",
    staff_role="reviewer", joined_at=dt.datetime.now(dt.UTC))
EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
"""


@dataclass
class Site:
    address: str
    database: Path

    def people(self) -> dict[str, tuple[str, str]]:
        with sqlite3.connect(self.database) as connection:
            rows = connection.execute(
                "SELECT email, name, staff_role FROM applications_user ORDER BY id"
            ).fetchall()
        return {email: (name, role) for email, name, role in rows}


@pytest.fixture
def site(processes: Processes, tmp_path: Path) -> Site:
    port, provider = free_port(), free_port()
    address, database = f"http://127.0.0.1:{port}", tmp_path / "site.sqlite3"
    env = {
        "PATH": str(BIN),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "single-sign-on-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{database}",
        "EMAIL_URL": "null:",
        "SITE_URL": address,
        "VAR_DIR": str(tmp_path / "var"),
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "OIDC_ISSUER": f"http://127.0.0.1:{provider}",
        "OIDC_NAME": "Vendor's directory",
        "OIDC_DOMAINS": "vendor.example, nordlys.example",
        "OIDC_CLIENT_ID": CLIENT[0],
        "OIDC_CLIENT_SECRET": CLIENT[1],
    }
    for words in (
        ("migrate", "--verbosity", "0"),
        ("collectstatic", "--noinput", "--verbosity", "0"),
        ("load_policy", "applications/editions/2022-06-21.toml"),
        ("shell", "--verbosity", "0", "-c", MAKE_ROSA),
    ):
        subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, capture_output=True
        )
    callback = f"{address}/accounts/oidc/sso/login/callback/"
    processes.start(
        "provider", sys.executable, "-m", "tests.provider", str(provider), callback, env={"PATH": str(BIN)}
    )
    processes.start("web", str(BIN / "gunicorn"), "portal.wsgi", env=env)
    until(
        lambda: get(f"http://127.0.0.1:{provider}/.well-known/openid-configuration")[0] == 200,
        "the provider answers",
    )
    until(lambda: get(f"{address}/healthz")[0] == 200, "the site answers")
    return Site(address, database)


def come_in(site: Site, email: str) -> tuple[requests.Session, requests.Response]:
    """Press the button, sign in at the provider, and land where it leads."""
    browser = requests.Session()
    page = browser.get(f"{site.address}/accounts/login/", timeout=20)
    form = re.search(r'action="([^"]*/oidc/sso/login/[^"]*)">.*?value="([^"]+)"', page.text, re.DOTALL)
    assert form is not None, "the button is there"
    asked = browser.post(
        site.address + form[1].replace("&amp;", "&"), {"csrfmiddlewaretoken": form[2]}, timeout=20
    )
    assert "/accounts/login/" in asked.url
    assert not asked.url.startswith(site.address), "the provider asks who it is"
    return browser, browser.post(asked.url, {"login": email, "password": PASSWORD}, timeout=20)


def test_who_comes_from_the_issuer(site: Site) -> None:
    browser, page = come_in(site, "rosa@vendor.example")
    assert page.url == f"{site.address}/accounts/2fa/", "ours have a second factor whatever the issuer asked"
    desk = browser.get(f"{site.address}/admin/", timeout=20)
    assert desk.url == f"{site.address}/accounts/2fa/"

    _browser, page = come_in(site, "nils@nordlys.example")
    assert page.url.startswith(site.address)
    assert page.status_code == 200
    assert site.people() == {
        "rosa@vendor.example": ("Rosa Keller", "reviewer"),
        "nils@nordlys.example": ("Nils Provided", ""),
    }

    for stranger in ("eve@elsewhere.example", "mallory@vendor.example"):
        browser, page = come_in(site, stranger)
        assert page.url == f"{site.address}/accounts/login/"
        assert "no confirmed address that it may speak for" in page.text
        assert browser.get(f"{site.address}/applications/", timeout=20).url.startswith(
            f"{site.address}/accounts/login/"
        )
    assert len(site.people()) == 2

    forged = requests.get(
        f"{site.address}/accounts/oidc/sso/login/callback/",
        {"code": "made-up", "state": "made-up"},
        timeout=20,
    )
    assert forged.url == f"{site.address}/accounts/login/"
    assert "did not work" in forged.text
