"""The operators' pages in Chromium: sound for axe and fitting at three widths, empty and full, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from applications.actions import message
from applications.actions.policy import load_edition
from applications.enums import MessageKind, MessageState
from applications.models import Customer, OutboundMessage, User
from tests.factories import NOW, edition_text
from tests.functional.conftest import assert_accessible, looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]


def test_pages_of_operators(
    page: Page,
    site: str,
    enter: Callable[..., None],
    operator: User,
    owner: User,
    nordlys: Customer,
) -> None:
    later = edition_text().replace('code = "2022-06-21"', 'code = "later"')
    later = later.replace("last_day = 2023-06-30", "last_day = 2023-09-30")
    load_edition(later, source="later.toml", by=operator, now=NOW)
    enter(operator)
    page.goto(site + reverse("admin:outbox"))
    assert_accessible(page)
    message.queue(MessageKind.ACCESS_ENDED, key="ended:1", to=owner, now=NOW, customer=nordlys)
    OutboundMessage.objects.update(state=MessageState.QUARANTINED, finished_at=NOW, last_error="lease")
    for name, path in {
        "outbox": reverse("admin:outbox"),
        "editions": reverse("admin:editions"),
        "edition": reverse("admin:edition", args=["later"]),
    }.items():
        page.goto(site + path)
        looked_at(page, f"operating-{name}")
