"""A call to somebody's address ends, goes where it was judged to go, and never inside (SSRF, rebinding, redirects)."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from applications.transports import post
from tests.harness.receiver import Receiver

HEADERS = {"webhook-id": "msg_1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def call(url: str, *, allowed: tuple[str, ...] = (), **more: Any) -> str:
    return post(url, b"{}", HEADERS, allowed=allowed, **more).code


Answer = list[tuple[Any, ...]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A resolver of the test: each name has its answers, one after the other, the last for ever."""
    known: dict[str, list[list[str]]] = {}

    def resolve(host: str, port: int, **_more: Any) -> Answer:
        answers = known[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where a connection was tried; none gets anywhere."""
    places: list[Any] = []

    def connect(self: socket.socket, place: Any) -> None:
        places.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return places


def test_a_call_arrives_as_it_was_written(receiver: Receiver) -> None:
    assert call(f"http://localhost:{receiver.port}/hook?a=1", allowed=(receiver.place,)) == "204"
    path, headers, body = receiver.calls[0]
    assert (path, body, headers["webhook-id"]) == ("/hook?a=1", b"{}", "msg_1")
    assert headers["Host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/",
        "https://localhost:{port}/",
        "https://127.0.0.1:{port}/",
        "http://[::1]:{port}/",
    ],
)
def test_loopback_is_closed_without_the_setting(receiver: Receiver, url: str) -> None:
    assert call(url.format(port=receiver.port)) == "address"
    assert receiver.calls == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_no_spelling_of_the_inside_is_connected_to(host: str, names: Any, dialled: list[Any]) -> None:
    names[host.strip("[]")] = [
        ["::ffff:127.0.0.1" if "ffff" in host else "::1" if "[" in host else "127.0.0.1"]
    ]
    assert call(f"https://{host}/") == "inside"
    assert dialled == []


@pytest.mark.parametrize(
    "answer",
    [["169.254.169.254"], ["8.8.8.8", "10.0.0.1"], ["fd00:ec2::254"], ["100.64.0.1"], ["fe80::1%eth0"], []],
)
def test_a_name_that_leads_inside_is_refused_whole(answer: list[str], names: Any, dialled: list[Any]) -> None:
    names["hooks.example"] = [answer]
    assert call("https://hooks.example/") == "inside"
    assert dialled == []


def test_a_name_that_changes_its_answer_changes_nothing(names: Any, dialled: list[Any]) -> None:
    """Rebinding: public when judged, the inside when asked again. It is asked once; the judged number is dialled."""
    names["hooks.example"] = [["8.8.8.8", "2606:4700::1111"], ["127.0.0.1"]]
    assert call("https://hooks.example:8443/") == "connect"
    assert dialled == [("8.8.8.8", 8443), ("2606:4700::1111", 8443)]
    assert names["hooks.example"] == [["127.0.0.1"]]  # the second answer was never asked for


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_arguments: Any, **_more: Any) -> Answer:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert call("https://hooks.example/") == "name"


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    canary = Receiver()
    receiver.answers = [(302, {"Location": f"http://localhost:{canary.port}/"})]
    found = post(f"http://localhost:{receiver.port}/", b"{}", HEADERS, allowed=(receiver.place, canary.place))
    canary.close()
    assert (found.code, found.is_taken, canary.calls) == ("302", False, [])


def test_patience_is_read(receiver: Receiver) -> None:
    receiver.answers = [
        (503, {"Retry-After": "120"}),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    ]
    url = f"http://localhost:{receiver.port}/"
    found = [post(url, b"{}", HEADERS, allowed=(receiver.place,)).retry_after_s for _ in range(2)]
    assert found == [120, None]


def answering(work: Callable[[socket.socket], None]) -> tuple[socket.socket, threading.Thread]:
    """A server of one connection that does as it likes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        held, _from = server.accept()
        with held:
            try:
                work(held)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return server, thread


def drip(held: socket.socket) -> None:
    for sign in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000:
        held.sendall(bytes([sign]))
        time.sleep(0.02)


def drip_handshake(held: socket.socket) -> None:
    for sign in b"\x16\x03\x03\x40\x00" + bytes(10_000):
        held.sendall(bytes([sign]))
        time.sleep(0.02)


def flood(held: socket.socket) -> None:
    held.recv(4096)
    held.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Much: " + b"y" * 70_000)


def nonsense(held: socket.socket) -> None:
    held.recv(4096)
    held.sendall(b"\x00\xffnot http\r\n\r\n")


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (drip, "timeout"),
        (drip_handshake, "timeout"),
        (lambda held: held.recv(1) and time.sleep(0.8), "timeout"),
        (flood, "reply"),
        (nonsense, "reply"),
    ],
    ids=["drips", "drips a handshake", "is silent", "never ends its headers", "is not http"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_whatever_answers_a_call_ends(scheme: str, work: Any, code: str) -> None:
    """Over TLS none of these gets as far as a handshake."""
    server, thread = answering(work)
    place = f"localhost:{server.getsockname()[1]}"
    began = time.monotonic()
    found = call(f"{scheme}://{place}/", allowed=(place,), limit_s=0.4)
    assert time.monotonic() - began < 1.5
    assert found in ({code} if scheme == "http" else {"tls", "timeout"})
    server.close()
    thread.join(5)


def certificate(place: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = place / "cert.pem", place / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def test_tls_is_checked_against_the_name_and_not_the_number(tmp_path: Path, names: Any) -> None:
    cert, key = certificate(tmp_path, "hooks.example")
    receiver = Receiver(tls=(cert, key))
    names["hooks.example"] = names["other.example"] = [["127.0.0.1"]]
    trusting = ssl.create_default_context(cafile=str(cert))

    def ask(host: str, context: ssl.SSLContext | None) -> str:
        place = f"{host}:{receiver.port}"
        return call(f"https://{place}/", allowed=(place,), context=context)

    assert [ask("hooks.example", None), ask("other.example", trusting)] == ["tls", "tls"]
    assert receiver.calls == []
    assert ask("hooks.example", trusting) == "204"
    assert receiver.server_names[-1] == "hooks.example"
    receiver.close()
