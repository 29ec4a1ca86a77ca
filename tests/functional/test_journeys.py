"""The main job in a real browser, from sign-up to access, and from a warning to the end of access."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.actions.gateway import create_key
from applications.enums import AccessReason, MessageKind, StaffRole
from applications.jobs.delivery import deliver
from applications.jobs.ends import close_ended
from applications.jobs.reminders import record_reminders
from applications.models import Application, Contact, Customer, OutboundMessage
from applications.queries.decision import decide_one
from applications.rules.policy import Edition
from portal.accounts import enrol_totp, totp_code
from tests import factories
from tests.clock import Clock
from tests.drafts import KIOSKS
from tests.functional.conftest import looked_at
from tests.functional.test_apply import fill_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("edition_row")]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
END = datetime(2023, 7, 1, tzinfo=UTC)


def sign_in(page: Page, site: str, address: str) -> None:
    page.goto(site + reverse("account_login"))
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def link_in_mail(mailoutbox: list[EmailMessage], to: str) -> str:
    """The newest mail to an address holds one link of ours that matters."""
    text = next(mail.body for mail in reversed(mailoutbox) if mail.to == [to])
    found = re.search(r"https?://\S+/accounts/confirm-email/\S+", text)
    assert found is not None, text
    return found[0]


def test_from_sign_up_to_access(
    page: Page, site: str, another: Callable[..., Page], clock: Clock, mailoutbox: list[EmailMessage]
) -> None:
    """A new customer signs up, applies for verification, a reviewer approves, and the access page says so."""
    page.goto(site + reverse("account_signup"))
    page.get_by_label("Your name").fill("Nadia Vance")
    page.get_by_label("Your e-mail address").fill("nadia@keystone.example")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_have_count(0)
    deliver(clock())
    page.goto(link_in_mail(mailoutbox, "nadia@keystone.example"))
    page.get_by_role("button", name="Yes, confirm this address").click()
    looked_at(page, "journey-notices", closely=True)
    page.get_by_role("button", name="I agree to the terms, go on").click()
    expect(page.get_by_label("Name of your organisation")).to_be_visible()
    page.get_by_label("Name of your organisation").fill("Keystone Onboarding Inc.")
    page.get_by_label("Web site").fill("https://keystone.example")
    page.get_by_label("Country").select_option("DK")
    page.get_by_label(re.compile("Company|Commercial")).check()
    page.get_by_role("button", name=re.compile("Continue|Save")).click()
    page.goto(site + reverse("application-new") + "?capability=face.verification")
    page.get_by_role("button", name="Start the application").click()
    fill_in(page)
    page.get_by_role("button", name="Submit the application").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    looked_at(page, "journey-submitted", closely=True)
    reference = Application.objects.get().reference
    approve(another(), site, reference, clock)
    page.goto(site + reverse("access"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Verification (one to one) works on 1 subscription"
    )
    expect(page.get_by_text("Approved").first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Verification"))).to_contain_text("since 15 May 2023")
    looked_at(page, "journey-access-approved", closely=True)
    clock.forward(minutes=11)
    page.goto(site + reverse("application-status", args=[reference]))
    expect(page.get_by_text("Approved").first).to_be_visible()
    assert decide_one_reason(KIOSKS, "face.verification", clock()) is AccessReason.APPROVED
    deliver(clock())
    assert any("Decision" in mail.subject for mail in mailoutbox)


def approve(desk: Page, site: str, reference: str, clock: Clock) -> None:
    """A reviewer signs in with a second factor, claims the case and approves each item."""
    reviewer = factories.person("rosa@vendor.example", "Rosa Keller", staff_role=StaffRole.REVIEWER)
    enrol_totp(reviewer, SECRET)
    sign_in(desk, site, reviewer.email)
    desk.get_by_label(re.compile("code", re.IGNORECASE)).fill(totp_code(SECRET))
    desk.locator("main form").get_by_role("button").first.click()
    desk.goto(f"{site}/admin/queue/{reference}/")
    clock.forward(hours=2)
    desk.get_by_role("button", name=re.compile("Claim|Take")).first.click()
    while desk.locator("summary", has_text="Settle this flag").count():
        desk.locator("summary", has_text="Settle this flag").first.click()
        form = desk.locator("form:visible", has=desk.get_by_role("button", name="Note the finding")).first
        form.get_by_role("radio", name="Does not apply").check()
        form.get_by_label("Why").fill("Read beside the notice.")
        form.get_by_role("button", name="Note the finding").click()
    for choice in desk.locator(".segmented").all():
        choice.get_by_text("Approve", exact=True).click()
    desk.get_by_role("button", name="See what you decide").click()
    desk.get_by_role("button", name=re.compile(r"^Approve \d")).click()
    expect(desk.get_by_text("Decided by Rosa Keller")).to_be_visible()


def decide_one_reason(guid: str, capability: str, at: datetime) -> AccessReason:
    return decide_one(UUID(guid), capability, at).verdict.reason


def what_a_gateway_hears(client: Client, key: str, guid: UUID) -> dict[str, Any]:
    answer = client.get(
        "/api/v1/access-decisions",
        {"subscription_id": str(guid), "capability": "face.identification"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200
    return dict(answer.json())


def test_from_a_warning_to_the_end_of_access(
    page: Page, site: str, client: Client, clock: Clock, mailoutbox: list[EmailMessage], edition: Edition
) -> None:
    """An imported customer is warned, does nothing, and loses access at the instant; page and mail say why."""
    customer: Customer = factories.customer("Nordlys Airports A/S", domain="nordlys.example", imported=True)
    Contact.objects.create(customer=customer, name="Henrik Aagaard", email="henrik@nordlys.example")
    entrance = factories.subscription(customer, "Staff entrance", used={"face": factories.BEFORE_THE_CUT})
    factories.grace(entrance, "face.identification")
    clock.set(END - timedelta(days=30) + timedelta(hours=12))
    record_reminders(clock())
    deliver(clock())
    warning = mailoutbox[-1]
    assert warning.to == ["henrik@nordlys.example"]
    assert "30 June 2023" in warning.subject + warning.body
    owner = factories.member(customer, factories.person("henrik@nordlys.example", "Henrik Aagaard"))
    sign_in(page, site, owner.email)
    page.goto(site + reverse("access"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("none after 30 June 2023")
    looked_at(page, "journey-access-grace", closely=True)
    _gateway, key = create_key("edge-1", ["face"], secret="s" * 43, edition=edition, now=clock())
    assert what_a_gateway_hears(client, key, entrance.guid)["reason"] == "grace"
    clock.set(END)
    page.reload()
    expect(page.get_by_text("Grace year ended").first).to_be_visible()
    denied = what_a_gateway_hears(client, key, entrance.guid)
    assert (denied["allowed"], denied["reason"]) == (False, "grace_ended")
    assert "apply" in denied["next_step"].lower()
    clock.set(END + timedelta(minutes=3))
    close_ended(clock())
    deliver(clock())
    told = mailoutbox[-1]
    assert OutboundMessage.objects.filter(kind=MessageKind.ACCESS_ENDED).exists()
    assert "Identification" in told.body
    assert "/applications/new/" in told.body or "/access/" in told.body
    page.reload()
    looked_at(page, "journey-access-ended", closely=True)
    expect(page.get_by_role("link", name=re.compile("Apply")).first).to_be_visible()
