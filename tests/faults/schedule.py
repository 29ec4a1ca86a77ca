"""The schedule of the portal with every period cut to a second or two, so that a fault run sees many of them."""

from __future__ import annotations

from portal.celery import app

SECONDS = {"ends": 1.0, "reminders": 2.0, "delivery": 1.0, "seal": 5.0}

app.conf.beat_schedule = {
    name: {**entry, "schedule": SECONDS[name], "options": {"expires": 10}}
    for name, entry in app.conf.beat_schedule.items()
    if name in SECONDS
}
