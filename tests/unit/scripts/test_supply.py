"""Secrets are found in tree and history, an audit that looked nothing up does not pass, the bill is the lock."""

import json
import subprocess

import pytest

from scripts import audit, sbom, secrets_scan

PLANTED = {
    "a cloud key": "AKIA" + "Q3EGRI7WXN5ZOXUS",
    "a token of a code host": "ghp_" + "x7Kq2LmZ9vT4bN8cR1wY" + "6sD3fG5hJ0pQeUaI",
    "a gateway's key": "lap_" + "Zx81kQm3Vt9Lw2Rb7Yc4" + "Ns6Jd0Hf5GpTeUaIoKyB",
    "a password in an address": "postgres://portal:" + "hunter22@db.internal/portal",
    "a word too random to be one": 'key = "' + "q9ZxW3vTn8KbR2mY" + "s7LdF4hJc6GpQ1eU" + '"',
}


def git(root, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@t.example", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def root(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "fine.py").write_text('sentence = "correct horse battery staple and some more words"\n')
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


@pytest.mark.parametrize(("what", "text"), PLANTED.items(), ids=PLANTED)
def test_a_planted_secret_is_found_in_the_tree_and_after_it_was_taken_out(root, what, text):
    assert list(secrets_scan.scan(root)) == []
    (root / "new.py").write_text(f"first\n{text}\n")
    assert f"new.py:2: {what}" in list(secrets_scan.scan(root))
    git(root, "add", ".")
    git(root, "commit", "-qm", "two")
    git(root, "rm", "-q", "new.py")
    git(root, "commit", "-qm", "three")
    found = list(secrets_scan.scan(root))
    assert any(line.startswith("new.py (") and line.endswith(what) for line in found)


def test_what_is_allowed_is_named_by_value(root):
    for value in secrets_scan.ALLOWED:
        (root / "demo.py").write_text(f'A = "{value}"\nB = "{value[::-1].swapcase()}x9Q"\n')
        assert [line for line in secrets_scan.scan(root) if ":1:" in line] == []


CLEAN = {"name": "django", "version": "5.2", "vulns": []}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("", audit.NOT_AUDITED, "NOT AUDITED"),
        ("{}", audit.NOT_AUDITED, "NOT AUDITED"),
        (json.dumps({"dependencies": []}), audit.NOT_AUDITED, "0 of 1"),
        (json.dumps({"dependencies": [{"name": "x", "skip_reason": "y"}]}), audit.NOT_AUDITED, "0 of 1"),
        (json.dumps({"dependencies": [CLEAN]}), audit.CLEAN, "1 packages audited"),
        (
            json.dumps({"dependencies": [{**CLEAN, "vulns": [{"id": "CVE-1"}]}]}),
            audit.FAULTY,
            "django 5.2: CVE-1",
        ),
    ],
)
def test_an_audit_that_looked_nothing_up_is_no_pass(answer, code, said):
    found, told = audit.judge(answer, "ERROR: no route", 1)
    assert found == code
    assert said in told


def test_the_bill_names_what_the_lock_installs():
    made = sbom.bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    packages = {one["name"]: one for one in made["components"] if one["purl"].startswith("pkg:pypi/")}
    pinned = sbom.locked(sbom.LOCK.read_text())
    assert {name: one["version"] for name, one in packages.items()} == {
        name: version for name, (version, _hashes) in pinned.items()
    }
    assert len(packages) > 30
    assert all(one["hashes"] for one in packages.values())
    not_here = {"async-timeout", "colorama"}  # for other interpreters and systems; nothing installed to ask
    assert {name for name, one in packages.items() if not one["licenses"]} <= not_here
    refs = {one["bom-ref"] for one in made["components"]} | {"portal"}
    assert {one["ref"] for one in made["dependencies"]} <= refs
    assert {on for one in made["dependencies"] for on in one["dependsOn"]} <= refs
    assert "pkg:pypi/asgiref@" in str(next(one for one in made["dependencies"] if "/django@" in one["ref"]))
