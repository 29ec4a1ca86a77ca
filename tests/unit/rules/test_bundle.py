"""A zip that is written while it is read: whole, the same bytes however it is cut, and proved by its manifest."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from applications.rules.bundle import MANIFEST, bundle, plain

MEGABYTE = b"x" * (1 << 20)


def test_the_same_files_are_the_same_bytes_and_the_manifest_proves_them() -> None:
    whole = b"".join(bundle([("a.txt", [b"one two"]), ("b/ü.json", [b"{}"])]))
    assert whole == b"".join(bundle([("a.txt", [b"one ", b"two"]), ("b/ü.json", [b"{", b"}"])]))
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        assert found.namelist() == ["a.txt", "b/ü.json", MANIFEST]
        for line in found.read(MANIFEST).decode().splitlines():
            summed, _, name = line.partition("  ")
            assert hashlib.sha256(found.read(name)).hexdigest() == summed


def test_memory_stays_flat_whatever_the_size() -> None:
    def pieces(count: int) -> Iterator[bytes]:
        for _number in range(count):
            yield MEGABYTE

    tracemalloc.start()
    size = sum(len(piece) for piece in bundle([("big", pieces(40))]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 40 << 20
    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("name", "safe"),
    [("../../etc/x", "_.._etc_x"), ("a\x00b\u202e.pdf", "a_b_.pdf"), ("...", "_"), ("ü.pdf", "ü.pdf")],
)
def test_a_name_makes_no_way_out(name: str, safe: str) -> None:
    assert plain(name) == safe
