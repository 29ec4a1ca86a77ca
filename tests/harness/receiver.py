"""A server that gateways would run: keeps what it is sent, answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Call = tuple[str, Mapping[str, str], bytes]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: object, client_address: object) -> None:
        """The handshake in the thread of the connection, where its failure is the caller's to see."""
        try:
            if self.tls is not None:
                request = self.tls.wrap_socket(request, server_side=True)  # type: ignore[call-overload]
            super().finish_request(request, client_address)  # type: ignore[arg-type]
        except OSError:
            return
        finally:
            request.close()  # type: ignore[attr-defined]


class Receiver:
    """`answers` are given one after the other, the last for ever; `calls` is what came, `given` what it got."""

    def __init__(self, *, tls: tuple[Path, Path] | None = None) -> None:
        self.answers: list[tuple[int, Mapping[str, str]]] = [(204, {})]
        self.calls: list[Call] = []
        self.given: list[int] = []
        self.before: Callable[[], object] = lambda: (
            None
        )  # what happens once a call is read, before its answer
        self.server_names: list[str | None] = []
        self.server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
            self.server.tls = context
        self.port = self.server.server_port
        self.place = f"localhost:{self.port}"
        self.url = f"http://{self.place}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((self.path, dict(self.headers), body))
                answers = receiver.answers
                status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
                receiver.given.append(status)
                receiver.before()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        return Handler
