"""Pages about the rules of the house as a browser shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.enums import Duty, MessageKind, MessageState
from applications.models import Customer, JobRun, OutboundMessage, PolicyEdition, Suspension, User
from applications.queries.account import stop_token
from applications.rules.policy import Edition
from tests import factories
from tests.cases import case
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


def test_pages_of_a_person_and_their_team(
    page: Page, site: str, enter: Enter, owner: User, colleague: User, nordlys: Customer
) -> None:
    OutboundMessage.objects.create(
        key="returned",
        kind=MessageKind.APPLICATION_DECIDED,
        state=MessageState.BOUNCED,
        user=colleague,
        address=colleague.email,
        queued_at=factories.NOW,
        due_at=factories.NOW,
        finished_at=factories.NOW,
    )
    page.goto(site + reverse("mail-stop", args=[stop_token(owner)]))
    looked_at(page, "mail-stop")
    page.get_by_role("button", name="Switch it off").click()
    looked_at(page, "mail-stopped")
    enter(owner)
    page.goto(site + reverse("mail-preferences"))
    expect(page.get_by_label("Send me the messages that I can also read here")).not_to_be_checked()
    looked_at(page, "mail-preferences", closely=True)
    page.get_by_label("Your time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The next mail goes by it.")).to_be_visible()
    page.goto(site + reverse("team"))
    expect(page.get_by_text("Our last mail to one of you came back:")).to_be_visible()
    looked_at(page, "team-returned", closely=True)


def test_place_pace_and_history(
    page: Page, site: str, enter: Enter, owner: User, nordlys: Customer, edition: Edition, lead: User
) -> None:
    JobRun.objects.create(
        duty=Duty.PACE,
        as_of=factories.NOW,
        started_at=factories.NOW,
        finished_at=factories.NOW,
        counts={"decided": 52, "half": 4, "most": 9},
    )
    made = case(nordlys)
    kiosks = factories.subscription(nordlys, "入口 2", used={"face": factories.BEFORE_THE_CUT})
    for code in ("face.identification", "face.verification", "face.emotion"):
        factories.grace(kiosks, code)
    Suspension.objects.create(
        subscription=factories.subscription(nordlys, "بوابة المسافرين"),
        starts_at=factories.NOW,
        suspended_by=lead,
    )
    factories.right(kiosks, "face.liveness", item=made.items.first())
    enter(owner)
    page.goto(site + reverse("application-status", args=[made.reference]))
    expect(page.get_by_text("Its place in the queue: about 1 of 1.")).to_be_visible()
    looked_at(page, "status-place", closely=True)
    page.goto(site + reverse("access"))
    expect(page.get_by_role("heading", name="What happened to your access")).to_be_visible()
    looked_at(page, "access-history", closely=True)
