"""Floor 3: counts for the public page, by service and quarter; everything grouped by the database."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count
from django.db.models.functions import TruncDate

from applications.enums import GRANTING_OUTCOMES, Basis, Outcome
from applications.models import AccessGrant, RequestedCapability
from applications.rules.policy import Edition
from applications.rules.transparency import MEASURES, Quarter, Row, median, suppress

KEPT_S = 6 * 60 * 60
Counts = dict[tuple[str, Quarter], Counter[str]]


def transparency(edition: Edition, now: datetime) -> list[Row]:
    """Rows of the page, newest quarter first: whole quarters only, so that nothing is told about today.

    Three grouped statements; the answer is kept for hours, since it changes by the quarter.
    """
    quarter = Quarter.of(now.date())
    key = f"transparency:{edition.code}:{quarter}".replace(" ", "-")
    rows: list[Row] | None = cache.get(key)
    if rows is None:
        rows = _rows(edition, datetime(quarter.year, quarter.number * 3 - 2, 1, tzinfo=UTC))
        cache.set(key, rows, KEPT_S)
    return rows


def _rows(edition: Edition, before: datetime) -> list[Row]:
    counts: Counts = defaultdict(Counter)
    days: dict[tuple[str, Quarter], Counter[int]] = defaultdict(Counter)
    asked = RequestedCapability.objects.filter(asked_at__lt=before)
    for code, day, number in _by_day(asked, "asked_at"):
        _add(counts, edition, code, day, "received", number)
    decided = (
        RequestedCapability.objects.filter(
            closed_at__lt=before, outcome__in=[*GRANTING_OUTCOMES, Outcome.DENIED]
        )
        .annotate(asked_day=TruncDate("asked_at"), day=TruncDate("closed_at"))
        .values_list("capability", "outcome", "asked_day", "day")
        .annotate(number=Count("pk"))
        .order_by()
    )
    for code, outcome, asked_day, day, number in decided:
        measure = "denied" if outcome == Outcome.DENIED else "approved"
        place = _add(counts, edition, code, day, measure, number)
        if place:
            days[place][(day - asked_day) // timedelta(days=1)] += number
    revoked = AccessGrant.objects.filter(basis=Basis.APPROVAL, revoked_at__lt=before)
    for code, day, number in _by_day(revoked, "revoked_at"):
        _add(counts, edition, code, day, "revoked", number)
    rows = [
        Row(service, quarter, suppress({name: count[name] for name in MEASURES}), median(days[place].items()))
        for place, count in counts.items()
        for service, quarter in [place]
    ]
    return sorted(rows, key=lambda row: (-row.quarter.year, -row.quarter.number, row.service))


def _by_day(rows: Any, field: str) -> Any:
    return (
        rows.annotate(day=TruncDate(field))
        .values_list("capability", "day")
        .annotate(number=Count("pk"))
        .order_by()
    )


def _add(
    counts: Counts, edition: Edition, code: str, day: date, measure: str, number: int
) -> tuple[str, Quarter] | None:
    capability = edition.capability(code)
    if capability is None:
        return None
    place = capability.service, Quarter.of(day)
    counts[place][measure] += number
    return place
