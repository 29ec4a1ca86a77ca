"""The deliberately broken delivery: it marks a mail as sent and then sends it. Only the harness runs it."""

from __future__ import annotations

import os
import smtplib

import django


def main() -> None:
    django.setup()
    from applications.models import OutboundMessage  # noqa: PLC0415 -- Django is set up here

    port = int(os.environ["EMAIL_URL"].rpartition(":")[2])
    for message in OutboundMessage.objects.exclude(state="sent").order_by("pk").iterator():
        OutboundMessage.objects.filter(pk=message.pk).update(state="sent")
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
            text = f"Message-ID: <{message.pk}@broken>\r\nSubject: x\r\n\r\nx\r\n"
            server.sendmail("a@portal.example", ["b@customer.example"], text)


if __name__ == "__main__":
    main()
