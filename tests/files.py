"""Small files of every kind, honest and not, and a scanner to be told what to answer."""

from __future__ import annotations

import io
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
# In two parts, so that no scanner takes this file for what it tests.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(zipfile.ZipInfo(name, (2023, 5, 15, 14, 40, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docx(**more: bytes) -> bytes:
    extra = {name.replace("__", "/"): content for name, content in more.items()}
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", **extra})


def odt() -> bytes:
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<o/>"})


def _stream(connection: socket.socket) -> bytes:
    assert connection.recv(10) == b"zINSTREAM\0"
    told, content = connection.makefile("rb"), b""
    while length := struct.unpack("!I", told.read(4))[0]:
        content += told.read(length)
    return content


@contextmanager
def clamd(answer: bytes | None = None, *, silent: bool = False) -> Iterator[str]:
    """A scanner that speaks clamd's protocol; it knows EICAR, or says `answer` to everything, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    content = _stream(connection)
                    if silent:
                        over.wait(10)
                        continue
                    verdict = b"stream: Eicar-Test FOUND\0" if EICAR in content else b"stream: OK\0"
                    connection.sendall(verdict if answer is None else answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join(5)
