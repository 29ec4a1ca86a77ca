"""The check before the form in a real browser: each rendering, by keyboard alone, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.functional.conftest import looked_at
from tests.functional.test_apply import Keyboard, Mouse
from tests.integration.test_eligibility import READY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]


def address(site: str, **changed: str) -> str:
    answers = READY | {name.replace("_", "-"): value for name, value in changed.items()}
    return f"{site}{reverse('eligibility')}?" + "&".join(f"{name}={value}" for name, value in answers.items())


def answer_all(page: Page, hands: Mouse) -> None:
    for group, answer in (
        ("Did this subscription use", "Yes: existing"),
        ("Kind of organisation", "Company or other private organisation"),
        ("Does the vendor's account team", "I am not sure"),
        ("Do you have a mail address", "Yes"),
        ("Do you have the id of each", "Yes"),
        ("Does the resource run on a paid tier?", "Yes"),
    ):
        hands.check(page.get_by_role("group", name=group).get_by_label(answer, exact=True))
    hands.click(page.get_by_role("button", name="See whether we can apply"))


def test_by_keyboard_alone_from_the_start_page(page: Page, site: str) -> None:
    keys = Keyboard(page)
    page.goto(site)
    keys.click(page.get_by_role("link", name="See whether you can apply"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Can we apply?")
    looked_at(page, "eligibility-form", closely=True)
    answer_all(page, keys)
    expect(page.get_by_role("heading", level=1)).to_have_text("Yes, you can apply")
    expect(page.get_by_text("the days stand still until you answer")).to_be_visible()
    keys.click(page.get_by_role("link", name="Change the answers"))
    expect(
        page.get_by_role("group", name="Does the vendor's account team").get_by_label("I am not sure")
    ).to_be_checked()


def test_without_scripts_an_answer_has_its_address(another: Callable[..., Page], site: str) -> None:
    page = another(java_script_enabled=False)
    page.goto(site + reverse("eligibility"))
    page.get_by_role("button", name="See whether we can apply").click()
    expect(page.locator("#error-summary")).to_be_visible()
    answer_all(page, Mouse())
    shared = page.get_by_role("link", name=site).get_attribute("href") or ""
    page.goto(shared)
    expect(page.get_by_role("heading", level=1)).to_have_text("Yes, you can apply")


def test_each_answer_is_accessible_and_fits(page: Page, site: str) -> None:
    for name, changed in (
        ("ready", {"sector": "government", "customer": "existing", "subscription_ids": "no"}),
        ("not-yet", {"account_team": "no", "work_email": "no", "paid_tier": "no"}),
        ("not-needed", {"capability": "face.detection"}),
        ("retired", {"capability": "face.emotion"}),
        ("unanswered", {"paid_tier": ""}),
    ):
        page.goto(address(site, **changed))
        looked_at(page, f"eligibility-{name}", closely=name in ("ready", "not-yet"))
