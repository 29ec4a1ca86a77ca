"""Floor 3: when each duty last did its work, and which have fallen silent (design §7: silence is the alarm)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

from applications.enums import (
    DUTY_PERIODS,
    OPEN_MESSAGE_STATES,
    SILENT_PERIODS,
    UNDECIDED_STATES,
    Duty,
    RightsAct,
)
from applications.models import AccessGrant, Application, JobRun, OutboundMessage, Proposal, Reminder

SECOND_WITHIN = timedelta(hours=24)
"""A second person answers an emergency revocation within this time (design §5)."""


def last_runs() -> dict[Duty, datetime | None]:
    """End of the last run without an error, by duty; None when there was none. One look at the index each."""
    return {
        duty: JobRun.objects.filter(duty=duty, finished_at__isnull=False, error="")
        .order_by("-finished_at")
        .values_list("finished_at", flat=True)
        .first()
        for duty in Duty
    }


def silent(runs: Mapping[Duty, datetime | None], now: datetime) -> list[Duty]:
    """The duties whose last good run is three of their periods ago, or that never ran."""
    return [duty for duty, at in runs.items() if at is None or now - at > SILENT_PERIODS * DUTY_PERIODS[duty]]


def unanswered_emergencies(now: datetime) -> int:
    """Emergency revocations that no second person has looked at in time."""
    done = Proposal.objects.filter(act=RightsAct.REVOKE, answered_at__isnull=True)
    return done.filter(done_at__lte=now - SECOND_WITHIN).count()


def waiting(now: datetime) -> dict[str, tuple[int, datetime | None]]:
    """What a duty or a person has still to deal with: how many, the oldest since when. By indexes alone."""
    unaddressed = Q(finished_at__isnull=True, addressed_at__isnull=True)
    found: dict[str, tuple[QuerySet[Any], str]] = {
        "ends": (AccessGrant.objects.filter(closed_at__isnull=True, ends_at__lte=now), "ends_at"),
        "reminders": (Reminder.objects.filter(unaddressed, due_at__lte=now), "due_at"),
        "mails": (OutboundMessage.objects.filter(state__in=OPEN_MESSAGE_STATES, due_at__lte=now), "due_at"),
        "cases": (Application.objects.filter(state__in=UNDECIDED_STATES), "submitted_at"),
        "second_answers": (Proposal.objects.filter(answered_at__isnull=True), "proposed_at"),
    }
    counted = {
        name: rows.aggregate(n=Count("pk"), oldest=Min(since)) for name, (rows, since) in found.items()
    }
    return {name: (row["n"], row["oldest"]) for name, row in counted.items()}


def database_time() -> datetime:
    """The clock of the database; its rows say what is open and what is over."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0]
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
