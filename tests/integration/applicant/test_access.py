"""The access page: the heading is the answer, every state is the rule's, and the number of statements is fixed."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from applications.actions import submission
from applications.enums import Basis
from applications.models import AccessGrant, Subscription, Suspension
from tests import drafts, factories
from tests.cases import case
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def heading_of(response):
    return re.sub(r"\s+", " ", re.search(r"<h1>(.*?)</h1>", response.content.decode(), re.DOTALL)[1]).strip()


@pytest.fixture
def existing(nordlys, edition):
    """Four subscriptions in the grace year; one has an approval besides."""
    made = []
    for name in ("Check-in kiosks", "Gates", "Lost-child search", "Staff entrance"):
        one = factories.subscription(nordlys, name, used={"face": factories.BEFORE_THE_CUT})
        for code in ("face.identification", "face.face-id", "face.emotion"):
            factories.grace(one, code)
        made.append(one)
    for code in edition.grants("face.identification"):
        factories.right(made[3], code, use_case="FC3")
    return made


def test_the_heading_says_what_works_now_and_after_the_next_end(sign_in, owner, existing):
    answer = sign_in(owner).get(reverse("access"))
    assert heading_of(answer) == (
        "Identification (one to many) works on 4 subscriptions today, and on 1 after 30 June 2023"
    )


def test_the_banner_says_what_stays_what_goes_and_the_zone(sign_in, owner, existing):
    shown = text_of(sign_in(owner).get(reverse("access")))
    assert "Your access to Face API ends on 30 June 2023 at 23:59 UTC" in shown
    assert "Where you are that is 1 July 2023, 01:59 CEST." in shown
    assert "46 days left" in shown
    assert "Submit by 15 June" in shown
    assert "1 subscription keeps access" in shown
    assert "3 lose it, unless approved before then" in shown


def test_after_the_deadline_the_page_says_so_and_how_to_apply(sign_in, owner, existing, clock):
    clock.set(datetime(2023, 7, 1, tzinfo=UTC))
    answer = sign_in(owner).get(reverse("access"))
    shown = text_of(answer)
    assert heading_of(answer).startswith("Identification (one to many) works on 1 subscription today")
    assert "Grace year ended" in shown
    assert "days left" not in shown
    assert f"{reverse('application-new')}?capability=face.identification" in answer.content.decode()


def test_each_state_has_its_date_and_the_history_stands_beneath(
    sign_in, owner, existing, clock, nordlys, edition_row, lead
):
    end = datetime(2023, 7, 1, tzinfo=UTC)
    kiosks, gates, search, staff = existing
    item = case(nordlys, subscriptions=[gates], reference="LA-WXYZ-2345").items.get()
    factories.right(gates, "face.verification", starts_at=NOW, ends_at=NOW + timedelta(days=731), item=item)
    factories.right(search, "face.verification", ends_at=NOW + timedelta(days=1))
    AccessGrant.objects.filter(subscription=kiosks, capability="face.identification").update(
        revoked_at=NOW, revoked_by=lead
    )
    Suspension.objects.create(subscription=staff, starts_at=NOW, suspended_by=lead)
    clock.set(end + timedelta(hours=1))
    shown = text_of(sign_in(owner).get(reverse("access")))
    assert "Grace year ended on 30 June 2023 API: refused, grace_ended" in shown
    assert "Revoked on 15 May 2023, 14:40 UTC API: refused, revoked" in shown
    assert "Ran out on 16 May 2023 API: refused, expired" in shown
    assert "Suspended since 15 May 2023 API: refused, suspended" in shown
    assert "since 15 May 2023 until 15 May 2025 Approved in LA-WXYZ-2345 API: allowed, approved" in shown
    history = shown[shown.index("What happened to your access") :]
    told = [
        "The grace year ended 1 July 2023, 00:00 UTC",
        "The approval ran out 16 May 2023, 14:40 UTC Verification (one to one). Lost-child search",
        "Suspended, all that needs approval 15 May 2023, 14:40 UTC Staff entrance",
        "The grace year began: it works without an approval , until 30 June 2023 21 June 2022, 00:00 UTC",
    ]
    places = [history.index(line) for line in told]
    assert places == sorted(places)
    assert "Taken back by us 15 May 2023, 14:40 UTC Identification (one to many). Check-in kiosks" in history
    assert "On 4 subscriptions." in history


def test_a_name_that_another_customer_gave_is_not_in_the_history(sign_in, owner, nordlys, other_customer):
    left = factories.subscription(nordlys, "Theirs now")
    factories.right(left, "face.verification")
    Subscription.objects.filter(pk=left.pk).update(customer=other_customer, label="Cajeros secretos")
    factories.subscription(nordlys, "Ours")
    shown = text_of(sign_in(owner).get(reverse("access")))
    assert "Cajeros" not in shown
    assert "Verification (one to one). " in shown


def test_an_attribute_that_retires_cannot_be_applied_for(sign_in, owner, existing):
    shown = sign_in(owner).get(reverse("access")).content.decode()
    assert "?capability=face.emotion" not in shown
    assert "?capability=face.identification" in shown


def test_what_waits_names_its_application(sign_in, owner, nordlys, edition_row, edition):
    application = drafts.draft(nordlys, owner, edition_row)
    submission.submit(application=application, edition=edition, by=owner, now=NOW)
    answer = sign_in(owner).get(reverse("access"))
    assert heading_of(answer) == "Identification (one to many) works on none of your subscriptions"
    shown = text_of(answer)
    assert f"With us: {application.reference}" in shown
    assert "Waiting since 15 May 2023 API: refused, pending" in shown


def test_the_machines_answer_is_shown_word_for_word(sign_in, owner, existing):
    query = {"subscription": str(existing[0].guid), "capability": "face.identification"}
    answer = sign_in(owner).get(reverse("access"), query)
    shown = json.loads(answer.context["asked"]["json"])
    assert (shown["allowed"], shown["reason"], shown["ends_at"]) == (True, "grace", "2023-07-01T00:00:00Z")
    assert "The call is let through." in text_of(answer)


@pytest.mark.parametrize(
    "query", [{"subscription": "nonsense"}, {"subscription": "\x00", "capability": "x"}, {"customer": "x"}]
)
def test_nonsense_in_the_address_is_no_error_of_ours(sign_in, owner, existing, query):
    assert sign_in(owner).get(reverse("access"), query).status_code in (200, 404)


def test_a_strangers_subscription_or_customer_is_absent(sign_in, stranger, existing, nordlys):
    client = sign_in(stranger)
    query = {"subscription": str(existing[0].guid), "capability": "face.identification"}
    answer = client.get(reverse("access"), query)
    assert answer.context["asked"] is None
    assert str(existing[0].guid) not in text_of(answer)
    assert client.get(reverse("access"), {"customer": nordlys.pk}).status_code == 404


def test_somebody_without_an_organisation_is_told(sign_in, reviewer):
    assert "You do not belong to an organisation here yet" in text_of(
        sign_in(reviewer).get(reverse("access"))
    )


def test_nothing_known_yet_says_what_to_do(sign_in, owner):
    answer = sign_in(owner).get(reverse("access"))
    assert heading_of(answer) == "No subscription of yours is known here yet"
    assert reverse("application-new") in answer.content.decode()


def test_above_five_subscriptions_they_become_the_rows(sign_in, owner, existing, nordlys):
    client = sign_in(owner)
    assert '<th scope="col">Capability</th>' in client.get(reverse("access")).content.decode()
    for number in range(2):
        one = factories.subscription(nordlys, f"Gate {number}")
        factories.right(one, "face.identification", basis=Basis.EXTENSION, ends_at=NOW + timedelta(days=20))
    shown = client.get(reverse("access")).content.decode()
    assert '<th scope="col">Subscription</th>' in shown
    assert '<th scope="col">Capability</th>' not in shown


@pytest.mark.parametrize("count", [1, 8])
def test_the_page_takes_the_same_statements_for_any_number(
    sign_in, owner, nordlys, django_assert_num_queries, count
):
    for number in range(count):
        one = factories.subscription(nordlys, f"Gate {number}", used={"face": factories.BEFORE_THE_CUT})
        factories.grace(one, "face.identification")
    client = sign_in(owner)
    with django_assert_num_queries(9):
        assert client.get(reverse("access")).status_code == 200
