"""Floor 4: what was kept long enough goes, after a warning where something is lost (docs/privacy.md).

Each function takes a bounded batch and leaves the rest to the next call; what is on hold is left out by the queries.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from applications.actions import erasure, message
from applications.enums import MessageKind, MessageState
from applications.exceptions import NotPossibleNow
from applications.models import Application, OutboundMessage, User
from applications.queries import retention as find
from applications.rules.privacy import PERIODS

BATCH = 200


def _on(keep: str, now: datetime) -> dict[str, str]:
    return {"on": (now + (PERIODS[keep].warned or timedelta())).isoformat()}


def warn_of_cases(*, now: datetime) -> int:
    """Tell the owners what will be emptied and when. Effects: one message to each; where nobody can be told, a row
    that says so, so that the time runs all the same.
    """
    done = 0
    for application in find.cases_to_warn(now)[:BATCH]:
        with transaction.atomic():
            key = f"retention:case:{application.pk}"
            told = message.tell_customer(
                MessageKind.RETENTION_WARNING,
                key=key,
                customer=application.customer,
                application=application,
                now=now,
                context=_on("case", now),
            )
            if not told:
                _nobody(key, application, now)
        done += 1
    return done


def _nobody(key: str, application: Application, now: datetime) -> None:
    OutboundMessage.objects.bulk_create(
        [
            OutboundMessage(
                key=key,
                kind=MessageKind.RETENTION_WARNING,
                state=MessageState.UNDELIVERABLE,
                customer=application.customer,
                application=application,
                context=_on("case", now),
                queued_at=now,
                due_at=now,
                finished_at=now,
                last_error="nobody",
            )
        ],
        ignore_conflicts=True,
    )


def empty_cases(*, now: datetime) -> int:
    """Empty closed applications past their time, each in one transaction with its audit row."""
    return _empty(find.cases_to_empty(now), now)


def empty_drafts(*, now: datetime) -> int:
    """Empty drafts that lapsed, each in one transaction with its audit row."""
    return _empty(find.lapsed_drafts(now), now)


def _empty(rows: QuerySet[Application], now: datetime) -> int:
    done = 0
    for application in rows[:BATCH]:
        with transaction.atomic():
            erasure.empty_application(application, now=now)
        done += 1
    return done


def warn_people(*, now: datetime) -> int:
    """Tell people who have not signed in for long that their account goes. Effects: one message to each."""
    people = list(find.people_to_warn(now)[:BATCH])
    for person in people:
        message.queue(
            MessageKind.RETENTION_WARNING,
            key=f"retention:account:{person.pk}:{now:%Y%m%d}",
            to=person,
            now=now,
            context=_on("account", now),
        )
    return len(people)


def erase_people(*, now: datetime) -> int:
    """Erase people who did not come back. One whom a hold keeps stays, and stops nobody else."""
    done = 0
    for person in find.people_to_erase(now)[:BATCH]:
        done += _erase(person, now)
    return done


def _erase(person: User, now: datetime) -> bool:
    try:
        return erasure.erase_person(person, by=None, now=now)
    except NotPossibleNow:
        return False


def empty_messages(*, now: datetime) -> int:
    """Take text and address out of old messages, by one statement; that they were sent, and when, stays."""
    batch = list(find.old_texts(now).values_list("pk", flat=True)[: BATCH * 10])
    return OutboundMessage.objects.filter(pk__in=batch).update(subject="", body="", address="")


def delete_old(*, now: datetime, real: datetime) -> dict[str, int]:
    """Delete invitations, requests to join, reports and sessions past their time, each by one statement."""
    found = {
        "invitations": find.old_invitations(now),
        "join_requests": find.old_requests(now),
        "mail_reports": find.old_reports(now),
        "sessions": find.old_sessions(real),
    }
    counts = {}
    for name, rows in found.items():
        batch = list(rows.order_by("pk").values_list("pk", flat=True)[: BATCH * 10])
        counts[name] = rows.model._default_manager.filter(pk__in=batch).delete()[0] if batch else 0
    return counts
