"""No secret stands in the tree or in its history: run by `make check`.

Patterns of what vendors issue and of our own keys, and quoted words that are too random to be words. What is allowed is
named with its reason, by value, so that another value in the same place is found.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}",
    "a cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b",
    "a token of a code host": r"\bgh[pousr]_[0-9A-Za-z]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}",
    "a chat or payment token": r"\bxox[abprs]-[0-9A-Za-z-]{10,}|\b[rs]k_live_[0-9A-Za-z]{16,}",
    "a mail provider's key": r"\bSG\.[\w-]{20,}\.[\w-]{20,}",
    "a gateway's key": r"\blap_[0-9A-Za-z_-]{40,}",
    "a signed token": r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}",
    "a password in an address": r"\b[a-z][a-z+]{2,15}://[^\s/:@\"'<>{}]+:(?!password@|secret@)[^\s/:@\"'<>{}]{6,}@(?![\w.-]*\bexample\b)",
}
RANDOM = re.compile(r"""["']([A-Za-z0-9+/_-]{32,}={0,2})["']""")
BITS = 4.2
"""Bits a character: words and paths stay below it, 32 random characters of base64 above."""
SKIP = re.compile(
    r"(^|/)(static/vendor/|requirements/\w+\.txt$)|\.(png|woff2?|ttf|otf|ico|mo|pdf|gz|br)$|SHA256SUMS$"
)
ALLOWED = {
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP": "the demo's authenticator, shown on its mailbox page",
    "production-like-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ": "a key that only `make check` uses",
    "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP": "a key that a test of settings uses",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "the example of the Standard Webhooks specification",
}


ALPHABET = "Ab3dEf6hIj9kLm2n"
"""How made-up keys of tests begin."""


def entropy(text: str) -> float:
    return -sum(n * math.log2(n) for n in (text.count(one) / len(text) for one in set(text)))


def is_random(text: str) -> bool:
    kinds = sum(bool(re.search(kind, text)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return kinds == 3 and text.count("/") < 3 and entropy(text) >= BITS


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    for what, pattern in PATTERNS.items():
        for found in re.finditer(pattern, text):
            if not any(value in found[0] for value in ALLOWED):
                yield text.count("\n", 0, found.start()) + 1, what
    for found in RANDOM.finditer(text):
        if is_random(found[1]) and found[1] not in ALLOWED and not found[1].startswith(ALPHABET):
            yield text.count("\n", 0, found.start()) + 1, "a word too random to be one"


def git(root: Path, *arguments: str, given: str = "") -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, input=given.encode()
    ).stdout


def every_version(root: Path) -> Iterator[tuple[str, str]]:
    """Each text that any commit of any branch holds, once, and what is new in the tree."""
    names = git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z").decode().split("\0")
    for name in filter(None, names):
        path = root / name
        if path.is_file() and not SKIP.search(name):
            yield name, path.read_bytes().decode("utf-8", "replace")
    listed = [
        line.split(" ", 1) for line in git(root, "rev-list", "--objects", "--all").decode().splitlines()
    ]
    wanted = {one[0]: one[1] for one in listed if len(one) == 2 and not SKIP.search(one[1])}
    out = git(root, "cat-file", "--batch", given="\n".join(wanted) + "\n")
    place = 0
    while place < len(out):
        end = out.index(b"\n", place)
        digest, kind, size = out[place:end].decode().split()
        text = out[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)
        if kind == "blob":
            yield f"{wanted[digest]} ({digest[:10]})", text.decode("utf-8", "replace")


def scan(root: Path) -> Iterator[str]:
    for name, text in every_version(root):
        yield from (f"{name}:{line}: {what}" for line, what in secrets_in(text))


def main() -> None:
    problems = sorted(set(scan(ROOT)))
    print("\n".join(problems) or "no secret found")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
