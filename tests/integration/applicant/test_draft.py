"""A draft through its pages: begun once, kept at each step, impossible answers refused at their field."""

import re
import uuid
from urllib.parse import quote

import pytest
from django.urls import reverse

from applications.enums import State
from applications.models import Application, AuditEvent, Section
from tests import drafts, factories
from tests.drafts import ANSWERS, KIOSKS, posted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]


def page(application, section):
    return reverse("application-section", args=[application.reference, section])


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def empty(nordlys, owner, edition_row):
    return drafts.draft(nordlys, owner, edition_row, {})


@pytest.fixture
def whole(nordlys, owner, edition_row):
    return drafts.draft(nordlys, owner, edition_row)


def test_starting_twice_with_one_key_makes_one_draft(sign_in, owner):
    client, key = sign_in(owner), str(uuid.uuid4())
    answers = [
        client.post(reverse("application-new"), {"create_key": key, "capability": "face.verification"})
        for _ in range(2)
    ]
    application = Application.objects.get()
    assert {answer.url for answer in answers} == {reverse("application", args=[application.reference])}
    assert AuditEvent.objects.filter(action="application.start").count() == 1


def test_a_person_of_two_organisations_chooses_one(sign_in, owner, other_customer):
    factories.member(other_customer, owner)
    client, data = sign_in(owner), {"create_key": str(uuid.uuid4())}
    shown = client.post(reverse("application-new"), data).content.decode()
    assert "No organisation is chosen." in shown
    assert not Application.objects.exists()
    client.post(reverse("application-new"), data | {"customer": other_customer.pk})
    assert Application.objects.get().customer == other_customer


@pytest.mark.parametrize("key", ["", "nonsense", "\x00"])
def test_a_forged_key_makes_nothing(sign_in, owner, key):
    assert sign_in(owner).post(reverse("application-new"), {"create_key": key}).status_code == 200
    assert not Application.objects.exists()


def test_somebody_elses_key_reveals_and_changes_nothing(sign_in, stranger, whole):
    answer = sign_in(stranger).post(reverse("application-new"), {"create_key": str(whole.create_key)})
    assert answer.status_code == 404
    assert Application.objects.count() == 1


def test_a_colleague_starts_but_a_viewer_cannot(sign_in, viewer):
    answer = sign_in(viewer).get(reverse("application-new"))
    assert "You cannot start one yet." in text_of(answer)
    sign_in(viewer).post(reverse("application-new"), {"create_key": str(uuid.uuid4())})
    assert not Application.objects.exists()


def test_what_is_known_is_filled_in_and_the_capability_chosen(sign_in, owner):
    sign_in(owner).post(
        reverse("application-new"), {"create_key": str(uuid.uuid4()), "capability": "face.verification"}
    )
    saved = {section.code: section.answers for section in Section.objects.all()}
    assert saved["organisation"]["work-email"] == owner.email
    assert saved["organisation"]["organisation-name"] == "Nordlys Airports A/S"
    assert saved["need"] == {"services": ["face"], "capabilities": ["face.verification"]}


def test_the_whole_form_can_be_filled_in_section_by_section(sign_in, owner, empty):
    client = sign_in(owner)
    for section, values in ANSWERS.items():
        answer = client.post(page(empty, section), posted(section, values))
        assert answer.status_code == 302, (section, text_of(answer))
    saved = {section.code: section for section in empty.sections.all()}
    for code, values in ANSWERS.items():
        assert {key: saved[code].answers[key] for key in values} == values
        assert saved[code].complete
    check = client.get(reverse("application-check", args=[empty.reference]))
    assert "Submit the application" in text_of(check)


def test_an_incomplete_section_is_kept_and_marked(sign_in, owner, empty):
    client = sign_in(owner)
    answer = client.post(page(empty, "organisation"), {"version": 0, "applicant-name": "Henrik"})
    assert answer.status_code == 302
    section = empty.sections.get()
    assert (section.answers["applicant-name"], section.complete) == ("Henrik", False)
    shown = text_of(client.get(reverse("application", args=[empty.reference])))
    assert "In progress 7 answers missing" in shown
    assert "answers are still needed here" in text_of(client.get(page(empty, "organisation")))


def test_an_impossible_answer_is_refused_at_its_field_and_the_rest_is_kept(sign_in, owner, empty):
    data = {
        "version": 0,
        "applicant-name": "Henrik",
        "work-email": "henrik@gmail.com",
        "website": "javascript:alert(1)",
    }
    answer = sign_in(owner).post(page(empty, "organisation"), data)
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert 'href="#id_work-email"' in shown
    assert "This is a free mail address." in shown
    assert 'value="henrik@gmail.com"' in shown
    assert "<title>Error:" in shown
    assert "Your other answers are saved," in shown
    assert empty.sections.get().answers["applicant-name"] == "Henrik"
    assert not empty.sections.get().answers.get("work-email")


def test_a_pasted_key_is_neither_shown_again_nor_stored(sign_in, owner, empty):
    key = "0123456789abcdef0123456789abcdef"
    data = {"version": 0, "subscription-ids": f"{KIOSKS} Kiosks\n{key}", "tenant-id": key}
    answer = sign_in(owner).post(page(empty, "subscriptions"), data)
    shown = answer.content.decode()
    assert "Line 2 is an API key, not a subscription ID." in shown
    assert "This is an API key, not a tenant ID." in shown
    assert KIOSKS in shown
    assert key not in shown
    assert key not in str(list(Section.objects.values()))


def test_subscriptions_are_read_in_every_form_people_paste(sign_in, owner, empty):
    other = "dc4d27d9-ea49-4921-938f-7782a774e151"
    third = "a92c7d10-684e-4b39-9c05-2df81e7b4a60"
    lines = f"Kiosks: {KIOSKS.upper()}\r\n/subscriptions/{other}/resourceGroups/rg\r\n{third}, {KIOSKS}"
    sign_in(owner).post(page(empty, "subscriptions"), {"version": 0, "subscription-ids": lines})
    saved = empty.sections.get().answers
    assert saved["subscription-ids"] == [KIOSKS, other, third]
    assert saved["subscription-ids.names"] == {KIOSKS: "Kiosks"}


def test_two_people_in_one_section_lose_nothing(sign_in, owner, colleague, empty, client):
    sign_in(owner).post(page(empty, "people"), {"version": 0, "deployment-countries": "Denmark"})
    client = sign_in(colleague)
    late = client.post(page(empty, "people"), {"version": 0, "deployment-countries": "Norway"})
    shown = late.content.decode()
    assert late.status_code == 409
    assert "Henrik Aagaard" in shown
    assert "Denmark" in shown
    assert "<dt>How are people told?</dt>" not in shown  # only what differs
    assert 'value="Norway"' in shown
    assert empty.sections.get().answers["deployment-countries"] == "Denmark"
    chosen = client.post(page(empty, "people"), {"version": 1, "deployment-countries": "Norway"})
    assert chosen.status_code == 302
    assert empty.sections.get().answers["deployment-countries"] == "Norway"


def test_saving_the_same_twice_is_no_conflict(sign_in, owner, empty):
    client, data = sign_in(owner), {"version": 0, "deployment-countries": "Denmark"}
    assert [client.post(page(empty, "people"), data).status_code for _ in range(2)] == [302, 302]
    assert empty.sections.get().version == 1


HOSTILE = {
    "nul": "a\x00b",
    "bidi": "a\u202eb",
    "emoji": "👩‍👩‍👧 🏳️‍🌈",
    "script": "<script>alert(1)</script>",
    "long": "x" * 100_000,
    "surrogates": "\ud800",
}


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "surrogates"])
@pytest.mark.parametrize("section", ANSWERS)
def test_hostile_text_in_every_field_gives_an_answer(sign_in, owner, whole, edition, section, name):
    part = edition.section(section)
    data = {question.code: HOSTILE[name] for question in part.questions} | {
        "version": 1,
        "capabilities--face": HOSTILE[name],
    }
    answer = sign_in(owner).post(page(whole, section), data)
    assert answer.status_code in (200, 302)
    kept = str(Section.objects.get(application=whole, code=section).answers)
    assert "\x00" not in kept
    assert "\u202e" not in kept
    assert len(kept) < 60_000
    assert "<script>alert(1)</script>" not in answer.content.decode()


@pytest.mark.parametrize("version", ["", "abc", "-1", "99999999999999999999"])
def test_a_forged_version_is_no_error_of_ours(sign_in, owner, whole, version):
    answer = sign_in(owner).post(
        page(whole, "people"), {"version": version, "deployment-countries": "Norway"}
    )
    assert answer.status_code in (200, 409)
    assert whole.sections.get(code="people").answers["deployment-countries"] == "Denmark"


def test_only_open_capabilities_end_in_no_application_needed(sign_in, owner, empty):
    client = sign_in(owner)
    answer = client.post(
        page(empty, "need"), {"version": 0, "capabilities--face": ["face.detection", "face.emotion"]}
    )
    assert answer.url == reverse("application-check", args=[empty.reference])
    shown = text_of(client.get(answer.url))
    assert "No application is needed" in shown
    assert "Not available to new customers since 21 June 2022" in shown
    assert client.post(answer.url).status_code == 200
    empty.refresh_from_db()
    assert empty.state == State.DRAFT


def test_an_editor_cannot_attest_and_a_viewer_cannot_save(sign_in, colleague, viewer, empty):
    attest = {"version": 0, "attest-police": "on"}
    sign_in(colleague).post(page(empty, "attestations"), attest)
    assert not empty.sections.get(code="attestations").answers["attest-police"]
    client = sign_in(viewer)
    client.post(page(empty, "people"), {"version": 0, "deployment-countries": "Norway"})
    assert not empty.sections.filter(code="people").exists()
    assert "You can read here, but not change anything." in text_of(client.get(page(empty, "people")))


def test_discarding_asks_first_and_leaves_an_audit_row(sign_in, owner, whole):
    client, address = sign_in(owner), reverse("application-discard", args=[whole.reference])
    assert client.get(address).status_code == 200
    assert Application.objects.exists()
    assert client.post(address).url == reverse("application-list")
    assert not Application.objects.exists()
    assert AuditEvent.objects.filter(action="application.discard").count() == 1
    assert client.post(address).status_code == 404


PAGES = ["application", "application-check", "application-submitted", "application-status",
         "application-answers", "application-withdraw", "application-discard"]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_strangers_application_answers_like_an_absent_one(sign_in, stranger, whole, name):
    client = sign_in(stranger)
    theirs = client.get(reverse(name, args=[whole.reference]))
    absent = client.get(reverse(name, args=["LA-0000-0000"]))
    assert (theirs.status_code, absent.status_code) == (404, 404)

    def same(answer):
        return re.sub(
            r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|LA-\w{4}-\w{4}',
            "",
            answer.content.decode(),
        )

    assert same(theirs) == same(absent)


@pytest.mark.parametrize("odd", ["\x00", "👩", "LA-0000-0000'--", "..", "%E2%80%AE", "x" * 500])
def test_odd_addresses_are_absent(sign_in, owner, whole, odd):
    client = sign_in(owner)
    assert client.get(f"/applications/{quote(odd, safe='')}/").status_code == 404
    assert client.get(f"/applications/{whole.reference}/{quote(odd, safe='')}/").status_code == 404


def test_a_reference_is_read_in_any_case(sign_in, owner, whole):
    assert sign_in(owner).get(f"/applications/{whole.reference.lower()}/").status_code == 200


def test_pages_ask_for_a_sign_in(client, whole):
    for name in PAGES:
        assert client.get(reverse(name, args=[whole.reference])).url.startswith("/accounts/login/")


@pytest.mark.parametrize("count", [1, 60])
def test_the_list_takes_the_same_statements_for_any_number(
    sign_in, owner, nordlys, edition_row, django_assert_num_queries, count
):
    for _ in range(count):
        drafts.draft(nordlys, owner, edition_row)
    client = sign_in(owner)
    client.get(reverse("application-list"))  # the edition is read once a process
    with django_assert_num_queries(8):
        assert client.get(reverse("application-list")).status_code == 200


@pytest.mark.parametrize("count", [1, 6])
def test_the_task_list_takes_the_same_statements_for_any_number(
    sign_in, owner, nordlys, whole, django_assert_num_queries, count
):
    for number in range(count):
        one = factories.subscription(nordlys, f"Gate {number}", used={"face": factories.BEFORE_THE_CUT})
        factories.grace(one, "face.identification")
    client = sign_in(owner)
    with django_assert_num_queries(8):
        assert client.get(reverse("application", args=[whole.reference])).status_code == 200


def test_a_section_page_takes_few_statements(sign_in, owner, whole, django_assert_num_queries):
    client = sign_in(owner)
    with django_assert_num_queries(5):
        assert client.get(page(whole, "people")).status_code == 200
