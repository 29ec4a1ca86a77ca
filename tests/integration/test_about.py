"""Pages about the rules of the house: the edition in force in plain words, and what another edition changes."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from applications.enums import Duty
from applications.models import JobRun, PolicyEdition
from tests import factories
from tests.factories import NOW
from tests.integration.test_public import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]
NAMES = ("policy", "how-we-decide", "privacy", "accessibility", "help", "catalogue-compare")
HARBOUR = Path(__file__).parents[1] / "editions" / "harbour.toml"


def later(folder, *changes):
    text = factories.edition_text().replace('code = "2022-06-21"', 'code = "later"')
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = folder / "later.toml"
    file.write_text(text, encoding="utf-8")
    call_command("load_policy", str(file), verbosity=0)


@pytest.mark.parametrize("name", NAMES)
def test_each_page_stands_in_the_footer_or_leads_on_and_says_so_without_an_edition(client, name):
    assert client.get(reverse(name)).status_code == 200
    PolicyEdition.objects.all().delete()
    assert client.get(reverse(name)).status_code == (200 if name == "catalogue-compare" else 503)


def test_the_policy_has_an_anchor_for_all_that_decisions_cite(client, edition):
    shown = client.get(reverse("policy")).content.decode()
    for code in edition.paragraphs:
        assert f'id="p-{code}"' in shown
    cited = {one.paragraph for one in (*edition.reasons.values(), *edition.use_cases.values())}
    assert {code for code in cited if f'href="#p-{code}"' in shown} == cited
    text = text_of(client.get(reverse("policy")))
    assert "Who used the service before 21 June 2022, for each subscription." in text
    assert "Grace year ends 30 June 2023, 23:59 UTC" in text
    assert "An approval runs for 24 months from the decision." in text


def test_the_policy_speaks_the_readers_language(client, settings):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "nl"
    assert "Alleen organisaties" in text_of(client.get(reverse("policy")))


def test_another_edition_can_be_read_and_is_marked(client):
    call_command("load_policy", str(HARBOUR), verbosity=0)
    text = text_of(client.get(reverse("policy"), {"edition": "harbour-2031"}))
    assert "This edition is not in force, and may never be." in text
    assert client.get(reverse("policy"), {"edition": "\x00x"}).status_code == 404


def test_measured_times_are_shown_from_ten_cases_on(client):
    page = reverse("how-we-decide")
    assert "Fewer than ten cases were decided" in text_of(client.get(page))
    JobRun.objects.create(
        duty=Duty.PACE,
        as_of=NOW,
        started_at=NOW,
        finished_at=NOW,
        counts={"decided": 40, "half": 4, "most": 9},
    )
    text = text_of(client.get(page))
    assert "Half of the 40 cases decided in the last 90 days had their answer within 4 business days." in text
    assert "Nine in ten had it within 9." in text


def test_privacy_names_the_periods_that_jobs_go_by(client):
    text = text_of(client.get(reverse("privacy")))
    assert "90 days after they were last saved" in text
    assert "7 years after the case is closed; we warn you 30 days before" in text
    assert re.search(r"Your session .* 12 hours", text)


def test_one_edition_has_nothing_to_compare_with(client):
    assert "There is one edition so far." in text_of(client.get(reverse("catalogue-compare")))


def test_compared_editions_say_what_turns_moves_and_comes(client, tmp_path):
    later(
        tmp_path,
        ("last_day = 2023-06-30", "last_day = 2023-09-30"),
        ("approval_months = 24", "approval_months = 12"),
        ("[use_cases.VG3]", "[use_cases.VG9]"),
        ('title = {en = "Organisations only"', 'title = {en = "Only organisations"'),
        ('[capabilities."face.liveness"]', '[capabilities."face.liveness"]\nopened_on = 2024-01-01'),
        (
            '[capabilities."face.blur"]',
            '[capabilities."face.blur"]\nlast_day_for_new = 2024-03-01\nlast_day_for_existing = 2024-03-01',
        ),
        ('["face.face-id", "face.find-similar"]', '["face.face-id", "face.find-similar", "face.glasses"]'),
        ('[capabilities."face.glasses"]', '[capabilities."face.glasses"]\ngate = "facial-recognition"'),
    )
    query = {"from": "2022-06-21", "to": "later"}
    text = text_of(client.get(reverse("catalogue-compare"), query))
    assert "What changes from 2022-06-21 to later" in text
    assert "later is not in force, and may never be" in text
    assert re.search(r"Opened .*Open to everybody from 1 January 2024. Liveness \(face.liveness", text)
    assert re.search(r"Needs approval .*Needs approval from 21 June 2022. Glasses \(face.glasses", text)
    assert re.search(r"Retired .*Last day for new customers: 1 March 2024. Blur \(face.blur", text)
    assert text.count("Existing customers keep it until 30 September 2023 instead of 30 June 2023.") == 1
    assert re.search(r"Last day for existing customers: 30 September 2023 .*Emotion.*Smile", text)
    assert re.search(r"uses added .*VG9", text)
    assert re.search(r"uses withdrawn .*VG3", text)
    assert re.search(r"Months for which an approval runs 12, before: 24", text)
    assert "Only organisationseligible.organisation Only organisations, before: Organisations only" in text
    back = text_of(client.get(reverse("catalogue-compare"), {"from": "later", "to": "2022-06-21"}))
    assert "Needs approval again; it was to be open from 1 January 2024." in back
    assert "Does not retire for new customers any more." in back


def test_editions_without_a_difference_and_unknown_ones_are_said(client, tmp_path):
    later(tmp_path)
    page = reverse("catalogue-compare")
    assert "These two editions are alike" in text_of(client.get(page))
    assert "We know no edition of that name." in text_of(client.get(page, {"from": "\x00", "to": "later"}))
    assert "Choose two different editions." in text_of(client.get(page, {"from": "later", "to": "later"}))


def test_words_that_screening_looks_for_are_not_told(client, tmp_path):
    later(tmp_path, ('"no one reviews", ', ""))
    text = text_of(client.get(reverse("catalogue-compare"), {"from": "2022-06-21", "to": "later"}))
    assert "These two editions are alike" in text
