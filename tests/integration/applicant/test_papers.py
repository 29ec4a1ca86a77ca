"""What people take away: the letter, the copy, the dates; each for whom it concerns and nobody else."""

from datetime import timedelta

import pytest
from django.urls import reverse

from applications import pdf
from applications.actions import submission
from applications.enums import State
from applications.models import Decision
from tests import drafts, factories
from tests.factories import NOW
from tests.unit.rules.test_calendar_file import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]
CODE = "7F3K-92QD-XK4M-2B6C"
LETTER = f"Nordlys\nAccess application LA-1\n15 May 2023\n\nWe approved it.\n\nCode of this letter: {CODE}"


@pytest.fixture
def submitted(nordlys, owner, edition_row, edition):
    application = drafts.draft(nordlys, owner, edition_row)
    return submission.submit(application=application, edition=edition, by=owner, now=NOW)


def decided(application, reviewer, letter=LETTER, due=NOW):
    application.state, application.closed_at = State.DECIDED, NOW
    application.save()
    return Decision.objects.create(
        application=application,
        outcomes={},
        letter=letter,
        decided_at=NOW,
        decided_by=reviewer,
        letter_due_at=due,
        verification_code=CODE,
    )


def test_members_and_staff_take_the_letter_and_nobody_else(sign_in, submitted, viewer, stranger, reviewer):
    decided(submitted, reviewer)
    theirs = reverse("application-letter", args=[submitted.reference])
    for answer in (
        sign_in(viewer).get(theirs),
        sign_in(reviewer).get(reverse("admin:case-letter", args=[submitted.reference])),
    ):
        assert answer.content.startswith(b"%PDF-")
        assert answer["Content-Disposition"] == f'attachment; filename="{submitted.reference}-letter.pdf"'
    assert sign_in(stranger).get(theirs).status_code == 404
    assert (
        theirs
        in sign_in(viewer).get(reverse("application-status", args=[submitted.reference])).content.decode()
    )


def test_the_letter_waits_for_its_minute(sign_in, submitted, owner, reviewer, clock):
    decided(submitted, reviewer, due=NOW + timedelta(minutes=10))
    theirs = reverse("application-letter", args=[submitted.reference])
    client = sign_in(owner)
    assert client.get(theirs).status_code == 404
    clock.set(NOW + timedelta(minutes=10))
    assert client.get(theirs).status_code == 200


def test_every_script_has_its_glyphs(submitted, reviewer, caplog):
    scripts = "Łódź, Ελλάδα, Київ, الخدمة, 日本語の顔認証, Müller"
    made = pdf.letter(decided(submitted, reviewer, letter=f"{scripts}\nLA-1\n\n{scripts}"), "en")
    assert len(made) > 10_000
    assert [
        record.getMessage() for record in caplog.records if "missing" in record.getMessage().lower()
    ] == []


def test_the_copy_is_of_what_was_frozen(sign_in, submitted, owner, stranger, nordlys, edition_row):
    address = reverse("application-answers-pdf", args=[submitted.reference])
    assert sign_in(owner).get(address).content.startswith(b"%PDF-")
    draft = drafts.draft(nordlys, owner, edition_row)
    assert sign_in(owner).get(reverse("application-answers-pdf", args=[draft.reference])).status_code == 404
    assert sign_in(stranger).get(address).status_code == 404


def test_the_dates_are_ends_last_safe_days_and_questions(sign_in, owner, stranger, nordlys, submitted):
    used = factories.subscription(nordlys, "Gates", used={"face": factories.BEFORE_THE_CUT})
    factories.grace(used, "face.identification")
    asked = submitted.information_requests.create(question="?", asked_at=NOW, due_at=NOW + timedelta(days=5))
    address = reverse("access-dates") + f"?customer={nordlys.pk}"
    found = read(sign_in(owner).get(address).content.decode())
    assert [(event["UID"].partition("@")[0], event["DTSTART"]) for event in found] == [
        (f"end-{nordlys.pk}-20230701T0000", "20230630T235900Z"),
        (f"safe-{nordlys.pk}-20230701T0000", "20230615T235900Z"),
        (f"end-{nordlys.pk}-20250331T0000", "20250330T235900Z"),  # what is open retires: nothing to submit
        (f"question-{asked.pk}", "20230520T143900Z"),
    ]
    assert "Identification (one to many)" in found[0]["DESCRIPTION"]
    assert sign_in(stranger).get(address).status_code == 404
