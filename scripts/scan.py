"""What no file of the project may hold, and what each vendored folder must: run by `make check`.

No address of a package index (a lock would send every reader there), no path of one machine, no private key, no file
over the size a person reads, no vendored file without its licence and its checksum.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SOURCE = 400
FORBIDDEN = {
    "an address of a package index": (
        r"(?:pypi|pythonhosted|npmjs|yarnpkg|deb\.debian|golang)\.(?:org|com)|--(?:extra-)?index-url"
    ),
    "a path of one machine": r"(?<![\w.])/(?:home|Users|root|work)/[A-Za-z.]",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
}
# Licences that let anyone use, change and pass on what we ship; weak copyleft is fine for what is only imported.
LICENCES = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python|MPL|Mozilla|LGPL|Lesser|Unlicense|Public Domain|0BSD|HPND|Zlib|CC0|Artistic",
    re.I,
)

# Packages that say nothing in their metadata; read from the licence they ship.
READ_BY_HAND = {"axe-playwright-python": "MIT"}


def tracked() -> list[Path]:
    """The project's files: what is tracked and what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def forbidden(files: list[Path]) -> Iterator[str]:
    patterns = {what: re.compile(pattern) for what, pattern in FORBIDDEN.items()}
    for path in files:
        if path == Path(__file__).resolve() or "/vendor/" in path.as_posix():
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            yield from (
                f"{path.relative_to(ROOT)}:{number}: {what}" for what, p in patterns.items() if p.search(line)
            )


def too_long(files: list[Path]) -> Iterator[str]:
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and "/migrations/" not in name and not name.startswith("tests/"):
            length = len(path.read_text(encoding="utf-8").splitlines())
            if length > LONGEST_SOURCE:
                yield f"{name}: {length} lines, at most {LONGEST_SOURCE}"


def vendored(files: list[Path]) -> Iterator[str]:
    """`static/vendor/NAME-VERSION/` holds LICENSE and SHA256SUMS, and every file is what the sums say."""
    base = ROOT / "static" / "vendor"
    for folder in sorted(
        {base / path.relative_to(base).parts[0] for path in files if path.is_relative_to(base)}
    ):
        sums = folder / "SHA256SUMS"
        if not list(folder.glob("LICEN[SC]E*")):
            yield f"{folder.relative_to(ROOT)}: no LICENSE"
        if not sums.exists():
            yield f"{folder.relative_to(ROOT)}: no SHA256SUMS"
            continue
        lines = [line.split(maxsplit=1) for line in sums.read_text().splitlines()]
        expected = {name.removeprefix("*").removeprefix("./"): digest for digest, name in lines}
        found = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and path != sums
        }
        yield from (
            f"{(folder / name).relative_to(ROOT)}: not what SHA256SUMS says"
            for name in sorted(set(expected) | set(found))
            if expected.get(name) != found.get(name)
        )


def licences() -> Iterator[str]:
    """Of everything installed."""
    for found in distributions():
        data = found.metadata
        said = [READ_BY_HAND.get(data["Name"], "")]
        said += [line for name in ("License-Expression", "License") for line in data.get_all(name) or []]
        said += [line for line in data.get_all("Classifier") or [] if line.startswith("License ::")]
        if not LICENCES.search(" ".join(said)):
            yield f"{data['Name']}: licence not known to be free"


def main() -> None:
    files = tracked()
    if not files:
        sys.exit("found no files to scan")
    problems = [*forbidden(files), *too_long(files), *vendored(files), *licences()]
    print("\n".join(problems) or f"{len(files)} files are fine")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
