"""The Celery app: `celery -A portal.celery worker` and `celery -A portal.celery beat`."""

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery

from applications.enums import DUTY_PERIODS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A new schedule is due at once: what runs by the hour does not wait for the first hour, nor raise its alarm."""


def schedule() -> dict[str, dict[str, Any]]:
    """One entry a duty, at intervals and in UTC: no date of the calendar and no change of clocks is part of it.

    A hint that waited longer than its period is dropped: the next one is on its way.
    """
    return {
        duty.value: {
            "task": f"applications.{duty.value}",
            "schedule": period.total_seconds(),
            "last_run_at": LONG_AGO,
            "options": {"expires": max(period.total_seconds(), 60)},
        }
        for duty, period in DUTY_PERIODS.items()
    }


app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["applications"])
app.conf.beat_schedule = schedule()
