"""The pages for everybody: start, check, catalogue, decode. No account, no script, nothing kept."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from applications.enums import Duty
from applications.models import JobRun
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]

KEY = "0123456789abcdef0123456789abcdef"
REFUSED = (
    '{"error":{"code":"InvalidRequest","innererror":{"code":"UnsupportedFeature","message":"Feature is not supported, '
    'missing approval for one or more of the following features: Identification,Verification."}}}'
)


def text_of(response):
    inline = re.sub(r"</?(time|b|bdi|a|code|span)\b[^>]*>", "", response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inline))


def test_the_start_page_counts_from_the_edition(client):
    shown = text_of(client.get(reverse("home")))
    assert "9 capabilities need approval. 19 need none." in shown
    assert "of Face API, Computer Vision and Video Indexer" in shown
    assert "The last safe day to submit is 15 June 2023" in shown


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("returnFaceId", "face.face-id"),
        ("return_face_id", "face.face-id"),
        ("Identify", "face.identification"),
        ("1:N", "face.identification"),
        ("emotion", "face.emotion"),
        ("happiness", "face.emotion"),
        ("findsimilars", "face.find-similar"),
        ("face.liveness", "face.liveness"),
        ("headPose", "face.head-pose"),
    ],
)
def test_capabilities_are_found_by_the_names_people_know(client, typed, first):
    answer = client.get(reverse("check"), {"q": typed})
    found = re.findall(r"\?capability=([\w.-]+)", answer.content.decode())
    assert found[0] == first


@pytest.mark.parametrize(
    ("query", "heading", "says"),
    [
        ("capability=face.identification&customer=new", "Yes:", "Since 21 June 2022 it works only on"),
        (
            "capability=face.identification&customer=existing",
            "Yes, soon:",
            "keeps it until 30 June 2023, 23:59 UTC",
        ),
        ("capability=face.detection", "No:", "It is open to everybody"),
        ("capability=face.emotion&customer=new", "is retired", "The last day was 20 June 2022"),
        ("capability=face.emotion&customer=existing", "still works", "until the end of 30 June 2023"),
        ("capability=computer-vision.spatial-analysis", "still works", "30 March 2025"),
        ("capability=face.face-id", "Yes:", "It comes with an approval of"),
    ],
)
def test_the_answer_has_an_address_of_its_own(client, query, heading, says):
    shown = text_of(client.get(f"{reverse('check')}?{query}"))
    assert heading in shown
    assert says in shown


def test_after_the_grace_year_an_existing_subscription_needs_approval_too(client, clock):
    clock.set(datetime(2023, 7, 1, tzinfo=UTC))
    shown = text_of(client.get(f"{reverse('check')}?capability=face.identification&customer=existing"))
    assert "Yes: Identification" in shown
    assert "ended on 30 June 2023" in shown


@pytest.mark.parametrize(
    "query", ["q=zzzzzz", "capability=nonsense", "q=%00%E2%80%AE", "customer=x", f"q={'x' * 5000}"]
)
def test_what_is_not_known_gets_an_answer(client, query):
    answer = client.get(f"{reverse('check')}?{query}")
    assert answer.status_code == 200


def test_script_in_the_address_is_shown_as_text(client):
    shown = client.get(reverse("check"), {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert(1)" not in shown


def test_the_catalogue_has_everything_of_the_edition(client, edition):
    shown = client.get(reverse("catalogue")).content.decode()
    for capability in edition.capabilities.values():
        assert f'id="{capability.code}"' in shown
    text = text_of(client.get(reverse("catalogue")))
    assert "Retired for new customers since 21 June 2022; last day for existing ones: 30 June 2023." in text
    assert "Last day for everybody: 30 March 2025." in text


def test_public_pages_take_a_statement_or_two(client, django_assert_num_queries):
    for name, number in {
        "check": 1,
        "catalogue": 1,
        "home": 2,
        "how-we-decide": 2,
        "help": 2,
        "policy": 1,
    }.items():
        client.get(reverse(name))
        with django_assert_num_queries(number):
            client.get(reverse(name))


def test_the_start_page_tells_how_long_others_waited(client):
    assert "Half of the last" not in text_of(client.get(reverse("home")))
    JobRun.objects.create(
        duty=Duty.PACE,
        as_of=NOW,
        started_at=NOW,
        finished_at=NOW,
        counts={"decided": 52, "half": 4, "most": 9},
    )
    assert "Half of the last 52 cases had theirs within 4." in text_of(client.get(reverse("home")))


def test_a_pasted_answer_leads_to_the_form_with_the_capability_chosen(client):
    answer = client.post(reverse("decode"), {"text": REFUSED})
    shown = answer.content.decode()
    assert "The capability is not approved for this subscription" in shown
    link = f"{reverse('application-new')}?capability=face.identification&amp;capability=face.verification"
    assert link in shown


def test_a_pasted_key_is_masked_and_said(client):
    answer = client.post(reverse("decode"), {"text": f"401 Access denied, Ocp-Apim-Subscription-Key: {KEY}"})
    shown = answer.content.decode()
    assert KEY not in shown
    assert "We masked it and did not store it." in shown
    assert "Wrong key or wrong endpoint" in shown


@pytest.mark.parametrize("text", ["nothing we know of", "\x00", "👩‍👩‍👧", "x" * 100_001, "", "\u202e"])
def test_other_text_gets_an_answer(client, text):
    assert client.post(reverse("decode"), {"text": text}).status_code == 200


def test_without_an_edition_the_pages_say_so(client, edition_row):
    edition_row.delete()
    answer = client.get(reverse("check"))
    assert answer.status_code == 503
    assert "The policy is not loaded yet" in text_of(answer)
