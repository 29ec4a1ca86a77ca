"""Chromium of the system, and Django under Playwright's loop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from scripts import packages

FLAGS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    packages.ensure(["chromium", "fonts", "fonts-cjk"])
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return {**browser_type_launch_args, "executable_path": str(packages.chromium()), "args": flags}


@pytest.fixture(scope="session", autouse=True)
def _django_under_a_loop() -> Iterator[None]:
    """Playwright's synchronous calls run an event loop, which Django takes for asynchronous code."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
