"""Floor 3: what we sign, the keys others verify it with, and what we keep encrypted.

Ed25519 keys are derived from SECRET_KEY and each of SECRET_KEY_FALLBACKS, so they rotate with them: the first signs,
all are published at `/.well-known/jwks.json` until the fallback is removed. Nothing is stored.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_decode, base64url_encode

ALGORITHM = "EdDSA"
TOKEN_MAX = 8192
_PURPOSE = b"limited-access-portal/signing/1"


@dataclass(frozen=True, slots=True)
class SigningKey:
    private: Ed25519PrivateKey
    public: dict[str, str]
    kid: str


@lru_cache(maxsize=16)
def _key(secret: str) -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(hmac.digest(secret.encode(), _PURPOSE, "sha256"))
    public: dict[str, str] = {
        name: value
        for name, value in OKPAlgorithm.to_jwk(private.public_key(), as_dict=True).items()
        if name in ("kty", "crv", "x")
    }
    # RFC 7638: the thumbprint of the public key names it.
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":")).encode()
    return SigningKey(private, public, base64url_encode(hashlib.sha256(canonical).digest()).decode())


def _keys() -> list[SigningKey]:
    return [_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def sign(claims: dict[str, Any], kind: str) -> str:
    """A compact JWS over `claims`; `kind` stands in the header as `typ`, so that one kind never passes for another."""
    key = _keys()[0]
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"typ": kind, "kid": key.kid})


def stamp(text: str) -> str:
    """A detached signature: the key's name and Ed25519 over the text."""
    key = _keys()[0]
    return f"{key.kid}.{base64url_encode(key.private.sign(text.encode())).decode()}"


def is_stamped(text: str, stamped: str) -> bool | None:
    """Whether the signature is ours over this text; None when its key is none of those we still have."""
    kid, _dot, signature = stamped.partition(".")
    key = next((known for known in _keys() if known.kid == kid), None)
    if key is None:
        return None
    try:
        key.private.public_key().verify(base64url_decode(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def read(token: str, kind: str) -> dict[str, Any] | None:
    """The claims of a token of ours of this kind, or None. Times are the caller's to judge: it owns the clock."""
    if len(token) > TOKEN_MAX:
        return None
    try:
        header = jwt.get_unverified_header(token)
        key = next((known for known in _keys() if known.kid == header.get("kid")), None)
        if key is None or header.get("typ") != kind:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key.private.public_key(),
            algorithms=[ALGORITHM],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError):
        return None
    return claims


def public_keys() -> dict[str, Any]:
    """The JWK Set: public parts, newest first."""
    return {"keys": [{**key.public, "kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in _keys()]}


def cipher(purpose: str) -> MultiFernet:
    """For secrets that we must be able to read again; each purpose has keys of its own, which rotate as above."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(f"{purpose}:{key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
