"""What we sign: access tokens for callers (OAuth 2 client credentials) and decisions a gateway verifies offline."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from applications import signing
from applications.queries.decision import Decision
from applications.queries.gateway import Caller

ACCESS = "at+jwt"
DECISION = "decision+jwt"
ACCESS_LASTS = timedelta(minutes=5)


def access_token(caller: Caller, key_id: int, now: datetime) -> str:
    """A bearer token for this caller, scoped to its services, good for five minutes. `key` names the secret used."""
    return signing.sign(
        {
            "iss": settings.SITE_URL,
            "sub": str(caller.gateway_id),
            "key": key_id,
            "scope": " ".join(sorted(caller.services)),
            "iat": int(now.timestamp()),
            "exp": int((now + ACCESS_LASTS).timestamp()),
        },
        ACCESS,
    )


def read_access_token(token: str, now: datetime) -> tuple[Caller, int] | None:
    """The caller and the end (Unix seconds) of a token of ours that is still good at `now`."""
    claims = signing.read(token, ACCESS)
    if claims is None or claims["exp"] <= now.timestamp():
        return None
    return Caller(int(claims["sub"]), frozenset(claims["scope"].split())), claims["exp"]


def decision_token(decision: Decision) -> str:
    """The same decision as a compact JWS: `exp` is its validity, so never beyond the end of the right."""
    answer: dict[str, Any] = decision.as_json()
    at = decision.verdict.evaluated_at.timestamp()
    return signing.sign(
        {"iss": settings.SITE_URL, "iat": int(at), "exp": int(at) + answer["valid_for_s"], **answer}, DECISION
    )
