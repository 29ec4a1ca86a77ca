"""Adding files in a real browser: with a bar that fills, without scripts, and one in disguise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.models import Customer, Evidence, PolicyEdition, User
from tests import drafts, files
from tests.functional.conftest import Complaints, assert_accessible, assert_fits, shoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]
Enter = Callable[..., None]
PDF = {"name": "Impact assessment of the kiosks.pdf", "mimeType": "application/pdf", "buffer": files.PDF}
DISGUISED = {"name": "notice.pdf", "mimeType": "application/pdf", "buffer": files.PNG}


@pytest.fixture(autouse=True)
def place(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def address(site: str, nordlys: Customer, owner: User, edition_row: PolicyEdition) -> str:
    application = drafts.draft(nordlys, owner, edition_row)
    return site + reverse("application-section", args=[application.reference, "evidence"])


def add(page: Page, *chosen: object) -> None:
    page.get_by_label("Files", exact=True).set_input_files(list(chosen))
    page.get_by_role("button", name="Add the files").click()


def look(page: Page, name: str) -> None:
    for width, scheme in ((320, "light"), (768, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert_fits(page)
        assert_accessible(page)
        shoot(page, f"files-{name}-{width}")


def test_files_are_added_removed_and_refused_with_the_bar(
    page: Page, enter: Enter, owner: User, address: str, complaints: Complaints
) -> None:
    enter(owner)
    page.goto(address)
    look(page, "empty")
    add(page, PDF)
    expect(page.get_by_role("heading", name="1 file is attached")).to_be_visible()
    complaints.expect("422")
    add(page, DISGUISED)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("[data-error-summary]")).to_contain_text("“notice.pdf” is not what its name says.")
    look(page, "error")
    add(page, {**PDF, "name": "Second.pdf"})  # the page that came back sends like the first
    expect(page.get_by_role("heading", name="2 files are attached")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Second.pdf").click()
    assert taken.value.suggested_filename == "Second.pdf"
    page.get_by_role("button", name="Remove Second.pdf").click()
    expect(page.get_by_role("heading", name="1 file is attached")).to_be_visible()
    look(page, "full")


def test_without_scripts(
    another: Callable[..., Page], enter: Enter, owner: User, address: str, complaints: Complaints
) -> None:
    page = another(java_script_enabled=False)
    enter(owner, page.context)
    page.goto(address)
    add(page, PDF)
    expect(page.get_by_role("heading", name="1 file is attached")).to_be_visible()
    complaints.expect("422")
    add(page, DISGUISED)
    expect(page.get_by_text("Open it in its program").first).to_be_visible()
    assert Evidence.objects.count() == 1
