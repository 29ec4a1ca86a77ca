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
HAS_FOCUS = """element => {
    const active = document.activeElement;
    return element === active
        || (element.type === 'radio' && active.type === 'radio' && active.name === element.name);
}"""


class Mouse:
    """How most people fill in a form."""

    def click(self, target: Locator) -> None:
        target.click()

    def check(self, target: Locator) -> None:
        target.check()

    def fill(self, target: Locator, text: str) -> None:
        target.fill(text)


class Keyboard(Mouse):
    """Hands that never leave the keys: Tab to reach, arrows among radio buttons, Space and Enter to act."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def click(self, target: Locator) -> None:
        press_until(self.page, target)
        self.page.keyboard.press("Enter")

    def check(self, target: Locator) -> None:
        target = target.locator("visible=true")
        press_until(self.page, target)
        if target.get_attribute("type") == "radio":
            for _press in range(12):
                if target.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        elif not target.is_checked():
            self.page.keyboard.press("Space")
        expect(target).to_be_checked()

    def fill(self, target: Locator, text: str) -> None:
        press_until(self.page, target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        expect(target).to_have_value(text)


def press_until(page: Page, target: Locator) -> None:
    """Tab until the element has the focus (of radio buttons, one of its group); a keyboard finds everything."""
    target.wait_for()
    for _press in range(120):
        if target.evaluate(HAS_FOCUS):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


def fill_in(page: Page, hands: Mouse | None = None) -> None:
    """The whole form as an owner would, section by section; what is known is filled in already."""
    hands = hands or Mouse()
    hands.click(page.get_by_role("link", name=re.compile("Continue:")))
    hands.check(
        page.get_by_role("group", name="Does the vendor's account team").get_by_label("I am not sure")
    )
    hands.check(page.get_by_role("group", name="Do you build this for other").get_by_label("No"))
    hands.click(page.get_by_role("button", name="Save and continue"))
    hands.fill(page.get_by_label("Subscription ids"), f"{KIOSKS} Check-in kiosks")
    hands.check(page.get_by_role("group", name="Does the resource run on a paid tier?").get_by_label("Yes"))
    hands.click(page.get_by_role("button", name="Save and continue"))
    expect(
        page.get_by_role("checkbox", name=re.compile("^Verification"))
    ).to_be_checked()  # as the decoder found
    hands.click(page.get_by_role("button", name="Save and continue"))
    hands.check(page.get_by_label(re.compile("Verify that a person is who they claim to be")))
    hands.fill(
        page.get_by_label("What will it do, and why?"), "Passengers compare their face with their passport."
    )
    hands.click(page.get_by_role("button", name="Save and continue"))
    hands.fill(page.get_by_label("In which countries will it be used?"), "Denmark")
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
        hands.check(page.get_by_role("group", name=group).get_by_label(answer, exact=True))
    hands.fill(page.get_by_label("How are people told?"), "A sign at each kiosk.")
    hands.fill(page.get_by_label("How do they consent"), "They tick a box first.")
    hands.fill(page.get_by_label("How long are faces kept"), "30 seconds; the kiosk deletes them.")
    hands.click(page.get_by_role("button", name="Save and continue"))
    hands.click(page.get_by_role("link", name="Continue", exact=True))  # evidence is optional
    for statement in ("It is not used by or for", "We accept the terms", "We tell people"):
        hands.check(page.get_by_label(re.compile(statement)))
    hands.click(page.get_by_role("button", name="Save and continue"))


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


def test_the_whole_application_by_keyboard_alone(page: Page, site: str, enter: Enter, owner: User) -> None:
    enter(owner)
    keys = Keyboard(page)
    page.goto(site + reverse("application-new") + "?capability=face.verification")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    page.keyboard.press("Enter")
    keys.click(page.get_by_role("button", name="Start the application"))
    fill_in(page, keys)
    expect(page.get_by_role("heading", name="Check your answers")).to_be_visible()
    keys.click(page.get_by_role("button", name="Submit the application"))
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    assert Application.objects.get().state == State.SUBMITTED


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Before\0after", "Beforeafter"),
        ("Faces 😀👩‍🚀 at the gate", "Faces 😀👩‍🚀 at the gate"),
        ("بوابة \u202eتسجيل", "بوابة تسجيل"),
        ("<script>document.title='owned'</script>{{ 7|add:7 }}", None),
        ("'; DROP TABLE applications_user; --", None),
    ],
)
def test_odd_text_is_kept_as_text(
    page: Page,
    site: str,
    enter: Enter,
    owner: User,
    nordlys: Customer,
    edition_row: PolicyEdition,
    typed: str,
    kept: str | None,
) -> None:
    enter(owner)
    application = drafts.draft(nordlys, owner, edition_row)
    address = site + reverse("application-section", args=[application.reference, "use-case"])
    page.goto(address)
    page.get_by_label("What will it do, and why?").fill(typed)
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url(re.compile("/people/"))
    expect(page.locator("#error-summary")).to_have_count(0)
    page.goto(site + reverse("application-check", args=[application.reference]))
    expect(page.get_by_text(kept or typed)).to_be_visible()
    expect(page).to_have_title(re.compile("Check your answers"))
    page.goto(address)
    expect(page.get_by_label("What will it do, and why?")).to_have_value(kept or typed)


def test_far_too_long_a_text_is_refused_at_its_field_and_stays(
    page: Page, site: str, enter: Enter, owner: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    enter(owner)
    application = drafts.draft(nordlys, owner, edition_row)
    page.goto(site + reverse("application-section", args=[application.reference, "use-case"]))
    typed = "Word. " * 17_000
    page.get_by_label("What will it do, and why?").fill(typed)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert page.get_by_label("What will it do, and why?").input_value().strip() == typed.strip()
    page.locator("#error-summary a").first.click()
    expect(page.get_by_label("What will it do, and why?")).to_be_focused()


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
    other.wait_for_url(re.compile("/evidence/"))
    other.close()
    page.get_by_label("In which countries will it be used?").fill("Sweden")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#conflict")).to_be_focused()
    expect(page.get_by_role("group", name="In which countries")).to_contain_text("Norway")
    assert_accessible(page)
    shoot(page, "apply-conflict")
    page.get_by_role("button", name="Keep all of this window").click()
    page.wait_for_url(re.compile("chosen="))
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
