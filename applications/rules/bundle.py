"""Floor 1: many files as one zip, written while it is read: memory stays flat, and the same files are the same bytes.

Nothing is compressed, so that the bytes depend on no version of a library. The last file, MANIFEST.sha256, has the
hash and the name of every other; `sha256sum -c MANIFEST.sha256` checks them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from zipfile import ZIP_STORED, ZipFile, ZipInfo

Member = tuple[str, Iterable[bytes]]
MANIFEST = "MANIFEST.sha256"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_FOR_THE_OWNER = 0o600 << 16


class _Pipe:
    """What `ZipFile` writes to: no place to seek in, so sizes follow the content."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do: what waits is taken."""

    def take(self) -> bytes:
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken


def bundle(members: Iterable[Member]) -> Iterator[bytes]:
    """The bytes of the zip, a piece at a time, in the order of `members`."""
    pipe, sums = _Pipe(), []
    with ZipFile(pipe, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]  # it asks for write and flush alone
        for name, pieces in members:
            summed = hashlib.sha256()
            with archive.open(_entry(name), "w") as out:
                for piece in pieces:
                    summed.update(piece)
                    out.write(piece)
                    yield pipe.take()
            sums.append(f"{summed.hexdigest()}  {name}\n")
        archive.writestr(_entry(MANIFEST), "".join(sums))
    yield pipe.take()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _LONG_AGO)
    entry.external_attr = _FOR_THE_OWNER
    entry.create_system = 3
    return entry


def plain(name: str) -> str:
    """A name that makes no folder and no way out of one."""
    return (
        "".join("_" if sign in '/\\:*?"<>|' or not sign.isprintable() else sign for sign in name).lstrip(".")
        or "_"
    )
