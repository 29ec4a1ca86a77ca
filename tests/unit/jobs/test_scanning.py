"""The scan: harmful files go, doubt never passes, a dead scanner means wait."""

import io

import pytest

from applications import scanner
from applications.actions import evidence
from applications.enums import Duty, ScanState
from applications.jobs.scanning import scan_waiting
from applications.models import AuditEvent, JobRun, Note
from applications.queries import evidence as find
from tests import drafts, factories, files

pytestmark = pytest.mark.django_db


@pytest.fixture
def attach(settings, tmp_path, nordlys, owner, edition_row, edition):
    settings.MEDIA_ROOT = tmp_path
    settings.CLAMD_URL = "tcp://127.0.0.1:1"
    application = drafts.draft(nordlys, owner, edition_row)

    def add(name="notice.txt", content=b"Words."):
        return evidence.attach(
            application=application,
            name=name,
            content=io.BytesIO(content),
            size=len(content),
            edition=edition,
            by=owner,
            now=factories.NOW,
        )

    return add


def test_clean_and_harmful_are_told_apart(attach, settings):
    good, bad = attach(), attach("bad.txt", files.EICAR)
    assert not find.may_download(good)
    with files.clamd() as settings.CLAMD_URL:
        assert scan_waiting(factories.NOW) == {"clean": 1, "infected": 1}
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.scan_state, bad.scan_state) == (ScanState.CLEAN, ScanState.INFECTED)
    assert find.may_download(good)
    assert not find.may_download(bad)
    assert "bad.txt" in Note.objects.get(internal=False).body
    assert AuditEvent.objects.filter(action="evidence.scan").count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_harmful_file_is_gone_from_disk(attach, settings):
    bad = attach("bad.txt", files.EICAR)
    assert find.path_of(bad).is_file()
    with files.clamd() as settings.CLAMD_URL:
        scan_waiting(factories.NOW)
    assert not find.path_of(bad).exists()


def test_a_dead_scanner_means_wait_and_raises_the_alarm(attach):
    one = attach()
    for _run in range(10):
        assert scan_waiting(factories.NOW) == {}
    one.refresh_from_db()
    assert (one.scan_state, one.scan_tries, find.may_download(one)) == (ScanState.PENDING, 0, False)
    assert set(JobRun.objects.filter(duty=Duty.SCANNING).values_list("error", flat=True)) == {"scanner_down"}


@pytest.mark.parametrize(
    "answer", [b"", b"\xff\xfe garbage", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK FOU", b"OK\0"]
)
def test_doubt_is_tried_five_times_and_never_passes(attach, settings, answer):
    one = attach()
    with files.clamd(answer) as settings.CLAMD_URL:
        for _run in range(6):
            scan_waiting(factories.NOW)
    one.refresh_from_db()
    assert (one.scan_state, one.scan_tries, find.may_download(one)) == (ScanState.FAILED, 5, False)
    assert "could not be scanned" in Note.objects.get().body


def test_a_slow_scanner_is_a_failed_try():
    with files.clamd(silent=True) as address, pytest.raises(scanner.ScanFailed, match="slow"):
        scanner.is_harmful(address, io.BytesIO(b"Words."), timeout_s=0.1)


def test_without_a_scanner_files_are_shown_as_not_scanned(attach, settings):
    one = attach()
    settings.CLAMD_URL = ""
    assert (find.state_of(one), find.may_download(one)) == (ScanState.UNSCANNED, True)
    assert scan_waiting(factories.NOW) == {}
