"""The leads' and operators' newer pages in Chromium: axe, three widths, both themes; empty, full and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Page

from applications.actions import decision
from applications.admin import MODEL_PAGES
from applications.enums import AttentionCode, ContactState, Duty, Outcome, Settlement, State
from applications.models import (
    Application,
    Attention,
    Customer,
    DeadlinePreview,
    JobRun,
    RequestedCapability,
    User,
)
from tests import factories
from tests.cases import case, same_for_all
from tests.factories import NOW
from tests.functional.conftest import Complaints, assert_accessible, looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]


def world(nordlys: Customer, reviewer: User, second_reviewer: User) -> None:
    """Some open cases, some decided ones, and a deadline ahead."""
    for number in range(4):
        case(nordlys, state=State.IN_REVIEW, holder=reviewer, now=NOW - timedelta(days=number * 9))
    case(nordlys, state=State.INFORMATION_REQUESTED, holder=second_reviewer)
    case(nordlys)
    for number in range(9):
        at = NOW - timedelta(days=6 * number)
        made = case(nordlys, state=State.IN_REVIEW, target_at=at + timedelta(days=number))
        Application.objects.filter(pk=made.pk).update(state=State.DECIDED, closed_at=at)
        outcome = Outcome.DENIED if number % 4 == 0 else Outcome.APPROVED
        RequestedCapability.objects.filter(application=made).update(outcome=outcome, closed_at=at)
    DeadlinePreview.objects.create(
        ends_at=NOW + timedelta(weeks=6),
        made_at=NOW,
        rights=90,
        customers=40,
        pending=9,
        unwarned=0,
        standings={"in_review": 25, "submitted": 15},
    )


def test_the_figures_of_leads(
    page: Page,
    site: str,
    enter: Callable[..., None],
    lead: User,
    reviewer: User,
    second_reviewer: User,
    nordlys: Customer,
    complaints: Complaints,
) -> None:
    complaints.expect("status of 400")  # a wrong period
    enter(lead)
    page.goto(site + reverse("admin:figures"))
    assert_accessible(page)
    world(nordlys, reviewer, second_reviewer)
    factories.person("nora@vendor.example", "Nora Lind", staff_role="reviewer", absent_until=NOW.date())
    page.goto(site + reverse("admin:figures"))
    looked_at(page, "leading-figures", closely=True)
    page.goto(site + reverse("admin:figures") + "?first=2023-05-10&last=2023-05-01")
    looked_at(page, "leading-figures-wrong")


def test_leads_hand_over_and_write(
    page: Page,
    site: str,
    enter: Callable[..., None],
    lead: User,
    reviewer: User,
    nordlys: Customer,
    complaints: Complaints,
) -> None:
    complaints.expect("status of 422")  # an empty message
    enter(lead)
    for name in ("handing", "rebalance"):
        page.goto(site + reverse(f"admin:{name}"))
        assert_accessible(page)
    for _number in range(3):
        case(nordlys, state=State.IN_REVIEW, holder=reviewer)
    page.goto(site + reverse("admin:rebalance"))
    looked_at(page, "leading-plan", closely=True)
    page.get_by_role("button", name="Hand over").click()
    looked_at(page, "leading-results")
    page.goto(site + reverse("admin:handing"))
    looked_at(page, "leading-choose")
    page.locator("[name=case]").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Write to their applicants").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="See what they read").click()
    page.get_by_label("Message").fill("We moved to another building.")
    page.get_by_role("button", name="See what they read").click()
    looked_at(page, "leading-message")


def test_pages_of_a_blind_review(
    page: Page,
    site: str,
    enter: Callable[..., None],
    reviewer: User,
    second_reviewer: User,
    nordlys: Customer,
    settings: LazySettings,
    complaints: Complaints,
) -> None:
    complaints.expect("status of 422")
    settings.BLIND_REVIEW_PERCENT = 100
    enter(second_reviewer)
    page.goto(site + reverse("admin:blind"))
    assert_accessible(page)
    held = case(nordlys, state=State.IN_REVIEW, holder=reviewer, flags=["minors"])
    held.flags.update(settlement=Settlement.CURED, settled_at=NOW)
    outcomes, earlier = same_for_all(held), NOW - timedelta(hours=1)
    decision.decide(held, outcomes=outcomes, edition=factories.read_file(), by=reviewer, now=earlier)
    page.goto(site + reverse("admin:blind"))
    page.get_by_role("button", name="Take the next").click()
    page.get_by_role("button", name="Record").click()
    looked_at(page, "blind-case", closely=True)
    page.get_by_label("Approved", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Record").press("Enter")
    page.get_by_text("Recorded.").wait_for()


def test_pages_of_operators_attention(
    page: Page,
    site: str,
    enter: Callable[..., None],
    operator: User,
    nordlys: Customer,
    complaints: Complaints,
) -> None:
    complaints.expect("status of 422")
    enter(operator)
    page.goto(site + reverse("admin:attention"))
    assert_accessible(page)
    for number in range(3):
        made = factories.customer(f"Verkehrsbetriebe Nord {number}", country="DE", imported=True)
        factories.grace(factories.subscription(made), "face.verification")
        factories.contact(made, f"it@verkehrsbetriebe-{number}.example", state=ContactState.BOUNCED)
        row = Attention.objects.create(customer=made, code=AttentionCode.NOBODY_REACHED, raised_at=NOW)
    page.goto(site + reverse("admin:attention"))
    looked_at(page, "attention", closely=True)
    page.goto(site + reverse("admin:attention-one", args=[row.pk]))
    page.get_by_role("button", name="Add the contact").click()
    looked_at(page, "attention-one", closely=True)
    page.get_by_label("E-mail address").fill("kai@nord.example")
    page.get_by_role("button", name="Add the contact").press("Enter")
    page.get_by_text("The contact is added.").wait_for()


def test_pages_of_duties_and_of_ones_own(
    page: Page, site: str, enter: Callable[..., None], lead: User, reviewer: User, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    enter(lead)
    JobRun.objects.create(duty=Duty.ENDS, as_of=NOW, started_at=NOW, finished_at=NOW, counts={"closed": 7})
    page.goto(site + reverse("admin:runs"))
    looked_at(page, "duties", closely=True)
    page.goto(site + reverse("admin:you"))
    page.get_by_label("Every business day").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("Noted.").wait_for()
    page.get_by_label("Away until").fill("2001-01-01")
    page.get_by_role("button", name="Note the absence").click()
    looked_at(page, "your-work", closely=True)
    page.goto(site + reverse("admin:applications_user_change", args=[reviewer.pk]))
    looked_at(page, "person-of-ours")


def test_model_pages_break_no_policy(
    page: Page, site: str, enter: Callable[..., None], lead: User, nordlys: Customer
) -> None:
    """Django's own pages obey the content policy: no style or script of theirs is refused, on any model page."""
    case(nordlys)
    Attention.objects.create(customer=nordlys, code=AttentionCode.NO_CONTACT, raised_at=NOW)
    page.add_init_script(
        "window.refused = []; document.addEventListener('securitypolicyviolation',"
        " (event) => window.refused.push(event.violatedDirective + ' ' + event.sourceFile + ':' + event.lineNumber))"
    )
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"{said.type}: {said.text}"))
    enter(lead)
    for model, _pages in MODEL_PAGES:
        listed = reverse(f"admin:applications_{model.__name__.lower()}_changelist")
        row = model.objects.order_by("pk").first()
        for address in (listed, *([f"{listed}{row.pk}/change/"] if row else ())):
            page.goto(site + address)
            assert (page.evaluate("window.refused"), heard) == ([], []), address
    looked_at(page, "model-page")
