"""What is typed survives: the server while typing, this browser after a lost session or a crash, nobody else ever."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page, expect

from applications.actions.application import save_section
from applications.actions.submission import submit
from applications.models import Application, Customer, PolicyEdition, User
from tests import drafts, factories
from tests.functional.conftest import Complaints, assert_accessible, looked_at
from tests.functional.test_apply import Keyboard

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock")]
Enter = Callable[..., None]
COPIES = "Object.keys(localStorage).filter(key => key.startsWith('draft:')).length"
TOLD = "A sign at every gate, and a page in the app."
KEPT = re.compile("We kept what you typed here on")


@pytest.fixture
def draft(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> Application:
    return drafts.draft(nordlys, owner, edition_row)


@pytest.fixture
def address(site: str, draft: Application) -> str:
    return site + reverse("application-section", args=[draft.reference, "people"])


def told(page: Page) -> Locator:
    return page.get_by_label("How are people told?")


def line(page: Page) -> Locator:
    return page.locator("[data-save-line]")


def offer(page: Page) -> Locator:
    return page.locator("[data-restore]")


def kept(draft: Application, question: str = "notice") -> str:
    return str(draft.sections.get(code="people").answers[question])


def type_and_wait(page: Page, text: str) -> None:
    """Type, and wait for the answer to what is saved by itself."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        told(page).fill(text)


def sign_in_by_form(page: Page, person: User) -> None:
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_typing_is_saved_and_said_once(
    page: Page, enter: Enter, owner: User, draft: Application, address: str
) -> None:
    enter(owner)
    page.goto(address)
    page.evaluate(
        """() => {
            window.heard = [];
            const said = document.querySelector("[data-save-said]");
            new MutationObserver(() => heard.push(said.textContent)).observe(said, { childList: true });
        }"""
    )
    for text in (TOLD, TOLD + " And by voice."):
        type_and_wait(page, text)
        expect(line(page)).to_have_text("Saved 14:40 UTC")
        assert kept(draft) == text
    expect(told(page)).to_be_focused()
    assert page.evaluate("heard") == ["Saved 14:40 UTC"]
    assert page.evaluate(COPIES) == 0
    expect(page.locator("[data-save-said]")).to_have_attribute("role", "status")
    looked_at(page, "autosave-saved", closely=True)
    told(page).fill(TOLD)
    page.get_by_role("button", name="Save and continue").click()  # before it was saved by itself
    expect(page).to_have_url(re.compile("/evidence/"))
    assert (kept(draft), draft.sections.get(code="people").version) == (TOLD, 4)
    assert page.evaluate(COPIES) == 0


def test_half_an_answer_is_kept_without_a_storm_of_errors(
    page: Page, site: str, enter: Enter, owner: User, draft: Application
) -> None:
    enter(owner)
    page.goto(site + reverse("application-section", args=[draft.reference, "organisation"]))
    with page.expect_response(lambda answer: answer.status == 200 and answer.request.method == "POST"):
        page.get_by_label("Your work e-mail address").fill("henrik@")
    expect(line(page)).to_contain_text("Saved")
    expect(page.locator("#error-summary, .invalid-feedback")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Your work e-mail address")).to_have_value("henrik@")
    expect(page.get_by_text("1 answer cannot be read yet.")).to_be_visible()
    looked_at(page, "autosave-half")
    page.goto(site + reverse("application-check", args=[draft.reference]))
    expect(page.locator("#error-summary")).to_contain_text(
        "Your work e-mail address: This cannot be read yet"
    )


def test_a_lost_session_loses_no_word(
    page: Page, enter: Enter, owner: User, draft: Application, address: str
) -> None:
    enter(owner)
    page.goto(address)
    Session.objects.all().delete()
    told(page).fill(TOLD)
    expect(line(page)).to_contain_text("You are signed out. A copy is kept in this browser.")
    page.get_by_role("button", name="Save and continue").click()
    sign_in_by_form(page, owner)
    expect(page).to_have_url(address)
    expect(offer(page)).to_contain_text(KEPT)
    expect(told(page)).to_have_value(drafts.ANSWERS["people"]["notice"])
    looked_at(page, "autosave-offer", closely=True)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        Keyboard(page).click(offer(page).get_by_role("button", name="Use it"))
        expect(told(page)).to_have_value(TOLD)
    expect(line(page)).to_contain_text("Saved")
    assert kept(draft) == TOLD
    expect(offer(page)).to_be_hidden()
    assert page.evaluate(COPIES) == 0


def test_who_signs_in_again_in_another_tab_goes_on_in_the_first(
    page: Page, site: str, enter: Enter, complaints: Complaints, owner: User, draft: Application, address: str
) -> None:
    complaints.expect("403")  # the mark of the form belonged to the session before
    enter(owner)
    page.goto(address)
    Session.objects.all().delete()
    told(page).fill(TOLD)
    expect(line(page)).to_contain_text("You are signed out.")
    other = page.context.new_page()
    other.goto(site + reverse("account_login"))
    sign_in_by_form(other, owner)
    other.wait_for_url(re.compile("/applications/"))
    other.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(line(page)).to_contain_text("Saved")
    assert kept(draft) == TOLD


def test_what_was_typed_before_a_crash_is_offered(
    page: Page, enter: Enter, owner: User, draft: Application, address: str
) -> None:
    enter(owner)
    page.goto(address)
    told(page).fill(TOLD)
    assert page.evaluate(COPIES) == 1
    with pytest.raises(PlaywrightError):
        page.goto("chrome://crash")
    assert kept(draft) != TOLD
    again = page.context.new_page()
    again.goto(address)
    expect(offer(again)).to_contain_text(KEPT)
    offer(again).get_by_role("button", name="Discard it").click()
    expect(offer(again)).to_be_hidden()
    assert again.evaluate(COPIES) == 0
    again.reload()
    expect(offer(again)).to_be_hidden()


def test_going_back_never_brings_old_text_over_newer(
    page: Page, enter: Enter, owner: User, colleague: User, draft: Application, address: str
) -> None:
    """A browser that fills a form in again by itself would put old text under the newest version."""
    enter(owner)
    page.goto(address)
    told(page).fill(TOLD)
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url(re.compile("/evidence/"))
    saved = draft.sections.get(code="people")
    save_section(
        application=draft,
        section="people",
        answers=saved.answers | {"notice": "By letter."},
        version=saved.version,
        edition=factories.read_file(),
        by=colleague,
        now=factories.NOW,
    )
    page.go_back()
    page.wait_for_url(address)
    expect(told(page)).to_have_value("By letter.")


def test_a_lost_session_loses_no_word_without_scripts_either(
    another: Callable[..., Page], enter: Enter, owner: User, draft: Application, address: str
) -> None:
    page = another(java_script_enabled=False)
    enter(owner, page.context)
    page.goto(address)
    Session.objects.all().delete()
    told(page).fill(TOLD)
    page.get_by_role("button", name="Save and continue").click()
    sign_in_by_form(page, owner)
    expect(page).to_have_url(address)
    expect(page.get_by_role("alert")).to_contain_text("You were signed out when you sent this")
    expect(told(page)).to_have_value(TOLD)
    assert kept(draft) != TOLD
    page.get_by_role("button", name="Save and continue").click()
    expect(page).to_have_url(re.compile("/evidence/"))
    assert kept(draft) == TOLD


def test_leaving_the_page_saves_at_once(
    page: Page, site: str, enter: Enter, owner: User, draft: Application, address: str
) -> None:
    enter(owner)
    page.goto(address)
    told(page).fill(TOLD)
    page.goto(site + reverse("application", args=[draft.reference]))
    for _poll in range(200):
        if kept(draft) == TOLD:
            break
        page.wait_for_timeout(50)
    page.goto(address)
    expect(told(page)).to_have_value(TOLD)
    expect(offer(page)).to_be_hidden()


def test_signing_out_saves_what_was_typed_last_and_leaves_no_copy(
    page: Page, site: str, enter: Enter, owner: User, draft: Application, address: str
) -> None:
    enter(owner)
    page.goto(address)
    told(page).fill(TOLD)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert kept(draft) == TOLD
    assert page.evaluate("localStorage.length") == 0


def test_nobody_else_at_this_browser_is_offered_anything(
    page: Page, enter: Enter, owner: User, colleague: User, draft: Application, address: str
) -> None:
    enter(owner)
    page.goto(address)
    Session.objects.all().delete()
    told(page).fill(TOLD + " 0123456789abcdef0123456789abcdef")
    expect(line(page)).to_contain_text("You are signed out.")
    copies = page.evaluate("JSON.stringify(localStorage)")
    assert TOLD in copies
    assert "0123456789abcdef" not in copies
    assert owner.email not in copies
    enter(colleague)
    page.goto(address)
    expect(told(page)).to_have_value(drafts.ANSWERS["people"]["notice"])
    expect(offer(page)).to_be_hidden()
    enter(owner)
    page.goto(address)
    expect(offer(page)).to_contain_text(KEPT)


def test_two_editors_see_each_other_and_choose(
    page: Page,
    another: Callable[..., Page],
    enter: Enter,
    complaints: Complaints,
    owner: User,
    colleague: User,
    draft: Application,
    address: str,
) -> None:
    complaints.expect("409")
    other = another()
    enter(owner)
    enter(colleague, other.context)
    page.goto(address)
    other.goto(address)
    other.get_by_label("In which countries").fill("Norway")
    type_and_wait(other, "By letter.")
    told(page).fill(TOLD)
    expect(line(page)).to_contain_text("Freja Lindqvist saved “People affected” on 15 May 2023, 14:40 UTC.")
    expect(told(page)).to_be_focused()
    assert kept(draft) == "By letter."
    assert_accessible(page)
    page.get_by_role("button", name="Sign out").click()
    expect(line(page)).to_contain_text("Sign out again to leave without them.")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#conflict")).to_be_focused()
    expect(page.locator("#conflict")).to_contain_text("Freja Lindqvist")
    looked_at(page, "two-versions", closely=True)
    keys = Keyboard(page)
    notice = page.get_by_role("group", name="How are people told?")
    expect(notice).to_contain_text("By letter.")
    expect(notice.get_by_label("Yours, not saved yet")).to_be_checked()
    countries = page.get_by_role("group", name="In which countries")
    keys.check(countries.get_by_label("Freja Lindqvist"))
    keys.click(page.get_by_role("button", name="Save what is chosen above"))
    expect(page).to_have_url(re.compile(r"/people/\?chosen=3$"))
    assert (kept(draft), kept(draft, "deployment-countries")) == (TOLD, "Norway")
    expect(offer(page)).to_be_hidden()
    assert page.evaluate(COPIES) == 0


def test_without_scripts_the_second_to_save_chooses_too(
    another: Callable[..., Page],
    enter: Enter,
    complaints: Complaints,
    owner: User,
    colleague: User,
    draft: Application,
    address: str,
) -> None:
    complaints.expect("409")
    mine, theirs = another(java_script_enabled=False), another(java_script_enabled=False)
    enter(owner, mine.context)
    enter(colleague, theirs.context)
    for page in (mine, theirs):
        page.goto(address)
    for page, country in ((theirs, "Norway"), (mine, "Sweden")):
        page.get_by_label("In which countries").fill(country)
        page.get_by_role("button", name="Save and continue").click()
    expect(mine.get_by_role("heading", level=1)).to_contain_text("Two people changed")
    mine.get_by_role("button", name="Keep all of theirs").click()
    expect(mine.get_by_label("In which countries")).to_have_value("Norway")
    assert kept(draft, "deployment-countries") == "Norway"


def test_who_types_on_after_it_was_submitted_is_shown_what_is_not_in_it(
    page: Page, enter: Enter, complaints: Complaints, owner: User, draft: Application, address: str
) -> None:
    complaints.expect("422")
    complaints.expect("409")
    enter(owner)
    page.goto(address)
    submit(application=draft, edition=factories.read_file(), by=owner, now=factories.NOW)
    told(page).fill(TOLD)
    expect(line(page)).to_contain_text("These answers are fixed now. What you typed since is not saved.")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("yours is not saved")
    expect(page.get_by_text(TOLD)).to_be_visible()
    looked_at(page, "too-late")
