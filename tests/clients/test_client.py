"""The client's fault table: a fresh answer, else an allow that is still valid, else deny."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from limited_access import Answer, Client, Source

from tests.clients.portal import CAPABILITY, SUBSCRIPTION, Moment, Portal, decision

PATH = "/api/v1/access-decisions"
Fault = Callable[[Portal], object]


@pytest.fixture
def client(portal: Portal, monotonic: Moment) -> Client:
    portal.answer(PATH, decision())
    return Client(portal.address, "key", timeout_s=0.3, monotonic=monotonic)


def ask(client: Client) -> Answer:
    return client.decide(SUBSCRIPTION, CAPABILITY)


def test_fresh_answer_is_taken(client: Client, portal: Portal) -> None:
    assert (ask(client).allowed, ask(client).source) == (True, Source.FRESH)
    portal.answer(PATH, decision(allowed=False, reason="ended", valid_for_s=0))
    assert (ask(client).allowed, ask(client).reason) == (False, "ended")


FAULTS: dict[str, Fault] = {
    "killed": lambda portal: portal.kill(),
    "error": lambda portal: portal.answer(PATH, decision(allowed=False, reason="error", valid_for_s=0), 503),
    "error-with-200": lambda portal: portal.answer(PATH, decision(reason="error")),
    "503": lambda portal: portal.answer(PATH, b"", 503),
    "redirect": lambda portal: portal.answer(PATH, decision(), 302),
    "unauthenticated": lambda portal: portal.answer(PATH, decision(), 401),
    "garbage": lambda portal: portal.answer(PATH, b"\x00\xff<html>"),
    "a-list": lambda portal: portal.answer(PATH, [decision()]),
    "deep": lambda portal: portal.answer(PATH, b"[" * 100_000),
    "other-subscription": lambda portal: portal.answer(PATH, decision(subscription_id=SUBSCRIPTION[::-1])),
    "other-capability": lambda portal: portal.answer(PATH, decision(capability="face.emotion")),
    "allowed-as-text": lambda portal: portal.answer(PATH, decision(allowed="false")),
    "validity-true": lambda portal: portal.answer(PATH, decision(valid_for_s=True)),
    "validity-negative": lambda portal: portal.answer(PATH, decision(valid_for_s=-1)),
    "validity-absent": lambda portal: portal.answer(PATH, {"allowed": True}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_fault_leaves_a_valid_allow_and_then_denies(
    client: Client, portal: Portal, monotonic: Moment, fault: Fault
) -> None:
    ask(client)
    fault(portal)
    monotonic.at += 59.9
    assert (ask(client).allowed, ask(client).source) == (True, Source.MEMORY)
    monotonic.at += 0.1
    assert (ask(client).allowed, ask(client).source, ask(client).reason) == (False, Source.NONE, "no_answer")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_fault_with_nothing_remembered_denies(client: Client, portal: Portal, fault: Fault) -> None:
    fault(portal)
    assert not ask(client).allowed


def test_frozen_portal_is_given_up(client: Client, portal: Portal) -> None:
    ask(client)
    frozen = portal.freeze()
    with frozen:
        assert ask(client).source is Source.MEMORY


@pytest.mark.parametrize(
    ("scheme", "first"), [("http", b""), ("https", b"\x16\x03\x03\x40\x00")], ids=["answer", "handshake"]
)
def test_what_drips_ends_by_the_time_of_the_whole(
    portal: Portal, monotonic: Moment, scheme: str, first: bytes
) -> None:
    """Each byte would start a socket's timeout anew; the one for the whole exchange ends it."""
    gone = threading.Event()

    def drip(listening: socket.socket) -> None:
        held, _address = listening.accept()
        with held:
            try:
                held.sendall(first)
                while not gone.wait(0.05):
                    held.sendall(b"H")
            except OSError:
                gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        address = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        answer = ask(Client(address, "key", timeout_s=0.3, monotonic=monotonic))
        thread.join(10)
    assert not answer.allowed
    assert gone.is_set()


def test_a_connection_is_kept_and_a_closed_one_costs_no_answer(monotonic: Moment) -> None:
    """The server ends a connection after two answers without saying so: the next question goes over another."""
    text = json.dumps(decision()).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text
    connections: list[int] = []

    def serve(listening: socket.socket) -> None:
        for _connection in range(2):
            held, _address = listening.accept()
            connections.append(0)
            with held:
                while connections[-1] < 2 and held.recv(65536):
                    connections[-1] += 1
                    held.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        client = Client(f"http://127.0.0.1:{listening.getsockname()[1]}", "key", monotonic=monotonic)
        assert [ask(client).source for _ in range(4)] == [Source.FRESH] * 4
        thread.join(10)
    assert connections == [2, 2]


def test_validity_counts_from_sending(client: Client, portal: Portal, monotonic: Moment) -> None:
    def slow(asked: dict[str, str]) -> tuple[int, bytes]:
        monotonic.at += 30
        return 200, json.dumps(decision()).encode()

    portal.replies[PATH] = slow
    ask(client)
    portal.kill()
    monotonic.at += 29.9
    assert ask(client).allowed
    monotonic.at += 0.1
    assert not ask(client).allowed


def test_a_deny_drops_what_was_remembered(client: Client, portal: Portal) -> None:
    ask(client)
    portal.answer(PATH, decision(allowed=False, reason="revoked", valid_for_s=0))
    ask(client)
    portal.kill()
    assert not ask(client).allowed


def test_older_answer_that_arrives_late_changes_nothing(
    client: Client, portal: Portal, monotonic: Moment
) -> None:
    """While the first question hangs a second one is denied; the first's allow must not come back."""

    def overtaken(asked: dict[str, str]) -> tuple[int, bytes]:
        monotonic.at += 1
        portal.answer(PATH, decision(allowed=False, reason="revoked", valid_for_s=0))
        ask(client)
        return 200, json.dumps(decision()).encode()

    portal.replies[PATH] = overtaken
    ask(client)
    portal.kill()
    assert not ask(client).allowed


def test_absurd_validity_is_capped(client: Client, portal: Portal, monotonic: Moment) -> None:
    portal.answer(PATH, decision(valid_for_s=10**9))
    ask(client)
    portal.kill()
    monotonic.at += 300
    assert not ask(client).allowed


def test_client_needs_no_framework() -> None:
    """A fresh interpreter imports it without Django."""
    root = Path(__file__).resolve().parents[2] / "clients" / "python"
    code = "import sys, limited_access; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
