"""Floor 3: what waits for a person of ours, in counts and references: the digest of their work."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from applications.enums import Digest, MessageState, StaffRole, State
from applications.models import Application, Attention, OutboundMessage, User
from applications.permissions import Can, can
from applications.queries import blind
from applications.queries.attention import UNREACHED
from applications.queries.duty import last_runs, silent
from applications.queries.lanes import OPEN_CASES
from applications.rules.deadlines import add_business_days, is_business_day
from applications.rules.policy import Edition
from applications.rules.zones import find_zone

NAMED = 10
COUNTED = 1_000


def due(edition: Edition, now: datetime) -> list[tuple[User, date]]:
    """Who should get a digest now, and for which day of theirs: past the hour they chose, and not while away.

    An hour that was missed is caught up on the same day; what a day brought stands in the next one anyway.
    """
    people = User.objects.filter(is_active=True, erased_at=None).exclude(staff_role=StaffRole.NONE)
    found = []
    for person in people.exclude(digest=Digest.OFF).order_by("pk"):
        local = now.astimezone(find_zone(person.time_zone) or ZoneInfo(edition.time_zone))
        is_away = person.absent_until is not None and person.absent_until >= local.date()
        if local.hour >= person.digest_hour and not is_away and _is_day(person, local.date(), edition):
            found.append((person, local.date()))
    return found


def _is_day(person: User, day: date, edition: Edition) -> bool:
    if person.digest == Digest.DAILY:
        return is_business_day(day, edition.calendar)
    sunday = day - timedelta(days=day.isoweekday())
    return day == add_business_days(sunday, 1, edition.calendar)


def digest(user: User, now: datetime) -> dict[str, Any] | None:
    """Counts of what waits for the person by their role, and the references of their late cases; None: nothing does."""
    facts: dict[str, Any] = {}
    if can(user, Can.REVIEW):
        facts |= _cases(user, now)
    if can(user, Can.OPERATE):
        facts |= {
            "unreached": Attention.objects.filter(code__in=UNREACHED, settled_at=None)[:COUNTED].count(),
            "stuck": OutboundMessage.objects.filter(state=MessageState.QUARANTINED)[:COUNTED].count(),
        }
    if can(user, Can.SEE_RECORD):
        facts["silent"] = len(silent(last_runs(), now))
    waiting = sum(number for number in facts.values() if isinstance(number, int))
    return {**facts, "waiting": waiting} if waiting else None


def _cases(user: User, now: datetime) -> dict[str, Any]:
    late = Q(target_at__lte=now, paused_at=None)
    mine = Q(assigned_to=user)
    counts = Application.objects.filter(OPEN_CASES).aggregate(
        mine=Count("state", filter=mine),
        nobody=Count("state", filter=Q(assigned_to=None, state__in=[State.SUBMITTED, State.IN_REVIEW])),
        second=Count("state", filter=Q(state=State.SECOND_REVIEW)),
        late_of_others=Count("state", filter=late & ~mine),
    )
    if not can(user, Can.LEAD):
        del counts["late_of_others"]
    references = Application.objects.filter(OPEN_CASES, mine & late).order_by("rank", "urgent_at", "id")
    return {
        **counts,
        "late": list(references.values_list("reference", flat=True)[:NAMED]),
        "blind": len(blind.waiting_for(user, now)),
    }
