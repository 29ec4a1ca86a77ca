"""Floor 5: all duties once, without Celery or Redis; safe beside them (design §8)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from applications.enums import Duty
from applications.jobs.delivery import deliver
from applications.jobs.digests import plan_digests
from applications.jobs.ends import close_ended
from applications.jobs.lapses import lapse_waiting
from applications.jobs.pace import measure_pace
from applications.jobs.preview import preview_deadlines
from applications.jobs.reminders import record_reminders
from applications.jobs.retention import forget
from applications.jobs.scanning import scan_waiting
from applications.jobs.sealing import seal_trail
from applications.jobs.webhooks import call_gateways

log = structlog.get_logger("applications.sweep")

DUTIES: dict[Duty, Callable[..., Any]] = {
    Duty.ENDS: close_ended,
    Duty.REMINDERS: record_reminders,
    Duty.LAPSES: lapse_waiting,
    Duty.DIGESTS: plan_digests,
    Duty.DELIVERY: deliver,
    Duty.WEBHOOKS: call_gateways,
    Duty.PREVIEW: preview_deadlines,
    Duty.SEAL: seal_trail,
    Duty.SCANNING: scan_waiting,
    Duty.RETENTION: forget,
    Duty.PACE: measure_pace,
}
"""In the order in which one hands on to the next."""


def sweep(now: datetime) -> dict[str, bool]:
    """Do every duty once; one that fails does not stop the others. Returns which of them worked."""
    worked = {}
    for duty, job in DUTIES.items():
        try:
            job(now)
        except Exception:
            log.exception("duty_failed", duty=duty.value)
            worked[duty.value] = False
        else:
            worked[duty.value] = True
    return worked
