"""The ground the browser's tests stand on: each guard bites."""

import subprocess

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from playwright.sync_api import Error, Page, expect

from applications.models import User
from portal.urls import urlpatterns as site_addresses
from tests.functional.conftest import Complaints, assert_accessible, assert_fits

HEAD = "<!doctype html><html lang=en><title>A page</title><link rel=icon href=data:,><main><h1>A page</h1>"
BODIES = {
    "plain": "<p>Text</p>",
    "inline": "<script>document.title = 'run'</script>",
    "nameless": "<button></button>",
    "wide": "<pre>" + "x" * 500 + "</pre>",
}


def body(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(f"{HEAD}{BODIES[name]}</main>")


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{HEAD}<p>{request.user}</p></main>")


urlpatterns = [*site_addresses, path("page/<name>", body), path("who", who)]


@pytest.fixture(autouse=True)
def _pages(settings):
    settings.ROOT_URLCONF = __name__


def test_runs_on_the_vendor_that_was_asked_for(page: Page, site: str, request):
    page.goto(f"{site}/page/plain")
    expect(page.get_by_text("Text")).to_be_visible()
    assert connection.vendor == request.config.getoption("--db")
    assert_accessible(page)
    assert_fits(page)


def test_inline_script_is_refused_by_the_policy_and_heard(page: Page, site: str, complaints: Complaints):
    complaints.expect("Content Security Policy")
    page.goto(f"{site}/page/inline")
    expect(page).to_have_title("A page")


def test_foreign_request_is_heard(page: Page, site: str, complaints: Complaints):
    complaints.expect("foreign: http://example.test/")
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.test/")


def test_unexpected_complaint_fails(page: Page, site: str):
    deaf = Complaints()
    deaf.heard.append("console: broken")
    with pytest.raises(AssertionError, match="console: broken"):
        deaf.settle()


def test_expected_complaint_that_is_not_heard_fails():
    deaf = Complaints()
    deaf.expect("never said")
    with pytest.raises(AssertionError, match="never said"):
        deaf.settle()


def test_axe_sees_a_button_without_a_name(page: Page, site: str):
    page.goto(f"{site}/page/nameless")
    with pytest.raises(AssertionError, match="button-name"):
        assert_accessible(page)


def test_sideways_scroll_is_seen(page: Page, site: str):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{site}/page/wide")
    with pytest.raises(AssertionError, match="too wide"):
        assert_fits(page)


def test_person_is_signed_in(page: Page, site: str, owner: User, enter):
    enter(owner)
    page.goto(f"{site}/who")
    expect(page.get_by_text(str(owner))).to_be_visible()


@pytest.mark.parametrize("language", ["ar", "zh", "el", "hi"])
def test_other_scripts_have_a_font(language):
    assert subprocess.run(["fc-list", f":lang={language}"], capture_output=True, check=True).stdout
