"""Floor 1: calls to gateways as Standard Webhooks 1.0 has them: what is said, how it is signed, when it is tried again.

A call says only "read the feed": its kind, the position, the instant. Ends of access are tried without end, at most an
hour apart; the rest by the specification's own schedule (about three days).
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta

from applications.enums import WebhookKind

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
LONGEST_FOR_ENDS = timedelta(hours=1)
LONGEST = timedelta(hours=24)
GONE = 410


def secret_of(random: bytes) -> str:
    """A signing secret as it is shown; at least 24 random bytes."""
    return PREFIX + base64.b64encode(random).decode()


def payload(kind: WebhookKind, cursor: str, at: str) -> bytes:
    """The body: thin, so that who reads it on the way learns nothing about a customer."""
    body = {"type": kind.value, "timestamp": at, "data": {"cursor": cursor}}
    return json.dumps(body, separators=(",", ":")).encode()


def signed_headers(key: str, body: bytes, secrets: list[str], at: datetime) -> dict[str, str]:
    """The headers of one try at `at`: one signature for each secret that is valid now."""
    stamp = int(at.timestamp())
    content = f"{key}.{stamp}.".encode() + body
    return {
        "webhook-id": key,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    raw = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(raw, content, "sha256")).decode()


def next_wait(kind: WebhookKind, tries: int, key: str, retry_after_s: int | None = None) -> timedelta | None:
    """How long after the `tries`-th try that failed the next one comes; None when it is given up.

    Up to a tenth is added by the message's id, so that many do not come back at once.
    """
    ends = kind is WebhookKind.ENDED
    if tries > len(SCHEDULE) and not ends:
        return None
    longest = LONGEST_FOR_ENDS if ends else LONGEST
    wait = min(SCHEDULE[min(tries, len(SCHEDULE)) - 1], longest)
    share = hashlib.sha256(f"{key}:{tries}".encode()).digest()[0] / 2550
    return max(wait * (1 + share), min(timedelta(seconds=retry_after_s or 0), longest))
