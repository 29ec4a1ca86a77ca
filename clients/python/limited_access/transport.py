"""One HTTP exchange that ends: within a time that covers all of it, without redirects, reading only so much.

A connection is kept for the next question of the same thread, since a new one costs several times an answer.
"""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

MOST_BYTES = 8 * 1024 * 1024


class NoAnswer(Exception):
    """Nothing that can be relied on came back: unreachable, too slow, not a 200, or not what was expected."""


class _Stale(Exception):
    """A kept connection that was closed meanwhile: nothing came back on it."""


class Kept(threading.local):
    """The connection that a thread keeps."""

    connection: http.client.HTTPConnection | None = None


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Http(http.client.HTTPConnection):
    """Closed with the client or the thread that kept it."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


class _Https(_Http, http.client.HTTPSConnection):
    """The socket is known before the handshake, so that the timer can shut a handshake that never ends."""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = _trust().wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock.do_handshake()


def exchange(
    base: str,
    path: str,
    *,
    key: str = "",
    query: Mapping[str, str] | None = None,
    body: object = None,
    timeout_s: float,
    kept: Kept | None = None,
) -> dict[str, Any]:
    """The JSON object that a GET (or, with `body`, a POST) answers with 200. Raises NoAnswer.

    What is asked may be asked twice without harm, which happens when a kept connection turns out to be closed.
    """
    end = time.monotonic() + timeout_s
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    if body is not None:
        headers["Content-Type"] = "application/json"
    address = urlsplit(base).path.rstrip("/") + path + ("?" + urlencode(query) if query else "")
    text = None if body is None else json.dumps(body)
    kept = kept or Kept()
    while True:
        old, kept.connection = kept.connection, None
        connection = old or _connect(base, timeout_s)
        try:
            found, again = _ask(connection, address, text, headers, max(0.0, end - time.monotonic()), old)
        except _Stale:
            continue
        if again:
            kept.connection = connection
        return found


def _connect(base: str, timeout_s: float) -> http.client.HTTPConnection:
    site = urlsplit(base)
    host = site.hostname or ""
    if site.scheme == "https":
        return _Https(host, site.port, timeout=timeout_s, context=_trust())
    return _Http(host, site.port, timeout=timeout_s)


def _ask(
    connection: http.client.HTTPConnection,
    address: str,
    text: str | None,
    headers: Mapping[str, str],
    left_s: float,
    old: object,
) -> tuple[dict[str, Any], bool]:
    """The object, and whether the connection can be kept; else it is closed.

    A socket's own timeout starts anew with each byte, so a timer shuts the connection when the whole takes too long.
    """
    timer = threading.Timer(left_s, _shut, [connection])
    timer.daemon = True
    timer.start()
    good = False
    try:
        try:
            connection.request("GET" if text is None else "POST", address, body=text, headers=dict(headers))
            response = connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected) as error:
            if old and timer.is_alive():
                raise _Stale from error
            raise
        if response.status != 200:
            raise NoAnswer(f"status {response.status}")
        found = json.loads(_all_of(response))
        if not isinstance(found, dict):
            raise NoAnswer("not an object")
        good = not response.will_close and timer.is_alive()
    except (OSError, http.client.HTTPException, ValueError, RecursionError, AttributeError) as error:
        # AttributeError: http.client stumbles over a socket that the timer has shut in between.
        raise NoAnswer(type(error).__name__) from error
    finally:
        timer.cancel()
        if not good:
            connection.close()
    return found, good


def _all_of(response: http.client.HTTPResponse) -> bytes:
    text = response.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise NoAnswer("too long")
    if response.length:
        raise NoAnswer("cut short")
    response.read()  # the end of a chunked body, so that the connection is free again
    return text


def _shut(connection: http.client.HTTPConnection) -> None:
    held = connection.sock
    if held is not None:
        with contextlib.suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)
