"""Which files are taken as evidence (floor 1): told by extension and content together, nothing is ever unpacked."""

import codecs
import re
import struct
import zipfile
from typing import IO, Final, Literal

from applications.rules.identifiers import clean_text

MB: Final = 1024 * 1024
FILE_MAX: Final = 20 * MB
TOGETHER_MAX: Final = 100 * MB
TYPES: Final = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "txt": "text/plain",
    "csv": "text/csv",
}
Refusal = Literal["empty", "too_big", "image", "archive", "extension", "content", "macros", "locked", "bomb"]

_IMAGES: Final = frozenset(
    "jpg jpeg png gif bmp svg webp heic heif tif tiff ico avif raw psd".split()  # noqa: SIM905 -- a list of words
)
_ARCHIVES: Final = frozenset(
    "zip rar 7z gz tgz bz2 xz tar zst iso jar cab".split()  # noqa: SIM905 -- a list of words
)
_ENTRIES_MAX: Final = 2000
_DIRECTORY_MAX: Final = MB
_UNPACKED_MAX: Final = 200 * MB
_RATIO_MAX: Final = 200
_RATIO_FREE: Final = MB
_NAME_MAX: Final = 150
_CHUNK: Final = 64 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HOSTILE: Final = re.compile(r'[/\\:*?"<>|]')
_END_OF_ZIP: Final = b"PK\x05\x06"


def clean_name(raw: str) -> str:
    """The name as a person reads it: the last part of a path, no unseen characters, short, its extension kept."""
    last = re.split(r"[/\\]", raw)[-1]
    name = _HOSTILE.sub("_", clean_text(last)).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return name[:_NAME_MAX] or "file"
    return f"{stem[: _NAME_MAX - len(extension) - 1] or 'file'}.{extension}"[:_NAME_MAX]


def extension_of(name: str) -> str:
    return clean_name(name).rpartition(".")[2].lower() if "." in clean_name(name) else ""


def refusal_of(name: str, content: IO[bytes], size: int) -> Refusal | None:
    """Why this file is not taken, or None. Reads the whole of a text, the directory of an office file."""
    extension = extension_of(name)
    if extension not in TYPES:
        return "image" if extension in _IMAGES else "archive" if extension in _ARCHIVES else "extension"
    if not size:
        return "empty"
    if size > FILE_MAX:
        return "too_big"
    content.seek(0)
    if extension == "pdf":
        return None if content.read(5) == b"%PDF-" and _ends_as_pdf(content, size) else "content"
    if extension in ("txt", "csv"):
        return None if _is_text(content) else "content"
    return _office(extension, content, size)


def _ends_as_pdf(content: IO[bytes], size: int) -> bool:
    content.seek(max(0, size - 2048))
    return b"%%EOF" in content.read()


def _is_text(content: IO[bytes]) -> bool:
    content.seek(0)
    head = content.read(4)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # What is not UTF-8 is read as the old code page of offices; a control character betrays what is no text.
    return any(_reads_as(content, name) for name in (("utf-16",) if wide else ("utf-8", "cp1252")))


def _reads_as(content: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    content.seek(0)
    try:
        while chunk := content.read(_CHUNK):
            if _CONTROL.search(decoder.decode(chunk)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


# --- office files are zip archives of parts ---


def _office(extension: str, content: IO[bytes], size: int) -> Refusal | None:
    head = content.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "locked"  # an office file under a password, or one of the old formats
    if not head.startswith(b"PK\x03\x04"):
        return "content"
    if not _small_directory(content, size):
        return "bomb"
    try:
        with zipfile.ZipFile(content) as parts:
            return _parts(extension, parts)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, RuntimeError, struct.error):
        return "content"


def _small_directory(content: IO[bytes], size: int) -> bool:
    """Before the directory is read: how large it says it is. Without an end record it is no archive."""
    content.seek(max(0, size - 66_000))
    tail = content.read()
    place = tail.rfind(_END_OF_ZIP)
    if place < 0 or len(tail) < place + 22:
        return False
    entries, length = struct.unpack_from("<HI", tail, place + 10)
    return entries <= _ENTRIES_MAX and length <= _DIRECTORY_MAX


def _parts(extension: str, parts: zipfile.ZipFile) -> Refusal | None:
    infos = parts.infolist()
    names = {info.filename for info in infos}
    if len(infos) > _ENTRIES_MAX or len(names) < len(infos) or any(_misplaced(info) for info in infos):
        return "bomb"
    if any(info.flag_bits & 1 for info in infos):
        return "locked"
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if unpacked > _UNPACKED_MAX or (unpacked > _RATIO_FREE and unpacked > _RATIO_MAX * max(packed, 1)):
        return "bomb"
    if any(_is_archive(name) for name in names):
        return "archive"
    if any(name.lower().endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")) for name in names):
        return "macros"
    if any(name.startswith("Basic/") for name in names):
        return "macros"
    return None if _is_the_kind(extension, parts, names) else "content"


def _misplaced(info: zipfile.ZipInfo) -> bool:
    """A name that leaves its folder, or a link: nothing an office program writes."""
    name = info.orig_filename
    outside = name.startswith("/") or "\\" in name or "\x00" in name or ".." in name.split("/")
    return outside or (info.external_attr >> 16) & 0o170000 == 0o120000


def _is_archive(name: str) -> bool:
    return name.lower().rpartition(".")[2] in _ARCHIVES


def _is_the_kind(extension: str, parts: zipfile.ZipFile, names: set[str]) -> bool:
    if extension == "docx":
        return {"[Content_Types].xml", "word/document.xml"} <= names
    if "mimetype" not in names or "content.xml" not in names:
        return False
    with parts.open("mimetype") as told:
        return told.read(200).strip() == TYPES["odt"].encode()
