"""What may be called: https to the public internet; every spelling of the inside is refused."""

from __future__ import annotations

import pytest

from applications.rules.addresses import Target, is_exempt, is_public, read_target

INSIDE = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.0.1
100.64.0.1 100.100.100.200 100.127.255.255 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 168.63.129.16
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1 ::7f00:1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1
64:ff9b::7f00:1 64:ff9b:1::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 100::1 5f00::1
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_inside_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.15.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_public_numbers_are_public(address: str) -> None:
    assert is_public(address)


def test_what_is_no_number_is_not_public() -> None:
    assert not any(is_public(text) for text in ("", "localhost", "127.1", "0x7f000001", "2130706433"))


def test_target_is_read() -> None:
    assert read_target("https://Gate.example:8443/hooks?x=1") == Target(
        True, "gate.example", 8443, "/hooks?x=1"
    )
    assert read_target("https://gate.example") == Target(True, "gate.example", 443, "/")
    assert read_target("https://[2606:4700::1111]/x") == Target(True, "2606:4700::1111", 443, "/x")


@pytest.mark.parametrize(
    "url",
    [
        "http://gate.example/",
        "https://gate.example:22/",
        "https://gate.example:0/",
        "https://gate.example:99999/",
        "https://user:secret@gate.example/",
        "https://gate.example\\@evil.example/",
        "https://gate.example/#part",
        "https://gate.example#",
        "https://gate.exämple/",
        "https://gate.example/\r\nX: y",
        "https://gate.example/a b",
        "https://gate_way.example/",
        "https:///x",
        "https:gate.example",
        "//gate.example/",
        "ftp://gate.example/",
        "javascript:alert(1)",
        "https://[::1%25eth0]/",
        "https://[/",
        "https://" + "a" * 600,
        "",
    ],
)
def test_what_may_not_be_typed(url: str) -> None:
    assert read_target(url) is None


def test_development_may_name_hosts() -> None:
    allowed = ["localhost:9000", "[::1]:9000"]
    assert read_target("http://localhost:9000/hook", allowed) == Target(False, "localhost", 9000, "/hook")
    assert read_target("http://localhost:9001/hook", allowed) is None
    assert is_exempt(Target(False, "localhost", 9000, "/"), allowed)
    assert is_exempt(Target(False, "::1", 9000, "/"), allowed)
    assert not is_exempt(Target(True, "localhost", 443, "/"), allowed)
