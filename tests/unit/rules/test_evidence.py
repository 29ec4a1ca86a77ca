"""Which files are taken: name and content must agree, and nothing that could harm a reader passes."""

import io
import stat
import zipfile

import pytest

from applications.rules import evidence
from tests import files


def refusal(name: str, content: bytes) -> str | None:
    return evidence.refusal_of(name, io.BytesIO(content), len(content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("DPIA.pdf", files.PDF),
        ("DPIA.PDF", files.PDF),
        ("notice.docx", files.docx()),
        ("notice.odt", files.odt()),
        ("notice.txt", "Schön, 日本語\tund\r\nmehr".encode()),
        ("notice.txt", "Schön".encode("cp1252")),
        ("notice.txt", "Schön".encode("utf-16")),
        ("tests.csv", b"group;rate\r\nA;0.1\r\n"),
    ],
)
def test_honest_files_are_taken(name: str, content: bytes) -> None:
    assert refusal(name, content) is None


def link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("[Content_Types].xml", b"")
        made.writestr("word/document.xml", b"")
        info = zipfile.ZipInfo("word/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("face.png", files.PNG, "image"),
        ("face.svg", b"<svg/>", "image"),
        ("all.zip", files.docx(), "archive"),
        ("page.html", b"<script>", "extension"),
        ("run.pdf.exe", files.PDF, "extension"),
        ("none", files.PDF, "extension"),
        ("empty.txt", b"", "empty"),
        ("big.txt", b"x" * (evidence.FILE_MAX + 1), "too_big"),
        ("face.pdf", files.PNG, "content"),
        ("cut.pdf", b"%PDF-1.7 and no end", "content"),
        ("gif.txt", b"GIF89a\x01\x00\x01\x00", "content"),
        ("exe.txt", b"MZ\x90\x00\x03", "content"),
        ("other.docx", files.odt(), "content"),
        ("other.odt", files.docx(), "content"),
        ("broken.docx", files.docx()[:-40], "bomb"),
        ("locked.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "locked"),
        ("macro.docx", files.docx(word__vbaProject=b"x", **{"word__vbaProject.bin": b"x"}), "macros"),
        ("nested.docx", files.docx(**{"word__a.zip": b"PK"}), "archive"),
        ("slip.docx", files.docx(**{"..__..__x": b"x"}), "bomb"),
        ("link.docx", link(), "bomb"),
        ("ratio.docx", files.docx(word__big=bytes(40 * evidence.MB)), "bomb"),
        ("many.docx", files.docx(**{f"word__{n}": b"" for n in range(2001)}), "bomb"),
    ],
)
def test_others_are_refused_with_the_reason(name: str, content: bytes, why: str) -> None:
    assert refusal(name, content) == why


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\freja\\DPIA.pdf", "DPIA.pdf"),
        ("a\x00b\u202efdp.txt", "abfdp.txt"),
        ('x<">.pdf', "x___.pdf"),
        ("", "file"),
        (".pdf", "pdf"),
        ("x" * 400 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_names_are_cleaned(raw: str, clean: str) -> None:
    assert evidence.clean_name(raw) == clean
