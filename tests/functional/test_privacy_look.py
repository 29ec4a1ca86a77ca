"""Pages of personal data and of the record, in every rendering, and downloads that really come."""

from __future__ import annotations

import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from applications.actions import audit
from applications.models import Customer, PolicyEdition, User
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


def test_the_desk_reads_the_record_and_acts_on_data(
    page: Page,
    site: str,
    enter: Callable[..., None],
    another: Callable[..., Page],
    owner: User,
    lead: User,
    operator: User,
    edition_row: PolicyEdition,
) -> None:
    of = owner.memberships.get().customer
    Customer.objects.filter(pk=of.pk).update(name="株式会社ノルディス空港 · مطارات نورديلس")
    factories.right(factories.subscription(of), "face.identification")
    guid = "dc4d27d9-ea49-4921-938f-7782a774e151"
    audit.record(
        "invited", by=owner, now=factories.NOW, customer_id=of.pk, data={"role": "viewer"}, reason="Ask"
    )
    audit.record("right.approved", by=lead, now=factories.NOW, customer_id=of.pk, data={"subscription": guid})
    audit.record("right.closed", by=None, now=factories.NOW, customer_id=of.pk)
    enter(lead)
    page.goto(f"{site}/admin/privacy/customers/{of.pk}/")
    page.get_by_label("Why").fill("Court order 7 of 2 May")
    page.get_by_role("button", name="Place the hold").press("Enter")
    expect(page.get_by_text("On hold since")).to_be_visible()
    looked_at(page, "desk-privacy-customer", closely=True)
    page.goto(f"{site}/admin/record/customers/{of.pk}/")
    looked_at(page, "desk-trail", closely=True)
    other = another()
    enter(operator, other.context)
    other.goto(f"{site}/admin/privacy/")
    looked_at(other, "desk-privacy", closely=True)
    other.goto(f"{site}/admin/record/access/")
    looked_at(other, "desk-report", closely=True)
    with other.expect_download() as download:
        other.get_by_role("button", name="Download as CSV").press("Enter")
    assert "face.identification" in download.value.path().read_text(encoding="utf-8")
