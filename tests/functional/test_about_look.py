"""Pages about the rules of the house as a browser shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.models import PolicyEdition
from tests import factories
from tests.functional.conftest import looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock", "edition_row")]
Enter = Callable[..., None]


def another_edition() -> None:
    text = factories.edition_text()
    for old, new in (
        ('code = "2022-06-21"', 'code = "2024-01-15"'),
        ("last_day = 2023-06-30", "last_day = 2023-09-30"),
        ("approval_months = 24", "approval_months = 12"),
        ("[use_cases.VG3]", "[use_cases.VG9]"),
        ('[capabilities."face.liveness"]', '[capabilities."face.liveness"]\nopened_on = 2024-02-01'),
    ):
        text = text.replace(old, new)
    PolicyEdition.objects.create(
        code="2024-01-15",
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        loaded_at=factories.NOW,
    )


def test_pages_about_the_rules(page: Page, site: str) -> None:
    page.goto(site + reverse("catalogue-compare"))
    looked_at(page, "about-compare-one")
    another_edition()
    for name in ("policy", "how-we-decide", "privacy", "accessibility", "help", "catalogue-compare"):
        page.goto(site + reverse(name))
        looked_at(page, f"about-{name}", closely=name in ("policy", "catalogue-compare"))
    page.get_by_label("From").select_option("2022-06-21")
    page.get_by_label("To").select_option("2024-01-15")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changes from 2022-06-21 to 2024-01-15")
    looked_at(page, "about-compared", closely=True)
