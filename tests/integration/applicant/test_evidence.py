"""Files through the pages: added, refused with the reason, read by whom they concern, frozen when submitted."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from applications.actions import evidence as act
from applications.actions import submission
from applications.enums import State
from applications.models import Application, Evidence
from applications.queries import evidence as find
from applications.rules.evidence import FILE_MAX
from tests import drafts, files
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "evidence"


@pytest.fixture
def draft(nordlys, owner, edition_row):
    return drafts.draft(nordlys, owner, edition_row)


def upload(client, draft, *pairs):
    sent = [SimpleUploadedFile(name, content) for name, content in pairs]
    return client.post(reverse("application-section", args=[draft.reference, "evidence"]), {"files": sent})


def test_several_files_are_added_once_and_listed(sign_in, owner, draft, place):
    client = sign_in(owner)
    for _time in range(2):
        answer = upload(client, draft, ("DPIA.pdf", files.PDF), ("C:\\x\\notice.docx", files.docx()))
        assert answer.status_code == 302
    assert list(Evidence.objects.values_list("original_name", flat=True)) == ["DPIA.pdf", "notice.docx"]
    assert {path.name for path in place.iterdir()} == set(
        Evidence.objects.values_list("stored_name", flat=True)
    )
    shown = client.get(answer.url).content.decode()
    assert "2 files are attached" in shown
    assert "DPIA.pdf" in shown


def test_a_disguised_file_is_refused_with_what_to_do_and_the_others_stay(sign_in, owner, draft, place):
    answer = upload(
        sign_in(owner), draft, ("face.pdf", files.PNG), ("face.png", files.PNG), ("a.txt", b"Words.")
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "“face.pdf” is not what its name says. Open it in its program" in shown
    assert "“face.png” is a picture. We take no pictures" in shown
    assert Evidence.objects.get().original_name == "a.txt"
    assert len(list(place.iterdir())) == 1


def test_what_is_too_large_is_cut_off_and_said(sign_in, owner, draft):
    answer = upload(sign_in(owner), draft, ("big.txt", b"x" * (FILE_MAX + 1)), ("a.txt", b"Words."))
    assert answer.status_code == 422
    assert "“big.txt” is larger than 20 MB" in answer.content.decode()
    assert Evidence.objects.get().original_name == "a.txt"


def test_nothing_chosen_is_an_error_that_says_so(sign_in, owner, draft):
    answer = upload(sign_in(owner), draft)
    assert answer.status_code == 422
    assert "No file is chosen." in answer.content.decode()


def test_number_and_sum_are_limited(sign_in, owner, draft, edition, monkeypatch):
    client = sign_in(owner)
    upload(client, draft, *((f"{n}.txt", b"Words %d" % n) for n in range(20)))
    assert "There are 20 files already" in upload(client, draft, ("21.txt", b"more")).content.decode()
    act.remove(
        application=draft,
        stored_name=Evidence.objects.first().stored_name,
        edition=edition,
        by=owner,
        now=NOW,
    )
    monkeypatch.setattr("applications.rules.evidence.TOGETHER_MAX", 200)
    assert "more than 100 MB" in upload(client, draft, ("21.txt", b"x" * 60)).content.decode()


def test_a_full_disk_leaves_no_half_file_and_no_row(sign_in, owner, draft, place, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    client = sign_in(owner)
    monkeypatch.setattr("applications.actions.evidence.os.fsync", full)
    answer = upload(client, draft, ("a.txt", b"Words."))
    assert answer.status_code == 507
    assert "We have no room for files right now" in answer.content.decode()
    assert (Evidence.objects.count(), list(place.iterdir())) == (0, [])
    monkeypatch.undo()
    assert Evidence.objects.count() == 0


def test_members_and_staff_read_it_as_an_attachment_and_nobody_else(
    sign_in, owner, viewer, stranger, reviewer, operator, draft, edition
):
    upload(sign_in(owner), draft, ("Prüfung 日本.txt", b"<script>alert(1)</script>"))
    name = Evidence.objects.get().stored_name
    theirs = reverse("application-file", args=[draft.reference, name])
    at_the_desk = reverse("admin:case-file", args=[draft.reference, name])
    answer = sign_in(viewer).get(theirs)
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''Pr%C3%BCfung")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]
    absent = reverse("application-file", args=[draft.reference, "0" * 32])
    assert sign_in(stranger).get(theirs).status_code == sign_in(owner).get(absent).status_code == 404
    assert sign_in(reviewer).get(at_the_desk).status_code == 404  # a draft is nobody's but theirs
    submission.submit(application=draft, edition=edition, by=owner, now=NOW)
    read = sign_in(reviewer).get(at_the_desk)
    assert b"".join(read.streaming_content) == b"<script>alert(1)</script>"
    assert sign_in(operator).get(at_the_desk).status_code == 403
    assert (
        "Not scanned" in sign_in(reviewer).get(reverse("admin:case", args=[draft.reference])).content.decode()
    )


def test_unscanned_is_not_downloadable_where_a_scanner_is_set(sign_in, owner, draft, settings):
    settings.CLAMD_URL = "unix:///nowhere"
    client = sign_in(owner)
    page = client.get(upload(client, draft, ("a.txt", b"Words.")).url).content.decode()
    name = Evidence.objects.get().stored_name
    assert "Waits for the scan" in page
    assert f'/files/{name}/"' not in page
    assert client.get(reverse("application-file", args=[draft.reference, name])).status_code == 404


def test_what_is_submitted_names_the_hash_and_is_fixed(sign_in, owner, draft, edition):
    client = sign_in(owner)
    upload(client, draft, ("a.txt", b"Words."))
    one = Evidence.objects.get()
    assert one.digest in client.get(reverse("application-check", args=[draft.reference])).content.decode()
    submission.submit(application=draft, edition=edition, by=owner, now=NOW)
    frozen = draft.submissions.get().answers
    assert frozen["evidence"] == {"files": [f"a.txt (SHA-256 {one.digest})"]}
    client.post(reverse("application-file-remove", args=[draft.reference, one.stored_name]))
    upload(client, draft, ("b.txt", b"More."))
    assert [row.original_name for row in find.rows_of(draft)] == ["a.txt"]
    Application.objects.update(state=State.INFORMATION_REQUESTED)
    draft.information_requests.create(question="DPIA?", asked_at=NOW, due_at=NOW, sections=["evidence"])
    upload(client, draft, ("b.txt", b"More."))
    assert [row.original_name for row in find.rows_of(draft)] == ["a.txt", "b.txt"]


@pytest.mark.django_db(transaction=True)
def test_removing_takes_row_answer_and_file(sign_in, owner, draft, place):
    client = sign_in(owner)
    upload(client, draft, ("a.txt", b"Words."))
    client.post(
        reverse("application-file-remove", args=[draft.reference, Evidence.objects.get().stored_name])
    )
    assert list(place.iterdir()) == []
    assert draft.sections.get(code="evidence").answers == {"files": []}


def test_viewers_and_strangers_add_nothing(sign_in, viewer, stranger, draft):
    assert upload(sign_in(viewer), draft, ("a.txt", b"Words.")).status_code == 302
    assert upload(sign_in(stranger), draft, ("a.txt", b"Words.")).status_code == 404
    assert Evidence.objects.count() == 0


def test_files_without_a_row_are_forgotten_after_a_day(owner, draft, place, sign_in):
    upload(sign_in(owner), draft, ("a.txt", b"Words."))
    (place / "lost").write_bytes(b"x")
    last = (place / "lost").stat().st_mtime
    assert act.forget_orphans(before=last) == 0
    assert act.forget_orphans(before=last + 10) == 1
    assert [path.name for path in place.iterdir()] == [Evidence.objects.get().stored_name]


def test_a_file_that_outlived_its_removal_is_forgotten_too(owner, draft, place, sign_in):
    upload(sign_in(owner), draft, ("a.txt", b"Words."))
    Evidence.objects.update(removed_at=NOW)
    last = next(place.iterdir()).stat().st_mtime
    assert act.forget_orphans(before=last + 10) == 1
    assert list(place.iterdir()) == []


def test_a_body_above_the_limit_is_refused_before_it_is_read(sign_in, owner, draft, settings):
    client = sign_in(owner)
    settings.UPLOAD_MAX = 1000
    assert upload(client, draft, ("a.txt", b"x" * 2000)).status_code == 413
    settings.UPLOAD_MAX, settings.BODY_MAX = 100_000, 1000
    assert upload(client, draft, ("a.txt", b"x" * 2000)).status_code == 302
    assert client.post(reverse("account_login"), {"login": "x" * 2000}).status_code == 413
