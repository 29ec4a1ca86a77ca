"""The jobs at scale: ends and reminders, against the least that a database could do for the same rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction

from applications.actions import audit, message
from applications.enums import ChangeKind, MessageKind
from applications.jobs.ends import close_ended
from applications.jobs.reminders import record_reminders
from applications.jobs.sealing import seal_trail
from applications.models import ANNOUNCEMENT, AccessGrant, AuditEvent, Change, Reminder
from tests.bench.measure import Result, compare, seconds

EMPTY = (
    "TRUNCATE applications_auditevent, applications_change, applications_outboundmessage, applications_jobrun,"
    " applications_reminder, applications_deadlinepreview, applications_attention CASCADE"
)
AGAIN = (
    "UPDATE applications_accessgrant SET closed_at = NULL, closed_run = NULL, closed_covered = NULL"
    " WHERE closed_at IS NOT NULL"
)
RAW = (
    "UPDATE applications_accessgrant SET closed_at = %(now)s, closed_run = 1, closed_covered = false"
    " WHERE closed_at IS NULL AND ends_at <= %(now)s",
    "INSERT INTO applications_auditevent (at, action, source, customer_ref, target, target_ref, data)"
    " SELECT %(now)s, 'right.closed', 'clock', customer_id, 'accessgrant', id,"
    " jsonb_build_object('capability', capability, 'basis', basis) FROM applications_accessgrant WHERE closed_run = 1",
    "INSERT INTO applications_change (at, kind, service, subscription_guid, capability, deadline_at)"
    " SELECT %(now)s, 'ended', 'face', s.guid, g.capability, g.ends_at FROM applications_accessgrant g"
    " JOIN applications_subscription s ON s.id = g.subscription_id WHERE g.closed_run = 1",
    "INSERT INTO applications_outboundmessage (key, kind, state, customer_id, address, context, queued_at, due_at,"
    " attempts, unknown_outcomes, last_error, subject, body)"
    " SELECT 'access_ended:1:' || customer_id, 'access_ended', 'queued', customer_id, '', '{}', %(now)s, %(now)s,"
    " 0, 0, '', '', '' FROM applications_accessgrant WHERE closed_run = 1 GROUP BY customer_id",
)


def sql(*statements: str, **values: object) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values or None)


def afresh() -> None:
    sql(EMPTY, AGAIN)
    sql("VACUUM (ANALYZE) applications_accessgrant")


def ends_vs_one_statement(now: datetime, number: int, rounds: int) -> Result:
    def ours() -> float:
        afresh()
        return number / seconds(lambda: close_ended(now))

    def anchor() -> float:
        afresh()
        return number / seconds(raw)

    def raw() -> None:
        with transaction.atomic():
            sql(*RAW, now=now)

    close_again: list[float] = []

    def ours_and_again() -> float:
        rate = ours()
        close_again.append(seconds(lambda: close_ended(now)) * rate / number)
        return rate

    result = compare("ends_vs_one_statement", ">= 0.65", ours_and_again, anchor, rounds=rounds, rights=number)
    result.detail["second run, share of the first"] = round(max(close_again), 4)
    return result


_SEALER = """
import django, time
django.setup()
from applications.jobs.sealing import seal_trail
from tests.faults.world import now
while True:
    seal_trail(now())
    time.sleep(0.2)
"""


def seal_cost(now: datetime, number: int, rounds: int) -> Result:
    """Rights closed a second while another process seals all the time (the duty does each five minutes), and alone."""
    sealed: list[float] = []

    def rate() -> float:
        afresh()
        return number / seconds(lambda: close_ended(now))

    def while_sealing() -> float:
        sealer = subprocess.Popen([sys.executable, "-c", _SEALER])
        try:
            return rate()
        finally:
            sealer.kill()
            sealer.wait()

    def alone() -> float:
        closed = rate()
        sealed.append(AuditEvent.objects.count() / seconds(lambda: seal_trail(now)))
        return closed

    result = compare("seal_cost", ">= 0.95", while_sealing, alone, rounds=rounds, rights=number)
    result.detail["rows sealed a second"] = round(max(sealed))
    return result


def close_one(pk: int, now: datetime) -> None:
    """Close a right as one usually writes it: objects, one at a time, with the same effects as the job."""
    with transaction.atomic():
        found = AccessGrant.objects.select_related("subscription", "customer").get(pk=pk)
        found.closed_at = now
        found.save(update_fields=["closed_at"])
        audit.record("right.closed", by=None, now=now, customer_id=found.customer_id, target=found)
        Change.objects.create(
            at=now,
            kind=ChangeKind.ENDED,
            service="face",
            subscription_guid=found.subscription.guid,
            capability=found.capability,
            deadline_at=found.ends_at,
        )
        contact = found.customer.contacts.order_by("order")[0]
        message.queue(MessageKind.ACCESS_ENDED, key=f"x:{found.pk}", to=contact, now=now)


def ends_vs_row_by_row(now: datetime, number: int, rounds: int) -> Result:
    few = 1000

    def ours() -> float:
        afresh()
        return number / seconds(lambda: close_ended(now))

    def row_by_row() -> None:
        for right in AccessGrant.objects.filter(closed_at=None, ends_at__lte=now)[:few].iterator():
            close_one(right.pk, now)

    def anchor() -> float:
        afresh()
        return few / seconds(row_by_row)

    return compare("ends_vs_row_by_row", ">= 60", ours, anchor, rounds=rounds, rights=number, one_by_one=few)


def reminders_vs_insert_select(now: datetime, number: int, rounds: int) -> Result:
    """Thirty days before the end, when the earlier letters are out: every customer is due one. Rows a second."""
    at = now - timedelta(days=30) + timedelta(hours=12)
    earlier = (
        "INSERT INTO applications_reminder (customer_id, ends_at, days_before, due_at, state, recorded_at, finished_at)"
        " SELECT DISTINCT customer_id, ends_at, d, ends_at, 'sent', ends_at, ends_at FROM applications_accessgrant,"
        " unnest(%(steps)s) d WHERE basis = 'grace'"
    )
    raw = (
        "INSERT INTO applications_reminder (customer_id, ends_at, days_before, due_at, state, recorded_at)"
        " SELECT DISTINCT customer_id, ends_at, 30, %(now)s::timestamptz, 'due', %(now)s::timestamptz"
        " FROM applications_accessgrant WHERE basis = 'grace' ON CONFLICT DO NOTHING"
    )

    def rate(work: Callable[[], object]) -> float:
        afresh()
        sql(earlier, steps=[ANNOUNCEMENT, 270, 180, 90, 60])
        sql("VACUUM (ANALYZE) applications_reminder")
        took = seconds(work)
        return Reminder.objects.filter(days_before=30).count() / took

    return compare(
        "reminders_vs_insert_select",
        ">= 0.5",
        lambda: rate(lambda: record_reminders(at)),
        lambda: rate(lambda: sql(raw, now=at)),
        rounds=rounds,
        customers=number,
    )
