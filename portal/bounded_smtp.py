"""Mail over SMTP with an end: a server that drips a byte a second keeps every time limit of a socket and never answers.

Each answer of the server must be whole within `EMAIL_TIMEOUT`; else the line is cut, which is an unknown outcome like
any other broken line (`jobs.mailing`).
"""

from __future__ import annotations

import smtplib
import socket
import threading
from contextlib import suppress

from django.core.mail.backends import smtp


class _Bounded(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        limit = threading.Timer(self.timeout, self._cut)
        limit.daemon = True
        limit.start()
        try:
            return super().getreply()
        finally:
            limit.cancel()

    def _cut(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class _BoundedTLS(_Bounded, smtplib.SMTP_SSL):
    """The same on a line that is TLS from the start."""


class EmailBackend(smtp.EmailBackend):
    """Django's, with answers that end."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _BoundedTLS if self.use_ssl else _Bounded
