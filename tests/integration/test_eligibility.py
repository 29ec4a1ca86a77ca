"""The check before the form: for everybody, without a script, in an address of its own."""

import re

import pytest
from django.urls import reverse

from applications.models import Application, Section
from tests.integration.test_public import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]
READY = {
    "capability": "face.identification",
    "customer": "new",
    "sector": "commercial",
    "account-team": "yes",
    "work-email": "yes",
    "subscription-ids": "yes",
    "paid-tier": "yes",
}


def shown(client, **changed):
    return client.get(reverse("eligibility"), READY | {k.replace("_", "-"): v for k, v in changed.items()})


def test_nothing_given_asks_without_errors(client):
    answer = client.get(reverse("eligibility"))
    assert "This is not answered." not in text_of(answer)
    assert "Does the vendor's account team look after you?" in text_of(answer).replace("&#x27;", "'")
    assert "Set-Cookie" not in answer.headers


def test_an_unanswered_question_is_named_at_its_field(client):
    answer = client.get(reverse("eligibility"), {"customer": "new", "account-team": "yes"})
    assert "4 answers need a change" in text_of(answer)
    assert 'href="#id_paid-tier_0"' in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ["Yes, you can apply for", "Search a media or entertainment archive|Find a face in a media",
              "How are people told?", "If you submit today: by 30 May 2023", "Start the application"]),
        ({"account_team": "no"}, ["Not yet", "Only customers and partners that the vendor", "sales contact"]),
        ({"work_email": "no"}, ["Not yet", "Only an organisation may apply"]),
        ({"paid_tier": "no"}, ["Not yet", "Move to a paid tier"]),
        ({"subscription_ids": "no"}, ["Yes, you can apply", "Still to find out", "the column Subscription ID"]),
        ({"customer": "existing"}, ["keep it until 30 June 2023, 23:59 UTC", "last safe day to submit is 15 June"]),
        ({"capability": "face.detection"}, ["You need not apply", "open to everybody"]),
        ({"capability": "face.emotion"}, ["Nobody can apply for", "No application brings it back"]),
        ({"capability": "", "customer": "existing"}, ["Yes, you can apply", "until 30 June 2023"]),
        ({"sector": "government"}, ["Two people decide."]),
    ],
)  # fmt: skip
def test_each_case_says_what_is_so_and_what_to_do(client, changed, says):
    text = text_of(shown(client, **changed))
    for one in says:
        assert re.search(one, text), one


def test_after_the_grace_year_nobody_is_told_that_it_still_works(client, clock):
    clock.forward(days=60)
    text = text_of(shown(client, customer="existing"))
    assert "The grace year of existing customers ended on 30 June 2023." in text
    assert "you keep it until" not in text


@pytest.mark.parametrize(
    "given",
    [
        {"capability": "nonsense\x00", "customer": "👩", "account-team": "\u202e" * 500},
        {"customer": "x" * 5000},
        {"edit": "1", "capability": "<script>alert(1)</script>"},
    ],
)
def test_odd_addresses_are_answered(client, given):
    answer = client.get(reverse("eligibility"), given)
    assert answer.status_code == 200
    assert "<script>alert(1)" not in answer.content.decode()


def test_the_answers_go_along_into_the_draft(client, sign_in, owner, nordlys):
    page = shown(client, account_team="unsure", customer="existing").content.decode()
    start = re.search(r'href="([^"]+)">Start the application', page)[1].replace("&amp;", "&")
    assert start.startswith(reverse("application-new"))
    begun = sign_in(owner).get(start)
    fields = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', begun.content.decode()))
    key = re.search(r'name="create_key" value="([^"]+)"', begun.content.decode())[1]
    client.post(reverse("application-new"), fields | {"create_key": key})
    saved = {
        section.code: section.answers
        for section in Section.objects.filter(application=Application.objects.get())
    }
    assert saved["organisation"]["account-team"] == "unsure"
    assert saved["organisation"]["sector"] == "commercial"
    assert saved["subscriptions"] == {"paid-tier": "yes"}
    assert saved["need"]["capabilities"] == ["face.identification"]


@pytest.mark.parametrize(
    ("name", "query"), [("home", ""), ("check", "?capability=face.identification"), ("check", "")]
)
def test_the_pages_before_lead_here(client, name, query):
    assert f'href="{reverse("eligibility")}' in client.get(reverse(name) + query).content.decode()


def test_the_start_of_an_application_leads_here(sign_in, owner):
    page = sign_in(owner).get(reverse("application-new") + "?capability=face.identification")
    assert f"{reverse('eligibility')}?capability=face.identification" in page.content.decode()
