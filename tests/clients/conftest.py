from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.portal import Moment, Portal


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    yield made
    made.kill()


@pytest.fixture
def monotonic() -> Moment:
    return Moment()
