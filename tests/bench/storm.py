"""`python -m tests.bench.storm KIND PORT SECONDS`: a client that means no good, for a bounded while, from 127.0.0.2.

Prints how many of its requests were answered, by status (0: the line was dropped).
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlencode

FROM = ("127.0.0.2", 0)
LOGIN = "/accounts/login/"
SLOW_LINES = 100

Said = Counter[int]


def request(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=FROM)
    try:
        line.request(method, path, body, {"Host": "localhost", **headers})
        answer = line.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", ""), answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, "", ""
    finally:
        line.close()


def slow(port: int, end: float, said: Said) -> None:
    """A hundred lines, each of which sends one header's letter a second and never ends."""
    lines: list[socket.socket] = []
    while time.monotonic() < end:
        while len(lines) < SLOW_LINES:
            line = socket.create_connection(("127.0.0.1", port), 5, source_address=FROM)
            line.sendall(b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            lines.append(line)
        time.sleep(1)
        for line in list(lines):
            try:
                line.sendall(b"a")
            except OSError:
                said[0] += 1
                lines.remove(line)
    said[1] = len(lines)
    for line in lines:
        line.close()


def huge(port: int) -> int:
    """Sixty headers of eight thousand letters each."""
    return request(port, "GET", LOGIN, **{f"X-{number}": "a" * 8000 for number in range(60)})[0]


class Form:
    """Forms that carry the page's own token, as a browser's would."""

    def __init__(self, port: int) -> None:
        self.port = port
        _status, cookie, page = request(port, "GET", LOGIN)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found, "the page of sign-in has a token"
        self.cookie, self.token = cookie.partition(";")[0], found[1]

    def send(self, fields: dict[str, str]) -> int:
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields})
        kind = "application/x-www-form-urlencoded"
        headers = {"Cookie": self.cookie, "Content-Type": kind, "Referer": "http://localhost/"}
        return request(self.port, "POST", LOGIN, body, **headers)[0]


def paced(end: float, a_second: int, ask: Callable[[int], int], said: Said) -> None:
    """So many a second, each from a thread of its own, whether the last was answered or not."""
    began, threads, number = time.monotonic(), list[threading.Thread](), 0

    def one(which: int) -> None:
        said[ask(which)] += 1

    while (due := began + number / a_second) < end:
        time.sleep(max(0.0, due - time.monotonic()))
        threads.append(threading.Thread(target=one, args=(number,)))
        threads[-1].start()
        number += 1
    for thread in threads:
        thread.join()


def main() -> int:
    kind, port, end = sys.argv[1], int(sys.argv[2]), time.monotonic() + float(sys.argv[3])
    said: Said = Counter()
    if kind == "slow_clients":
        slow(port, end, said)
    elif kind == "huge_headers":
        paced(end, 20, lambda _number: huge(port), said)
    elif kind == "fields_10000":
        many = {f"field{number}": "a" for number in range(10_000)}
        form = Form(port)
        paced(end, 10, lambda _number: form.send(many), said)
    elif kind == "login_storm":
        form = Form(port)
        paced(
            end,
            20,
            lambda number: form.send({"login": f"n{number}@storm.example", "password": "wrong"}),
            said,
        )
    else:
        return 2
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
