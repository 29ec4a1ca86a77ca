"""Acts on rights, deadlines and the public figures, as they are rendered: sound for axe, fitting at three widths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from applications.actions import rights
from applications.actions.deadlines import make_preview
from applications.enums import AttentionCode, ExtensionReason
from applications.models import Attention, Customer, PolicyEdition, User
from tests import factories
from tests.functional.conftest import assert_accessible, assert_fits, shoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]
Enter = Callable[[User], None]
END = datetime(2023, 7, 1, tzinfo=UTC)
WIDTHS = (1280, 768, 320)


def looked_at(page: Page, name: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page)
        shoot(page, f"{name}-{width}")
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    shoot(page, f"{name}-dark")
    assert_accessible(page)
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("full", [False, True])
def test_rights_and_deadlines(
    page: Page,
    site: str,
    enter: Enter,
    edition_row: PolicyEdition,
    lead: User,
    operator: User,
    full: bool,
) -> None:
    customer: Customer = factories.customer(
        "Hafenlogistik Brandt & Söhne Verwaltungsgesellschaft mbH & Co. KGaA"
    )
    held = factories.subscription(customer, "Terminal 3", used={"face": factories.BEFORE_THE_CUT})
    if full:
        edition = factories.read_file()
        for code in ("face.identification", "face.verification", "face.emotion"):
            factories.grace(held, code)
        factories.right(held, "face.liveness", revoked_at=factories.NOW, revoked_by=lead)
        rights.propose_extension(
            held,
            deadline_at=END,
            until=date(2023, 9, 30),
            why=ExtensionReason.CUSTOMER,
            reason="هيئة مطارات الخليج waits for its audit.",
            edition=edition,
            by=operator,
            now=factories.NOW,
        )
        Attention.objects.create(
            customer=customer, code=AttentionCode.NOBODY_REACHED, raised_at=factories.NOW
        )
        for days in (9, 5, 1):
            make_preview(END, now=factories.NOW - timedelta(days=days))
    enter(lead)
    for path, name in (
        ("rights/", "rights"),
        (f"rights/{held.guid}/", "rights-file"),
        ("deadlines/", "deadlines"),
    ):
        page.goto(f"{site}/admin/{path}")
        looked_at(page, f"{name}-{'full' if full else 'empty'}")
    if full:
        page.goto(f"{site}/admin/deadlines/2023-07-01T00:00:00.000000Z/?count")
        looked_at(page, "deadline")
    page.goto(f"{site}/transparency/")
    looked_at(page, "transparency")


def test_refused_form_keeps_what_was_typed_and_takes_the_focus(
    page: Page,
    site: str,
    enter: Enter,
    edition_row: PolicyEdition,
    lead: User,
    nordlys: Customer,
    complaints: object,
) -> None:
    complaints.expect("400")  # type: ignore[attr-defined]
    held = factories.subscription(nordlys, "Entrance", used={"face": factories.BEFORE_THE_CUT})
    factories.grace(held, "face.identification")
    enter(lead)
    page.goto(f"{site}/admin/rights/{held.guid}/")
    page.locator("#extend-reason").fill("Their audit ends in August.")
    page.locator("#extend-until").fill("2023-06-01")
    page.get_by_role("button", name="Propose the extension").click()
    expect(page.get_by_role("alert").first).to_be_focused()
    expect(page.locator("#extend-reason")).to_have_value("Their audit ends in August.")
    looked_at(page, "rights-error")
