"""Floor 5: clamd's protocol (INSTREAM). Knows no models; every doubt is an error, never a pass."""

import socket
import struct
from typing import IO
from urllib.parse import urlsplit

CHUNK = 64 * 1024
REPLY_MAX = 4096


class ScannerDown(Exception):
    """No scanner answers: every file waits."""


class ScanFailed(Exception):
    """The scanner answered, but not about this file: try again, a few times."""


def is_harmful(address: str, content: IO[bytes], *, timeout_s: float = 30) -> bool:
    """Stream the content to `unix:///path` or `tcp://host:port`. Raises ScannerDown, ScanFailed."""
    try:
        connection = _connect(address, timeout_s)
    except OSError as error:
        raise ScannerDown(type(error).__name__) from None
    with connection:
        try:
            connection.sendall(b"zINSTREAM\0")
            while chunk := content.read(CHUNK):
                connection.sendall(struct.pack("!I", len(chunk)) + chunk)
            connection.sendall(struct.pack("!I", 0))
            reply = _reply(connection)
        except TimeoutError:
            raise ScanFailed("slow") from None
        except OSError as error:  # it closes when a file is above its own limit
            raise ScanFailed(type(error).__name__) from None
    if reply == b"stream: OK":
        return False
    if reply.startswith(b"stream: ") and reply.endswith(b" FOUND"):
        return True
    raise ScanFailed("reply")


def _connect(address: str, timeout_s: float) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect(parts.path)
        except OSError:
            connection.close()
            raise
        return connection
    return socket.create_connection((parts.hostname or "", parts.port or 3310), timeout=timeout_s)


def _reply(connection: socket.socket) -> bytes:
    reply = b""
    while b"\0" not in reply and len(reply) < REPLY_MAX:
        more = connection.recv(1024)
        if not more:
            break
        reply += more
    return reply.partition(b"\0")[0].strip()
