"""Floor 6: the duties as Celery tasks; the only module that knows Celery. Names are fixed, arguments are none.

A task is a hint to have a look: what is to be done stands in rows, so a lost, late or doubled task changes nothing.
There is no ETA and no countdown anywhere. `portal.celery` makes the schedule.
"""

from celery import shared_task

from applications import clock
from applications.enums import Duty
from applications.jobs.sweep import DUTIES

BUDGET_S = 40
"""A run ends well before the time limit of a task; what is left is the next run's."""


def do(duty: Duty) -> None:
    """One run of a duty at the time of the clock."""
    DUTIES[duty](clock.now(), budget_s=BUDGET_S)


@shared_task(name="applications.ends", acks_late=True)
def ends() -> None:
    do(Duty.ENDS)


@shared_task(name="applications.reminders", acks_late=True)
def reminders() -> None:
    do(Duty.REMINDERS)


@shared_task(name="applications.delivery", acks_late=True)
def delivery() -> None:
    do(Duty.DELIVERY)


@shared_task(name="applications.webhooks", acks_late=True)
def webhooks() -> None:
    do(Duty.WEBHOOKS)


@shared_task(name="applications.lapses", acks_late=True)
def lapses() -> None:
    do(Duty.LAPSES)


@shared_task(name="applications.preview", acks_late=True)
def preview() -> None:
    do(Duty.PREVIEW)


@shared_task(name="applications.digests", acks_late=True)
def digests() -> None:
    do(Duty.DIGESTS)


@shared_task(name="applications.seal", acks_late=True)
def seal() -> None:
    do(Duty.SEAL)


@shared_task(name="applications.scanning", acks_late=True)
def scanning() -> None:
    do(Duty.SCANNING)


@shared_task(name="applications.retention", acks_late=True)
def retention() -> None:
    do(Duty.RETENTION)


@shared_task(name="applications.pace", acks_late=True)
def pace() -> None:
    do(Duty.PACE)
