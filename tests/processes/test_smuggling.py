"""Requests that two readers would cut at different places: gunicorn with our settings takes none of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = """
def application(environ, start):
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Length", "2"), ("X-Path", environ["PATH_INFO"])])
    return [b"ok"]
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    place = tmp_path_factory.mktemp("smuggling")
    (place / "plain.py").write_text(APPLICATION)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "-w", "1"]
    environment = {**os.environ, "PYTHONPATH": f"{place}:{ROOT}", "PORT": str(number)}
    server = subprocess.Popen(
        [*command, "-b", f"127.0.0.1:{number}", "plain:application"],
        cwd=place,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", number), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield number
    server.terminate()
    server.wait(20)


def answers(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(sent)
        line.settimeout(3)
        got = b""
        try:
            while more := line.recv(65536):
                got += more
        except TimeoutError:
            pass
    return got


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST /seen HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "request_of_two",
    [
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc" + HIDDEN,
        HEAD + b"Content-Length: +3\r\n\r\nabc" + HIDDEN,
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + HIDDEN,
    ],
    ids=["CL.TE", "TE.CL", "CL.CL", "signed", "TE unknown", "TE blank", "bad chunk"],
)
def test_requests_of_two_meanings_are_refused(port: int, request_of_two: bytes) -> None:
    assert b"X-Path: /seen" in answers(port, HEAD + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")
    got = answers(port, request_of_two)
    assert b"/hidden" not in got
    assert b" 200 " not in got
