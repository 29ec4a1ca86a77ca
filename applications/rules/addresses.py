"""Floor 1: which addresses we may call on somebody's word: https to the public internet, nothing inside (SSRF).

A name is judged by what it resolves to, at the moment of connecting (`transports`); here is what may be typed, and
which numbers are public. Whatever embeds another address (mapped, translated, tunnelled) is refused altogether.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

PORTS = (443, 8443)
URL_MAX = 500
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]", re.ASCII)
_REST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*", re.ASCII)

_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own host behind a public number
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: `path` with its query, `host` without brackets."""

    tls: bool
    host: str
    port: int
    path: str


def is_public(address: str) -> bool:
    """Whether a number as a resolver gives it belongs to the public internet."""
    try:
        ip = ip_address(address)
    except ValueError:  # a zone (fe80::1%eth0) too
        return False
    inside = any(ip.version == net.version and ip in net for net in _NOT_PUBLIC)
    return not inside and (isinstance(ip, IPv4Address) or ip in _GLOBAL_6)


def read_target(url: str, allowed: Collection[str] = ()) -> Target | None:
    """The target of a URL that may be called, or None. `allowed` are `host:port` exempt for development."""
    if len(url) > URL_MAX or any(ord(sign) <= 32 or ord(sign) >= 127 for sign in url):
        return None
    try:
        parts = urlsplit(url)
        given = parts.port
    except ValueError:
        return None
    tls = parts.scheme == "https"
    port = given if given is not None else 443 if tls else 80
    netloc = parts.netloc.lower().removesuffix(f":{given}")
    if not _HOST.fullmatch(netloc) or parts.fragment or "#" in url or "\\" in url:
        return None
    if not _REST.fullmatch(parts.path) or not _REST.fullmatch(parts.query):
        return None
    if f"{netloc}:{port}" not in allowed and not (tls and port in PORTS):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, netloc.strip("[]"), port, path)


def is_exempt(target: Target, allowed: Collection[str]) -> bool:
    """Whether a target may also be a number inside, for development."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{host}:{target.port}" in allowed
