"""The frame around every page: theme, navigation, errors that say what happened and what to do."""

from datetime import UTC, datetime

import pytest
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.formats import localize

ERRORS = ["400", "403", "403_csrf", "404", "413", "429", "500"]


class TestTheme:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_a_choice_is_kept_and_the_reader_goes_on_where_they_were(self, client, theme):
        answer = client.post("/theme/", {"theme": theme, "next": "/catalogue/?q=face"})
        assert answer.headers["location"] == "/catalogue/?q=face"
        assert (answer.cookies["theme"].value, answer.cookies["theme"]["samesite"]) == (theme, "Lax")

    @pytest.mark.parametrize("theme", ["", "auto", "<b>"])
    def test_anything_else_means_as_the_system(self, client, theme):
        answer = client.post("/theme/", {"theme": theme})
        assert answer.cookies["theme"]["max-age"] == 0

    @pytest.mark.parametrize(
        "back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"]
    )
    def test_it_never_leads_away(self, client, back):
        assert client.post("/theme/", {"theme": "dark", "next": back}).headers["location"] == "/"

    def test_reading_changes_nothing(self, client):
        assert client.get("/theme/").status_code == 405

    def test_it_needs_the_forms_own_mark(self):
        assert Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"}).status_code == 403


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("request_there", [True, False], ids=["request", "no request"])
def test_an_error_page_stands_alone(code, request_there):
    """400 and 500 are rendered without request, user and context; all must stand without them."""
    page = get_template(f"{code}.html").render({}, RequestFactory().get("/x/") if request_there else None)
    assert page.count("<h1>") == 1
    assert f"Error {code[:3]}" in page
    assert "<style" not in page
    assert 'style="' not in page


def test_an_absent_page_answers_with_ours(client):
    answer = client.get("/there/is/nothing/")
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.content.decode()


def test_a_signed_in_reader_sees_their_places_and_a_visitor_the_way_in(client, sign_in, owner):
    assert 'href="/accounts/login/"' in client.get("/there/is/nothing/").content.decode()
    page = sign_in(owner).get("/there/is/nothing/").content.decode()
    assert 'href="/applications/"' in page
    assert "Sign out" in page


@pytest.mark.parametrize(
    ("language", "words"), [("en", "30 June 2023, 23:59 UTC"), ("nl", "30 juni 2023, 23:59 UTC")]
)
def test_a_date_that_nobody_formatted_has_its_year_its_hour_and_its_zone(language, words):
    """Django's own pages of the desk write dates by the locale's default."""
    with translation.override(language):
        assert localize(datetime(2023, 6, 30, 23, 59, tzinfo=UTC)) == words
