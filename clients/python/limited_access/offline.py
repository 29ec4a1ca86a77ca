"""Verify signed decisions without asking: the portal's public keys, kept, and fetched again for an unknown one."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from limited_access.client import is_decision
from limited_access.transport import NoAnswer, exchange

KIND = "decision+jwt"
LOOKS_AGAIN_AFTER_S = 30.0
KEYS_LAST_S = 24 * 3600.0
LONGEST_TOKEN = 8192
CLOCKS_MAY_DIFFER_S = 5


class NotGood(Exception):
    """This token is no allow and no deny of the portal, or no longer."""


class Verifier:
    """`issuer` is the portal's address as it signs. Keys are trusted for a day after they were last fetched."""

    def __init__(
        self,
        site: str,
        issuer: str,
        *,
        timeout_s: float = 1.0,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.site, self.issuer, self.timeout_s, self.now, self.monotonic = (
            site,
            issuer,
            timeout_s,
            now,
            monotonic,
        )
        self._keys: dict[str, Any] = {}
        self._fetched = self._looked = float("-inf")
        self._lock = threading.Lock()

    def verify(self, token: str, subscription: str, capability: str) -> Mapping[str, Any]:
        """The decision in a token that is about this pair and good now. Raises NotGood.

        This one reads the wall clock: a clock behind shows as a token from the future and is refused.
        """
        try:
            if len(token) > LONGEST_TOKEN:
                raise NotGood("too long")
            header = jwt.get_unverified_header(token)
            if header.get("typ") != KIND:
                raise NotGood("another kind of token")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(header.get("kid")),
                algorithms=["EdDSA"],
                issuer=self.issuer,
                options={"require": ["exp", "iat"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise NotGood(type(error).__name__) from error
        self._judge_times(claims)
        if not is_decision(claims, (subscription.lower(), capability)):
            raise NotGood("about something else")
        return claims

    def _judge_times(self, claims: Mapping[str, Any]) -> None:
        begin, end, now = claims["iat"], claims["exp"], self.now()
        if not isinstance(begin, int) or not isinstance(end, int) or now >= end:
            raise NotGood("over")
        if begin > now + CLOCKS_MAY_DIFFER_S:
            raise NotGood("from the future: is the clock of this machine right?")

    def _key(self, kid: object) -> Any:
        with self._lock:
            moment = self.monotonic()
            stale = moment - self._fetched > KEYS_LAST_S
            if (stale or kid not in self._keys) and moment - self._looked >= LOOKS_AGAIN_AFTER_S:
                self._looked = moment
                self._fetch(moment)
            if moment - self._fetched > KEYS_LAST_S or not isinstance(kid, str) or kid not in self._keys:
                raise NotGood("unknown key")
            return self._keys[kid]

    def _fetch(self, moment: float) -> None:
        try:
            found = exchange(self.site, "/.well-known/jwks.json", timeout_s=self.timeout_s)
            keys = {
                key["kid"]: jwt.PyJWK.from_dict(key, algorithm="EdDSA").key
                for key in found["keys"]
                if key.get("kty") == "OKP"
            }
        except (NoAnswer, jwt.PyJWTError, KeyError, TypeError, AttributeError, ValueError):
            return
        if keys:
            self._keys, self._fetched = keys, moment
