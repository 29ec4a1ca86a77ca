"""Floor 4: files of an application: attached, removed, scanned. The file lies on disk before its row is written."""

import hashlib
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications import permissions
from applications.actions import audit
from applications.enums import Role, ScanState, State
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.models import Application, Evidence, Note, Section, User
from applications.queries import evidence as find
from applications.queries.application import WRITERS, is_fixed
from applications.rules import evidence as rule
from applications.rules.policy import Edition, QuestionType
from applications.rules.policy import Section as Part

TRIES_MOST = 5
_CHUNK = 256 * 1024
_REFUSED = {
    "empty": gettext_lazy("“%(name)s” is empty. Send the file with its content."),
    "too_big": gettext_lazy("“%(name)s” is larger than 20 MB. Make it smaller, or send it in parts."),
    "image": gettext_lazy(
        "“%(name)s” is a picture. We take no pictures: describe it, or send a PDF of text."
    ),
    "archive": gettext_lazy("“%(name)s” is an archive, or holds one. Send the documents one by one."),
    "extension": gettext_lazy(
        "“%(name)s” is of a kind that we do not take. Send a PDF, DOCX, ODT, TXT or CSV."
    ),
    "content": gettext_lazy(
        "“%(name)s” is not what its name says. Open it in its program, save it anew as PDF and send that."
    ),
    "macros": gettext_lazy("“%(name)s” holds a program. Save it without macros, or as PDF, and send that."),
    "locked": gettext_lazy(
        "“%(name)s” is locked by a password or an old format. Save it as PDF and send that."
    ),
    "bomb": gettext_lazy(
        "“%(name)s” is built in a way that could harm a reader. Save it as PDF and send that."
    ),
}


def refused(name: str, code: str) -> str:
    return str(_REFUSED[code]) % {"name": rule.clean_name(name)}


def attach(
    *,
    application: Application,
    name: str,
    content: IO[bytes],
    size: int,
    edition: Edition,
    by: User,
    now: datetime,
) -> Evidence:
    """Take a file. Its type is told by name and content together.

    Effects, in order: the file under a random name, complete or not at all; its row; the answer of the section
    that takes files, which is what submitting freezes (name and SHA-256); audit row `evidence.attach`. The same
    content again under the same name is the same file. Raises NotFound, NotAllowed, NotPossibleNow (code `no_room`
    when the disk is full), InvalidInput.
    """
    part = _require_writer(application, edition, by)
    if code := rule.refusal_of(name, content, size):
        raise InvalidInput({"files": refused(name, code)})
    stored_name = secrets.token_hex(16)
    digest = _keep(stored_name, content)
    try:
        with transaction.atomic():
            made = _attach(application, part, stored_name, name, size, digest, by, now)
    except BaseException:
        _forget(stored_name)
        raise
    if made.stored_name != stored_name:
        _forget(stored_name)
    return made


def _attach(
    application: Application,
    part: Part,
    stored_name: str,
    name: str,
    size: int,
    digest: str,
    by: User,
    now: datetime,
) -> Evidence:
    _hold(application, part, now)
    there, original = list(find.rows_of(application)), rule.clean_name(name)
    for one in there:
        if (one.digest, one.original_name) == (digest, original):
            return one
    most = next(question.max_items for question in part.questions if question.type == QuestionType.FILES)
    if len(there) >= most:
        raise InvalidInput(
            {"files": _("There are %(most)s files already. Remove one first.") % {"most": most}}
        )
    if sum(one.size for one in there) + size > rule.TOGETHER_MAX:
        raise InvalidInput(
            {
                "files": _("With “%(name)s” it would be more than 100 MB. Remove a file first.")
                % {"name": original}
            }
        )
    made = Evidence.objects.create(
        application=application,
        stored_name=stored_name,
        original_name=original,
        content_type=rule.TYPES[rule.extension_of(name)],
        size=size,
        digest=digest,
        uploaded_at=now,
        uploaded_by=by,
    )
    _write_answer(application, part, [*there, made], by, now)
    _record("attach", made, by, now)
    return made


@transaction.atomic
def remove(
    *, application: Application, stored_name: str, edition: Edition, by: User, now: datetime
) -> Evidence:
    """Take a file out again. What was submitted with it keeps its name and hash.

    Effects, in order: `removed_at`, the answer of the section, audit row `evidence.remove`; the file itself once
    this is written. Raises NotFound, NotAllowed, NotPossibleNow.
    """
    part = _require_writer(application, edition, by)
    _hold(application, part, now)
    found = find.find(application, stored_name)
    found.removed_at = now
    found.save(update_fields=["removed_at"])
    _write_answer(application, part, list(find.rows_of(application)), by, now)
    _record("remove", found, by, now)
    transaction.on_commit(lambda: _forget(stored_name))
    return found


@transaction.atomic
def note_scan(one: Evidence, state: ScanState, *, now: datetime) -> bool:
    """Keep what the scanner found; whether this run was the one to write it.

    Effects, in order: the state, with the try counted; for a harmful file: `removed_at`, a message that customer
    and reviewer read, the file gone; audit row `evidence.scan`. The fifth failed try is the last.
    """
    if state == ScanState.PENDING and one.scan_tries + 1 >= TRIES_MOST:
        state = ScanState.FAILED
    harmful = state == ScanState.INFECTED
    touched = Evidence.objects.filter(
        pk=one.pk, scan_state=ScanState.PENDING, scan_tries=one.scan_tries, removed_at=None
    ).update(
        scan_state=state,
        scan_tries=F("scan_tries") + 1,
        scanned_at=None if state == ScanState.PENDING else now,
        removed_at=now if harmful else None,
    )
    if not touched:
        return False
    if state in (ScanState.INFECTED, ScanState.FAILED):
        Note.objects.create(application=one.application, author=None, body=_told(one, state), written_at=now)
    if state != ScanState.PENDING:
        _record("scan", one, None, now, state=state.value)
    if harmful:
        transaction.on_commit(lambda: _forget(one.stored_name))
    return True


def _told(one: Evidence, state: ScanState) -> str:
    if state == ScanState.INFECTED:
        words = _("The scanner found harmful code in “%(name)s”. The file was removed. Send a clean copy.")
    else:
        words = _("“%(name)s” could not be scanned, so nobody can open it. Send it anew, best as PDF.")
    return words % {"name": one.original_name}


def forget_orphans(*, before: float) -> int:
    """Delete files older than `before` (seconds) for which no row stands any more: of discarded drafts, of crashes,
    and of removals and erasures whose file could not be deleted then.
    """
    place = find.folder()
    if not place.is_dir():
        return 0
    known, gone = find.known_names(), 0
    for path in place.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in known and path.stat().st_mtime < before:
                path.unlink()
                gone += 1
    return gone


# --- the pieces ---


def _require_writer(application: Application, edition: Edition, by: User) -> Part:
    role = permissions.role_in(by, application.customer)
    part = find.part_of(edition)
    if role is None or part is None:
        raise NotFound
    if Role(role) not in WRITERS:
        raise NotAllowed(_("You can read here, but not change anything. Ask an owner for another role."))
    return part


def _hold(application: Application, part: Part, now: datetime) -> None:
    """Take the row: of two at once the second waits, and counts the file of the first."""
    editable = Application.objects.filter(
        pk=application.pk, state__in=(State.DRAFT, State.INFORMATION_REQUESTED)
    )
    if not editable.update(saved_at=now) or is_fixed(application, part.code):
        raise NotPossibleNow(_("The answers are fixed now, so no file can be added or removed."))


def _write_answer(
    application: Application, part: Part, files: list[Evidence], by: User, now: datetime
) -> None:
    question = next(one.code for one in part.questions if one.type == QuestionType.FILES)
    said = [f"{one.original_name} (SHA-256 {one.digest})" for one in files]
    now_said = {"answers": {question: said}, "complete": True, "saved_at": now, "saved_by": by}
    section = Section.objects.filter(application=application, code=part.code)
    if not section.update(version=F("version") + 1, **now_said):
        Section.objects.create(application=application, code=part.code, **now_said)


def _record(what: str, one: Evidence, by: User | None, now: datetime, **more: str) -> None:
    audit.record(
        f"evidence.{what}",
        by=by,
        now=now,
        customer_id=one.application.customer_id,
        application_id=one.application_id,
        target=one,
        data={"digest": one.digest, "size": one.size, **more},
    )


def _keep(stored_name: str, content: IO[bytes]) -> str:
    """Write the file under a passing name and move it into place; its SHA-256."""
    place = find.folder()
    passing = place / f"{stored_name}.part"
    summed = hashlib.sha256()
    content.seek(0)
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while chunk := content.read(_CHUNK):
                summed.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        passing.replace(place / stored_name)
    except OSError as error:
        with suppress(OSError):
            passing.unlink()
        raise NotPossibleNow(
            _("We have no room for files right now. Nothing was kept; try again later."), code="no_room"
        ) from error
    return summed.hexdigest()


def _forget(stored_name: str) -> None:
    with suppress(OSError):
        (Path(find.folder()) / stored_name).unlink()
