"""Floor 5: one call to an address that somebody gave us. Knows no models.

The name is resolved once, every number it stands for is judged, and the connection goes to a judged number: a name
that answers differently the next time (rebinding) changes nothing. Redirects are not followed, proxies not used, the
body of the answer is not read, and one limit covers all of it.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from applications.rules.addresses import Target, is_exempt, is_public, read_target

LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call: `status` when it was answered, else `code` says at which step it failed."""

    code: str
    status: int | None = None
    retry_after_s: int | None = None
    took_ms: int = 0

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class _Blocked(Exception):
    """The name leads inside, or nowhere."""


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Collection[str] = (),
    limit_s: float = LIMIT_S,
    context: ssl.SSLContext | None = None,
) -> Outcome:
    """POST and say what became of it; never raises for what the other side does."""
    began = time.monotonic()
    found = _post(url, body, headers, allowed, began + limit_s, context)
    return Outcome(found.code, found.status, found.retry_after_s, round((time.monotonic() - began) * 1000))


def _post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Collection[str],
    end: float,
    context: ssl.SSLContext | None,
) -> Outcome:
    target = read_target(url, allowed)
    if target is None:
        return Outcome("address")
    try:
        places = _resolve(target, allowed)
    except _Blocked as error:
        return Outcome(str(error))
    connection = _Pinned(target, places, end, context)
    timer = threading.Timer(max(0.0, end - time.monotonic()), connection.shut)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Connection": "close"})
        with connection.getresponse() as response:
            if time.monotonic() >= end:  # headers that were cut off look like headers that ended
                return Outcome("timeout")
            return Outcome(str(response.status), response.status, _seconds(response.headers["Retry-After"]))
    except ssl.SSLError:
        return Outcome("tls" if time.monotonic() < end else "timeout")
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        # ValueError and AttributeError: http.client stumbles over a socket that the timer has shut in between.
        is_late = isinstance(error, TimeoutError) or time.monotonic() >= end
        return Outcome("timeout" if is_late else "connect" if connection.sock is None else "reply")
    finally:
        timer.cancel()
        connection.close()


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else None


Place = tuple[Any, tuple[Any, ...]]


def _resolve(target: Target, allowed: Collection[str]) -> list[Place]:
    """The numbers of a name, asked for once. One that is not public refuses all: a mixed answer is an attack."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _Blocked("name") from None
    places = [(family, place) for family, _kind, _protocol, _name, place in found]
    if not places or not (
        is_exempt(target, allowed) or all(is_public(str(place[0])) for _family, place in places)
    ):
        raise _Blocked("inside")
    return places


class _Pinned(http.client.HTTPConnection):
    """A connection to one of the judged numbers; the name stays in Host, in SNI and in the certificate's check."""

    def __init__(
        self, target: Target, places: list[Place], end: float, context: ssl.SSLContext | None
    ) -> None:
        self.default_port = 443 if target.tls else 80  # http.client reads it from the instance
        super().__init__(target.host, target.port)
        self.sock: Any = None
        self._places, self._end = places, end
        self._context = (context or ssl.create_default_context()) if target.tls else None

    def connect(self) -> None:
        for number, (family, place) in enumerate(self._places, 1):
            plain = socket.socket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(self._left())
                plain.connect(place)
            except OSError:
                plain.close()
                if number == len(self._places):
                    raise
                continue
            self.sock = plain
            break
        if self._context is not None:
            # Kept before the handshake, so that the timer can shut a handshake that never ends.
            self.sock = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def shut(self) -> None:
        held = self.sock
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
