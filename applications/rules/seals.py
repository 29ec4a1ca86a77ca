"""Floor 1: how the audit trail is sealed (promise P8): a Merkle root over canonical rows, chained to the seal before.

An entry is 8 bytes of the row's id and the SHA-256 of what stands in it, so that two rows that changed places are
told from two that were changed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FIRST = "0" * 64
"""What the first seal is chained to."""
_ID, _ENTRY = 8, 40
REASON = "reason_sha256"
"""Where a row holds the commitment to the reason that somebody typed."""


def commitment(salt: str, text: str) -> str:
    """Proves a text as long as its salt is kept, and says nothing once it is not."""
    return hashlib.sha256(f"{salt}\0{text}".encode()).hexdigest()


def content(values: Mapping[str, Any]) -> bytes:
    """SHA-256 of a row without its id; the values are JSON but for instants and ids, which are written as text."""
    return hashlib.sha256(
        json.dumps(values, sort_keys=True, default=str, ensure_ascii=True).encode()
    ).digest()


def entry(pk: int, values: Mapping[str, Any]) -> bytes:
    return pk.to_bytes(_ID, "big") + content(values)


def entries(leaves: bytes) -> Iterator[tuple[int, bytes]]:
    """Id and digest of each row of a seal, in order."""
    for start in range(0, len(leaves), _ENTRY):
        yield int.from_bytes(leaves[start : start + _ID], "big"), leaves[start + _ID : start + _ENTRY]


def root(leaves: bytes) -> str:
    """The Merkle root; leaves and nodes are told apart, an odd node moves up as it is."""
    level: Sequence[bytes] = [
        hashlib.sha256(b"\0" + leaves[start : start + _ENTRY]).digest()
        for start in range(0, len(leaves), _ENTRY)
    ]
    while len(level) > 1:
        pairs = [level[start : start + 2] for start in range(0, len(level), 2)]
        level = [
            hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs
        ]
    return level[0].hex() if level else FIRST


def digest(
    *, number: int, count: int, last_transaction: int, last_event: int, root: str, previous: str
) -> str:
    """What the next seal is chained to."""
    line = f"{number}|{count}|{last_transaction}|{last_event}|{root}|{previous}"
    return hashlib.sha256(line.encode()).hexdigest()
