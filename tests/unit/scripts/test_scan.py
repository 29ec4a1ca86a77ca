"""The scan of `make check` finds what it is for, and the locks are what it promises."""

import hashlib
import re
from pathlib import Path

import pytest

from scripts import scan

ROOT = Path(__file__).resolve().parents[3]
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.M)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "ROOT", tmp_path)
    return tmp_path


def put(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("--index" + "-url x", "an address of a package index"),
        ("see files.pythonhosted" + ".org/x", "an address of a package index"),
        ('open("/' + 'home/wanda/x")', "a path of one machine"),
        ("-----BEGIN EC " + "PRIVATE KEY-----", "a private key"),
    ],
)
def test_forbidden_text_is_found_with_its_line(root, text, what):
    path = put(root, "a.txt", f"fine\n{text}\n")
    assert list(scan.forbidden([path])) == [f"a.txt:2: {what}"]


@pytest.mark.parametrize("text", ["/accounts/login/", "docs/home/page", "https://portal.example/" + "work/x"])
def test_ordinary_text_is_let_through(root, text):
    assert list(scan.forbidden([put(root, "a.txt", text)])) == []


def test_long_source_is_found_and_long_tests_are_let_through(root):
    files = [put(root, name, "x = 1\n" * 401) for name in ("a.py", "tests/a.py", "b/migrations/0001.py")]
    assert list(scan.too_long(files)) == ["a.py: 401 lines, at most 400"]


def test_vendored_folder_needs_its_licence_and_sums(root):
    file = put(root, "static/vendor/thing-1.0/thing.js", "let x")
    assert list(scan.vendored([file])) == [
        "static/vendor/thing-1.0: no LICENSE",
        "static/vendor/thing-1.0: no SHA256SUMS",
    ]


def test_vendored_file_that_was_changed_added_or_lost_is_found(root):
    file = put(root, "static/vendor/thing-1.0/thing.js", "let x")
    licence = put(root, "static/vendor/thing-1.0/LICENSE", "MIT")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in (file, licence)]
    put(root, "static/vendor/thing-1.0/SHA256SUMS", "\n".join([*sums, "0" * 64 + "  lost.js"]))
    file.write_text("let y")
    put(root, "static/vendor/thing-1.0/added.js", "let z")
    assert [line.split(":")[0].rsplit("/", 1)[1] for line in scan.vendored([file])] == [
        "added.js",
        "lost.js",
        "thing.js",
    ]


def test_locks_name_no_index_and_hash_everything():
    for name in ("base", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        blocks = [block for block in re.split(r"^(?=\S)", text, flags=re.M) if block.strip()]
        assert len(blocks) > 30
        assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_what_runs_is_what_was_tested():
    base, dev = (
        dict(PINNED.findall((ROOT / "requirements" / f"{name}.txt").read_text())) for name in ("base", "dev")
    )
    assert len(base) > 30
    assert base.items() <= dev.items()
