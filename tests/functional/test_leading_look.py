"""The leads' and operators' newer pages in Chromium: axe, three widths, both themes; empty, full and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from applications.enums import Outcome, State
from applications.models import Application, Customer, DeadlinePreview, RequestedCapability, User
from tests import factories
from tests.cases import case
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


def test_pages_of_leads(
    page: Page,
    site: str,
    enter: Callable[..., None],
    lead: User,
    reviewer: User,
    second_reviewer: User,
    nordlys: Customer,
    complaints: Complaints,
) -> None:
    complaints.expect("status of 4(00|22)")  # a wrong period, an empty message
    enter(lead)
    for name in ("figures", "handing", "rebalance"):
        page.goto(site + reverse(f"admin:{name}"))
        assert_accessible(page)
    world(nordlys, reviewer, second_reviewer)
    factories.person("nora@vendor.example", "Nora Lind", staff_role="reviewer", absent_until=NOW.date())
    page.goto(site + reverse("admin:figures"))
    looked_at(page, "leading-figures", closely=True)
    page.goto(site + reverse("admin:figures") + "?first=2023-05-10&last=2023-05-01")
    looked_at(page, "leading-figures-wrong")
    page.goto(site + reverse("admin:rebalance"))
    looked_at(page, "leading-plan", closely=True)
    page.get_by_role("button", name="Hand over").click()
    looked_at(page, "leading-results")
    page.goto(site + reverse("admin:handing"))
    looked_at(page, "leading-choose", closely=True)
    page.locator("[name=case]").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Write to their applicants").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="See what they read").click()
    looked_at(page, "leading-message-wrong")
    page.get_by_label("Message").fill("We moved to another building.")
    page.get_by_role("button", name="See what they read").click()
    looked_at(page, "leading-message")
