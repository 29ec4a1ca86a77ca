"""Signed decisions verified without asking."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from limited_access import NotGood, Verifier

from tests.clients.portal import CAPABILITY, SUBSCRIPTION, Moment, Portal, decision

ISSUER = "https://portal.example"
JWKS = "/.well-known/jwks.json"
NOW = 1_688_000_000
PRIVATE, ANOTHER = (Ed25519PrivateKey.from_private_bytes(bytes([one]) * 32) for one in (1, 2))


def public(key: Ed25519PrivateKey, kid: str = "a") -> dict[str, Any]:
    return {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "alg": "EdDSA"}


def token(
    key: Any = PRIVATE, *, kid: str = "a", typ: str = "decision+jwt", alg: str = "EdDSA", **more: Any
) -> str:
    claims = {"iss": ISSUER, "iat": NOW, "exp": NOW + 60, **decision(), **more}
    return jwt.encode(claims, key, algorithm=alg, headers={"kid": kid, "typ": typ})


@pytest.fixture
def wall() -> Moment:
    return Moment(NOW)


@pytest.fixture
def verifier(portal: Portal, monotonic: Moment, wall: Moment) -> Verifier:
    portal.answer(JWKS, {"keys": [public(PRIVATE)]})
    return Verifier(portal.address, ISSUER, timeout_s=0.3, now=wall, monotonic=monotonic)


def verify(verifier: Verifier, text: str) -> Any:
    return verifier.verify(text, SUBSCRIPTION, CAPABILITY)


def test_good_token_is_taken_and_keys_are_kept(verifier: Verifier, portal: Portal) -> None:
    assert verify(verifier, token())["allowed"] is True
    portal.kill()
    assert verify(verifier, token())["allowed"] is True
    assert len(portal.asked) == 1


def flipped() -> str:
    head, body, signature = token().split(".")
    return ".".join([head, body, ("B" if signature[0] == "A" else "A") + signature[1:]])


BAD = {
    "wrong-key": token(ANOTHER),
    "flipped": flipped(),
    "access-token": token(typ="at+jwt"),
    "no-signature": token("", alg="none"),
    "shared-secret": token("s" * 64, alg="HS256"),
    "other-issuer": token(iss="https://elsewhere.example"),
    "over": token(exp=NOW),
    "no-end": token(exp=None),
    "from-the-future": token(iat=NOW + 6),
    "other-capability": token(capability="face.emotion"),
    "other-subscription": token(subscription_id=SUBSCRIPTION[::-1]),
    "error": token(reason="error"),
    "unknown-key": token(kid="z"),
    "garbage": "a.b.c",
    "long": "a" * 10_000,
    "empty": "",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_token_is_refused(verifier: Verifier, text: str) -> None:
    with pytest.raises(NotGood):
        verify(verifier, text)


def test_clock_of_this_machine_is_wrong(verifier: Verifier, wall: Moment) -> None:
    wall.at = NOW - 3600
    with pytest.raises(NotGood, match="clock"):
        verify(verifier, token())
    wall.at = NOW + 3600
    with pytest.raises(NotGood, match="over"):
        verify(verifier, token())


def test_new_key_is_looked_up_but_not_for_every_stranger(
    verifier: Verifier, portal: Portal, monotonic: Moment
) -> None:
    verify(verifier, token())
    portal.answer(JWKS, {"keys": [public(ANOTHER, "b"), public(PRIVATE)]})
    with pytest.raises(NotGood):
        verify(verifier, token(ANOTHER, kid="b"))
    monotonic.at += 30
    assert verify(verifier, token(ANOTHER, kid="b"))["allowed"] is True
    with pytest.raises(NotGood):
        verify(verifier, token(kid="z"))
    assert len(portal.asked) == 2


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"keys": 3}', b'{"keys": [{"kty": "OKP", "kid": "a"}]}', b"{}"]
)
def test_garbage_instead_of_keys_leaves_the_kept_ones_for_a_day(
    verifier: Verifier, portal: Portal, monotonic: Moment, body: bytes
) -> None:
    verify(verifier, token())
    portal.answer(JWKS, body)
    monotonic.at += 24 * 3600
    assert verify(verifier, token())["allowed"] is True
    monotonic.at += 1
    with pytest.raises(NotGood):
        verify(verifier, token())


def test_claims_that_are_no_numbers(verifier: Verifier) -> None:
    claims = json.dumps({"iss": ISSUER, "iat": "now", "exp": "never", **decision()}).encode()
    text = jwt.api_jws.encode(claims, PRIVATE, algorithm="EdDSA", headers={"kid": "a", "typ": "decision+jwt"})
    with pytest.raises(NotGood):
        verify(verifier, text)
