"""The deliberately broken delivery: it marks a mail as sent and then sends it, and is killed in between now and then.

Only the harness runs it. Which mail it dies at is fixed, so that the loss is seen on every machine.
"""

from __future__ import annotations

import os
import signal
import smtplib

import django

DIES_AT = 25


def main() -> None:
    django.setup()
    from applications.models import OutboundMessage  # noqa: PLC0415 -- Django is set up here

    port = int(os.environ["EMAIL_URL"].rpartition(":")[2])
    for message in OutboundMessage.objects.exclude(state="sent").order_by("pk").iterator():
        OutboundMessage.objects.filter(pk=message.pk).update(state="sent")
        if message.pk % DIES_AT == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
            text = f"Message-ID: <{message.pk}@broken>\r\nSubject: x\r\n\r\nx\r\n"
            server.sendmail("a@portal.example", ["b@customer.example"], text)


if __name__ == "__main__":
    main()
