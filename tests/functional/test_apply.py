"""Applying in a real browser: without scripts, by keyboard alone, on a small screen, and two people in one draft."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from applications.enums import State
from applications.models import Application, Customer, PolicyEdition, User
from tests import drafts, factories
from tests.drafts import GATES, KIOSKS
from tests.functional.conftest import Complaints, assert_accessible, assert_fits, shoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]
Enter = Callable[[User], None]
SMALL = {"width": 320, "height": 640}


def fill_in(page: Page) -> None:
    """The whole form as an owner would, section by section; what is known is filled in already."""
    page.get_by_role("link", name=re.compile("Continue:")).click()
    page.get_by_role("group", name="Does the vendor's account team").get_by_label("I am not sure").check()
    page.get_by_role("group", name="Do you build this for other").get_by_label("No").check()
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("Subscription ids").fill(f"{KIOSKS} Check-in kiosks")
    page.get_by_role("group", name="Does the resource run on a paid tier?").get_by_label("Yes").check()
    page.get_by_role("button", name="Save and continue").click()
    expect(
        page.get_by_role("checkbox", name=re.compile("^Verification"))
    ).to_be_checked()  # as the decoder found
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label(re.compile("Verify that a person is who they claim to be")).check()
    page.get_by_label("What will it do, and why?").fill("Passengers compare their face with their passport.")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("In which countries will it be used?").fill("Denmark")
    for group, answer in {
        "Whose faces?": "Customers or users who enrolled",
        "Where do the faces you compare with come from?": "People enrol themselves",
        "Where are the cameras or devices?": "At a shared device or kiosk",
        "Are people recognised in real time?": "No",
        "Can people under 18 or over 65 be among them?": "No",
        "Will police or other law enforcement use it": "No",
        "Can people refuse to be enrolled": "Yes",
        "Is there another way that is as good?": "Yes",
        "Who reviews a match before": "A trained person, always",
    }.items():
        page.get_by_role("group", name=group).get_by_label(answer, exact=True).check()
    page.get_by_label("How are people told?").fill("A sign at each kiosk.")
    page.get_by_label("How do they consent").fill("They tick a box first.")
    page.get_by_label("How long are faces kept").fill("30 seconds; the kiosk deletes them.")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("link", name="Continue", exact=True).click()  # evidence is optional
    for statement in ("It is not used by or for", "We accept the terms", "We tell people"):
        page.get_by_label(re.compile(statement)).check()
    page.get_by_role("button", name="Save and continue").click()


def test_from_the_decoder_to_a_submitted_application_without_scripts(
    another: Callable[..., Page], site: str, enter: Callable[..., None], owner: User
) -> None:
    page = another(java_script_enabled=False)
    enter(owner, page.context)
    page.goto(site + reverse("decode"))
    page.get_by_label("What the API answered").fill(
        "UnsupportedFeature: missing approval for one or more of the following features: Verification."
    )
    page.get_by_role("button", name="Find the cause").click()
    page.get_by_role("link", name="Apply with the capability already chosen").click()
    page.get_by_role("button", name="Start the application").click()
    fill_in(page)
    expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
    page.get_by_role("button", name="Submit the application").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    application = Application.objects.get()
    expect(page.get_by_text(application.reference).first).to_be_visible()
    assert application.state == State.SUBMITTED
    page.get_by_role("link", name="Your access").click()
    expect(page.get_by_text("Waiting").first).to_be_visible()


def test_a_section_and_the_submission_by_keyboard_alone(
    page: Page, site: str, enter: Enter, owner: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    enter(owner)
    filled = drafts.answers(attestations={"attest-duties": ""})
    application = drafts.draft(nordlys, owner, edition_row, filled)
    page.goto(site + reverse("application", args=[application.reference]))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Attestations", exact=True)
    press_until(page, link)
    page.keyboard.press("Enter")
    box = page.get_by_label(re.compile("We tell people"))
    press_until(page, box)
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
    press_until(page, page.get_by_role("button", name="Submit the application"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()


def press_until(page: Page, target: Locator) -> None:
    """Tab until the element has the focus; a keyboard finds everything."""
    for _press in range(120):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


def test_an_error_takes_the_focus_links_to_its_field_and_keeps_what_was_typed(
    page: Page, site: str, enter: Enter, owner: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    enter(owner)
    application = drafts.draft(nordlys, owner, edition_row, {})
    page.set_viewport_size(SMALL)
    page.goto(site + reverse("application-section", args=[application.reference, "subscriptions"]))
    page.get_by_label("Subscription ids").fill(f"{GATES} Gates\n0123456789abcdef0123456789abcdef")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.get_by_label("Subscription ids")).to_have_value(f"{GATES} Gates\n")
    assert_accessible(page)
    assert_fits(page)
    shoot(page, "apply-errors-320")
    page.locator("#error-summary a").first.click()
    expect(page.get_by_label("Subscription ids")).to_be_focused()


def test_the_second_to_save_sees_the_first_and_chooses(
    page: Page,
    site: str,
    enter: Enter,
    complaints: Complaints,
    owner: User,
    nordlys: Customer,
    edition_row: PolicyEdition,
) -> None:
    complaints.expect("409")
    enter(owner)
    application = drafts.draft(nordlys, owner, edition_row)
    address = site + reverse("application-section", args=[application.reference, "people"])
    page.goto(address)
    other = page.context.new_page()
    other.goto(address)
    other.get_by_label("In which countries will it be used?").fill("Norway")
    other.get_by_role("button", name="Save and continue").click()
    other.close()
    page.get_by_label("In which countries will it be used?").fill("Sweden")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#conflict")).to_be_focused()
    expect(page.locator("#conflict")).to_contain_text("Norway")
    assert_accessible(page)
    shoot(page, "apply-conflict")
    page.get_by_role("button", name="Save mine in place of theirs").click()
    assert application.sections.get(code="people").answers["deployment-countries"] == "Sweden"


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_an_applicant_are_accessible_and_fit(
    page: Page,
    site: str,
    enter: Enter,
    owner: User,
    nordlys: Customer,
    edition_row: PolicyEdition,
    width: int,
    theme: Any,
) -> None:
    enter(owner)
    for number in range(6):
        one = factories.subscription(nordlys, f"مطار 空港 {number}", used={"face": factories.BEFORE_THE_CUT})
        factories.grace(one, "face.identification")
        factories.grace(one, "face.emotion")
    application = drafts.draft(
        nordlys, owner, edition_row, drafts.answers(people={}, use_case={"use-cases": []})
    )
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    for name, args in (
        ("home", []), ("check", []), ("catalogue", []), ("decode", []), ("access", []), ("application-list", []),
        ("application-new", []), ("application", [application.reference]),
        ("application-check", [application.reference]),
        *(("application-section", [application.reference, code]) for code in ("need", "use-case", "people")),
    ):  # fmt: skip
        page.goto(site + reverse(name, args=args))
        assert_accessible(page)
        assert_fits(page)
        shoot(page, f"{name}-{args[-1] if args and len(args) > 1 else ''}-{width}-{theme}")
