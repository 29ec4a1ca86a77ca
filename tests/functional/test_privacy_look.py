"""Pages of a person's own data, in every rendering, and a copy that really downloads."""

from __future__ import annotations

import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from applications.models import PolicyEdition, User
from tests import factories
from tests.functional.conftest import Complaints, looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock")]


def test_own_data_is_copied_and_erased(
    page: Page,
    site: str,
    enter: Callable[..., None],
    owner: User,
    edition_row: PolicyEdition,
    complaints: Complaints,
) -> None:
    complaints.expect("422")
    factories.right(factories.subscription(owner.memberships.get().customer), "face.identification")
    enter(owner)
    page.goto(f"{site}/accounts/data/")
    looked_at(page, "account-data", closely=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").press("Enter")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert "applications.user.json" in archive.namelist()
    page.get_by_role("link", name="See what would be erased").press("Enter")
    expect(page.get_by_text("Nobody will be left in it. It has 1 right")).to_be_visible()
    looked_at(page, "account-erase", closely=True)
    page.get_by_role("button", name="Erase my data").press("Enter")
    expect(page.get_by_role("link", name="Tick this when you are sure")).to_be_visible()
    looked_at(page, "account-erase-error")
    page.get_by_label("I have read what goes").press("Space")
    page.get_by_role("button", name="Erase my data").press("Enter")
    expect(page.get_by_text("Your data is erased")).to_be_visible()
    owner.refresh_from_db()
    assert owner.erased_at
