"""A stand-in for the portal that can be told to fail in every way a gateway must survive."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SUBSCRIPTION = "dc4d27d9-ea49-4921-938f-7782a774e151"
CAPABILITY = "face.identification"
Reply = tuple[int, bytes]


class Moment:
    """A clock that a test moves."""

    def __init__(self, at: float = 1000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def decision(**more: Any) -> dict[str, Any]:
    return {
        "subscription_id": SUBSCRIPTION,
        "capability": CAPABILITY,
        "allowed": True,
        "reason": "approved",
        "ends_at": "2023-07-01T00:00:00Z",
        "valid_for_s": 60,
        "evaluated_at": "2023-06-30T23:00:00Z",
        "edition": "2022-06-21",
        "next_step": None,
        **more,
    }


class Portal:
    """`replies[path]` answers (status, body); what is asked is kept in `asked`."""

    def __init__(self) -> None:
        self.replies: dict[str, Callable[[dict[str, str]], Reply]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, body: object, status: int = 200) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.replies[path] = lambda asked: (status, text)

    def kill(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def freeze(self) -> socket.socket:
        """Take the dead server's place: connections are accepted by the system and never answered."""
        self.kill()
        frozen = socket.socket()
        frozen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        frozen.bind(("127.0.0.1", self.server.server_port))
        frozen.listen()
        return frozen

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                length = int(self.headers.get("Content-Length") or 0)
                if length:
                    asked |= json.loads(self.rfile.read(length))
                portal.asked.append((parts.path, asked))
                status, text = portal.replies.get(parts.path, lambda asked: (404, b"{}"))(asked)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        return Handler
