"""Chromium of the system, pages that fail on any complaint of the browser, and Django under Playwright's loop."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request
from pytest_django.live_server_helper import LiveServer

from applications.models import User
from scripts import packages
from tests import factories

FLAGS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOTS = Path(__file__).resolve().parents[2] / "var" / "shots"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    packages.ensure(["chromium", "fonts", "fonts-cjk"])
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return {**browser_type_launch_args, "executable_path": str(packages.chromium()), "args": flags}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    # Motion would make pictures and clicks depend on the instant.
    return {**browser_context_args, "locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}


@pytest.fixture(scope="session", autouse=True)
def _django_under_a_loop() -> Iterator[None]:
    """Playwright's synchronous calls run an event loop, which Django takes for asynchronous code."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server: LiveServer, settings: LazySettings) -> str:
    """The address of the running site, by the name `localhost` (passkeys refuse 127.0.0.1), as mails name it."""
    settings.SITE_URL = live_server.url
    return str(live_server.url)


class Complaints:
    """What the browser had to say: errors of scripts, refusals of the policy, failed and foreign requests."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """This test provokes a complaint; it fails when none like it is heard."""
        self.expected.append(pattern)

    def listen(self, page: Page, origin: str) -> None:
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("console", lambda said: said.type == "error" and self.heard.append(f"console: {said.text}"))
        page.on("request", lambda request: self.check(request, origin))

    def check(self, request: Request, origin: str) -> None:
        if not request.url.startswith((origin, "data:", "blob:", "about:")):
            self.heard.append(f"foreign: {request.url}")

    def settle(self) -> None:
        unexpected = [said for said in self.heard if not any(re.search(like, said) for like in self.expected)]
        unheard = [like for like in self.expected if not any(re.search(like, said) for said in self.heard)]
        assert (unexpected, unheard) == ([], []), "unexpected and missing complaints of the browser"


@pytest.fixture
def complaints(context: BrowserContext, site: str) -> Iterator[Complaints]:
    """Listens to every page of the context, and of those that `another` opens."""
    found = Complaints()
    context.on("page", lambda page: found.listen(page, site))
    yield found
    found.settle()


@pytest.fixture
def another(
    browser: Browser, browser_context_args: dict[str, Any], complaints: Complaints, site: str
) -> Iterator[Callable[..., Page]]:
    """A page of somebody else, or without scripts: `another(java_script_enabled=False)`.

    Closed with the test, also one that fails: an open page keeps a thread of the site and its database connection.
    """
    opened: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{**browser_context_args, **options})
        opened.append(context)
        context.on("page", lambda page: complaints.listen(page, site))
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


@pytest.fixture
def page(complaints: Complaints, context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def enter(context: BrowserContext, site: str, settings: LazySettings) -> Callable[..., None]:
    """Sign a person in without the form: `enter(owner)`, or in another's page: `enter(owner, other.context)`."""

    def sign_in(user: User, where: BrowserContext = context) -> None:
        client = Client()
        client.force_login(user)
        session = client.session
        session.update(factories.authenticated(user))
        session.save()
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        where.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site}])

    return sign_in


def assert_accessible(page: Page) -> None:
    """WCAG 2.2 AA by axe, for the page as it is rendered now."""
    found = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
    )
    violations = [
        f"{rule['id']} ({rule['impact']}): {node['html']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]
    assert violations == [], f"axe on {page.url}"


def assert_fits(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide at {page.viewport_size}"


def shoot(page: Page, name: str) -> None:
    """A picture to look at, in var/shots/, when `SHOTS=1` asks for them: they are a third of the time."""
    if os.environ.get("SHOTS") != "1":
        return
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def looked_at(page: Page, name: str, *, closely: bool = False) -> None:
    """Sound for axe and fitting on a small screen; `closely` also at 768 px and in both themes at 320 px."""
    shoot(page, name)
    assert_accessible(page)
    if closely:
        page.set_viewport_size({"width": 768, "height": 900})
        assert_fits(page)
        shoot(page, f"{name}-768")
    page.set_viewport_size({"width": 320, "height": 900})
    assert_fits(page)
    shoot(page, f"{name}-320")
    if closely:
        assert_accessible(page)
        page.emulate_media(color_scheme="dark")
        assert_accessible(page)
        shoot(page, f"{name}-320-dark")
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
