"""Floor 5: files on their way in: straight to disk, cut off at the limit, a full disk told instead of a crash."""

from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from applications.rules.evidence import FILE_MAX

PROBLEMS = "applications.upload_problems"


class BoundedUpload(TemporaryFileUploadHandler):
    """What is too large, or finds no room, is left out of FILES and named in `request.META[PROBLEMS]`."""

    request: HttpRequest

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.taken = 0
        try:
            super().new_file(*args, **kwargs)
        except OSError:
            raise self._left_out("no_room") from None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.taken += len(raw_data)
        if self.taken > FILE_MAX:
            raise self._left_out("too_big")
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            raise self._left_out("no_room") from None

    def _left_out(self, code: str) -> SkipFile:
        self.request.META.setdefault(PROBLEMS, []).append((self.file_name, code))
        return SkipFile()


def problems_of(request: HttpRequest) -> list[tuple[str, str]]:
    """(name, code `too_big` or `no_room`) of files that were cut off. Read FILES first."""
    return list(request.META.get(PROBLEMS, []))
