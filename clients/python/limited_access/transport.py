"""One HTTP exchange that ends: within a time that covers all of it, without redirects, reading only so much."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

MOST_BYTES = 8 * 1024 * 1024


class NoAnswer(Exception):
    """Nothing that can be relied on came back: unreachable, too slow, not a 200, or not what was expected."""


def exchange(
    base: str,
    path: str,
    *,
    key: str = "",
    query: Mapping[str, str] | None = None,
    body: object = None,
    timeout_s: float,
) -> dict[str, Any]:
    """The JSON object that a GET (or, with `body`, a POST) answers with 200. Raises NoAnswer.

    A socket's own timeout starts anew with each byte, so a timer shuts the connection when the whole takes too long.
    """
    site = urlsplit(base)
    kind = http.client.HTTPSConnection if site.scheme == "https" else http.client.HTTPConnection
    connection = kind(site.hostname or "", site.port, timeout=timeout_s)
    timer = threading.Timer(timeout_s, _shut, [connection])
    timer.daemon = True
    timer.start()
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(
            "GET" if body is None else "POST",
            site.path.rstrip("/") + path + ("?" + urlencode(query) if query else ""),
            body=None if body is None else json.dumps(body),
            headers=headers,
        )
        response = connection.getresponse()
        if response.status != 200:
            raise NoAnswer(f"status {response.status}")
        found = json.loads(_all_of(response))
    except (OSError, http.client.HTTPException, ValueError, RecursionError, AttributeError) as error:
        # AttributeError: http.client stumbles over a socket that the timer has shut in between.
        raise NoAnswer(type(error).__name__) from error
    finally:
        timer.cancel()
        connection.close()
    if not isinstance(found, dict):
        raise NoAnswer("not an object")
    return found


def _all_of(response: http.client.HTTPResponse) -> bytes:
    text = response.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise NoAnswer("too long")
    if response.length:
        raise NoAnswer("cut short")
    return text


def _shut(connection: http.client.HTTPConnection) -> None:
    held = connection.sock
    if held is not None:
        with contextlib.suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)
