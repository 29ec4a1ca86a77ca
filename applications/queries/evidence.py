"""Floor 3: files of an application: whose, where they lie, and whether they may be downloaded."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from applications.enums import ScanState
from applications.exceptions import NotFound
from applications.models import Application, Evidence
from applications.rules.policy import Edition, QuestionType
from applications.rules.policy import Section as Part


def folder() -> Path:
    """Outside of what is served by address; only a view that asks for permission reads here."""
    return Path(settings.MEDIA_ROOT) / "evidence"


def path_of(one: Evidence) -> Path:
    return folder() / one.stored_name


def is_scanned() -> bool:
    """Whether files are scanned before anybody may download them."""
    return bool(settings.CLAMD_URL)


def state_of(one: Evidence) -> str:
    """The scan as people see it: where no scanner is set, what waits for one is simply not scanned."""
    if one.scan_state == ScanState.PENDING and not is_scanned():
        return ScanState.UNSCANNED.value
    return one.scan_state


def may_download(one: Evidence) -> bool:
    return one.removed_at is None and state_of(one) in (ScanState.CLEAN, ScanState.UNSCANNED)


@dataclass(frozen=True, slots=True)
class File:
    """One line of a list of files."""

    row: Evidence
    state: str
    downloadable: bool

    @property
    def label(self) -> str:
        return str(ScanState(self.state).label)


def files_of(application: Application) -> list[File]:
    """The files that are there, the oldest first. One statement."""
    return [File(one, state_of(one), may_download(one)) for one in rows_of(application)]


def rows_of(application: Application) -> QuerySet[Evidence]:
    return application.evidence.filter(removed_at=None).order_by("id")


def find(application: Application, stored_name: str) -> Evidence:
    """Raises NotFound for what is not there, removed or of another application (promise P9)."""
    found = rows_of(application).filter(stored_name=stored_name).first()
    if found is None:
        raise NotFound
    return found


def to_download(application: Application, stored_name: str) -> Evidence:
    """As `find`; also NotFound while it may not be read (not scanned yet, or found harmful)."""
    found = find(application, stored_name)
    if not may_download(found) or not path_of(found).is_file():
        raise NotFound
    return found


def part_of(edition: Edition) -> Part | None:
    """The section of the form that takes files."""
    return next((part for part in edition.sections if takes_files(part)), None)


def takes_files(part: Part) -> bool:
    return any(question.type == QuestionType.FILES for question in part.questions)


def waiting() -> QuerySet[Evidence]:
    """Files that wait for the scanner, the oldest first."""
    return Evidence.objects.filter(scan_state=ScanState.PENDING, removed_at=None).order_by("scan_tries", "id")


def known_names() -> set[str]:
    """The files that a row still stands for; one that is removed or erased keeps no file."""
    return set(Evidence.objects.filter(removed_at=None).values_list("stored_name", flat=True))
