"""After a decision, in a real browser: appeal, renewal, amendment, another try, more time; one without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.actions import submission
from applications.enums import Kind, State
from applications.models import AccessGrant, Application, Customer, PolicyEdition, User
from applications.rules.policy import Edition
from tests import drafts, factories
from tests.cases import APPROVED, DENIED, judged
from tests.clock import Clock
from tests.drafts import GATES
from tests.factories import NOW
from tests.functional.conftest import Complaints, assert_accessible, looked_at, shoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("edition_row")]
LETTER = NOW + timedelta(minutes=10)
END = datetime(2025, 5, 16, tzinfo=UTC)
Enter = Callable[..., None]


@pytest.fixture
def asked(nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition) -> Application:
    """Identification and liveness on one subscription."""
    made = drafts.draft(nordlys, owner, edition_row)
    return submission.submit(application=made, edition=edition, by=owner, now=NOW)


def at(site: str, name: str, application: Application) -> str:
    return site + reverse(f"application-{name}", args=[application.reference])


def attest_and_submit(page: Page) -> None:
    """The one section that nobody fills in for somebody else, then the check page."""
    page.get_by_role("link", name="Attestations", exact=True).first.click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("button", name="Submit the application").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your application")


def test_an_appeal_from_the_letter_to_another_reviewers_desk(
    page: Page,
    site: str,
    enter: Enter,
    another: Callable[..., Page],
    clock: Clock,
    owner: User,
    reviewer: User,
    second_reviewer: User,
    asked: Application,
    complaints: Complaints,
) -> None:
    complaints.expect("400")
    judged(asked, reviewer, DENIED)
    clock.set(LETTER + timedelta(hours=1))
    enter(owner)
    page.goto(at(site, "status", asked))
    looked_at(page, "followup-denied")
    page.get_by_role("link", name="Appeal", exact=True).click()
    looked_at(page, "followup-appeal", closely=True)
    page.get_by_role("button", name="Begin the appeal").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is written")
    assert_accessible(page)
    page.get_by_label("Why should the decision be another?").fill("The gate stands behind the checkpoint.")
    page.get_by_role("button", name="Begin the appeal").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Appeal about Identification")
    shoot(page, "followup-appeal-draft")
    page.get_by_role("link", name="Why you appeal").click()
    looked_at(page, "followup-grounds")
    page.get_by_label("Why should the decision be another?").fill("The gate stands behind passport control.")
    page.get_by_role("button", name="Save").click()
    attest_and_submit(page)
    appeal = Application.objects.get(kind=Kind.APPEAL)
    desk = another()
    enter(second_reviewer, desk.context)
    desk.goto(site + reverse("admin:case", args=[appeal.reference]))
    expect(desk.locator("section", has=desk.locator("#follows"))).to_contain_text("behind passport control")
    looked_at(desk, "followup-case")


def test_a_renewal_without_scripts_holds_the_end(
    another: Callable[..., Page],
    site: str,
    enter: Enter,
    clock: Clock,
    owner: User,
    reviewer: User,
    asked: Application,
) -> None:
    judged(asked, reviewer, APPROVED)
    clock.set(END - timedelta(days=40))
    page = another(java_script_enabled=False)
    enter(owner, page.context)
    page.goto(site + reverse("access"))
    shoot(page, "followup-access")
    page.get_by_role("link", name="Renew Identification").first.click()
    expect(page.get_by_text("Submitted by 17 April 2025 (Europe/Copenhagen)")).to_be_visible()
    shoot(page, "followup-renew")
    page.get_by_role("button", name="Begin the renewal").click()
    attest_and_submit(page)
    assert AccessGrant.objects.filter(ends_at=END + timedelta(days=60)).count() == 4
    clock.set(END + timedelta(days=1))
    page.goto(site + reverse("access"))
    expect(page.get_by_text("Extended").first).to_be_visible()


def test_an_amendment_asks_only_for_what_is_new(
    page: Page, site: str, enter: Enter, clock: Clock, owner: User, reviewer: User, asked: Application
) -> None:
    judged(asked, reviewer, APPROVED)
    clock.set(NOW + timedelta(days=30))
    enter(owner)
    page.goto(site + reverse("application-list"))
    looked_at(page, "followup-list")
    page.get_by_role("link", name="Add a subscription or a use case").click()
    looked_at(page, "followup-change")
    page.get_by_role("button", name="Begin the amendment").click()
    page.get_by_role("link", name="Subscriptions").first.click()
    box = page.get_by_role("textbox").first
    box.fill(f"{box.input_value()}\n{GATES} Gates")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What you need")
    page.goto(site + reverse("application", args=[Application.objects.get(kind=Kind.AMENDMENT).reference]))
    attest_and_submit(page)
    items = Application.objects.get(kind=Kind.AMENDMENT).items
    assert {str(guid) for guid in items.values_list("subscription__guid", flat=True)} == {GATES}


def test_applying_again_begins_with_the_answers(
    page: Page, site: str, enter: Enter, clock: Clock, owner: User, reviewer: User, asked: Application
) -> None:
    judged(asked, reviewer, DENIED)
    clock.set(LETTER + timedelta(days=90))
    enter(owner)
    page.goto(at(site, "appeal", asked))
    expect(page.get_by_text("The last day was 14 June 2023")).to_be_visible()
    looked_at(page, "followup-too-late")
    page.goto(at(site, "status", asked))
    page.get_by_role("link", name="Apply again", exact=True).click()
    page.get_by_role("button", name="Begin a new application").click()
    attest_and_submit(page)
    assert Application.objects.get(previous=asked).state == State.SUBMITTED


def test_more_time_is_asked_for_and_answered(
    page: Page,
    site: str,
    enter: Enter,
    another: Callable[..., Page],
    clock: Clock,
    nordlys: Customer,
    owner: User,
    operator: User,
) -> None:
    factories.grace(factories.subscription(nordlys, "Kiosks"), "face.identification")
    enter(owner)
    page.goto(site + reverse("access"))
    page.get_by_role("link", name="Ask for more time").click()
    page.get_by_role("radio").first.check()
    page.get_by_label("Why do you need more time").fill("Our audit ends in August.")
    page.get_by_role("button", name="Send the request").click()
    looked_at(page, "followup-more-time", closely=True)
    desk = another()
    enter(operator, desk.context)
    desk.goto(site + reverse("admin:rights"))
    desk.get_by_role("link", name="Nordlys").click()
    looked_at(desk, "followup-time-request")
    desk.get_by_label("Answer to the customer").fill("Apply first: more time alone decides nothing.")
    desk.get_by_role("button", name="Decline and answer").click()
    page.reload()
    expect(page.get_by_text("Apply first: more time alone decides nothing.")).to_be_visible()
