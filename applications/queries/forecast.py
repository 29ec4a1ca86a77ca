"""Floor 3: how a deadline's customers stand, day by day, and where that leads (issue of every grace year).

A customer of a deadline is one with a right that ends then. Approved: nothing of it would be lost. The others stand by
their furthest application: in review, submitted, draft, denied, or not applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from applications.enums import Move
from applications.models import AuditEvent, DeadlinePreview
from applications.queries import bulk
from applications.queries.deadlines import losing

STANDINGS = ("approved", "in_review", "submitted", "draft", "denied", "not_applied")
PACE_DAYS = 28

_STANDING = """
SELECT t.standing, COUNT(*) FROM (
  SELECT c.customer_id, COALESCE(MAX(CASE
    WHEN a.state IN ('in_review', 'information_requested', 'second_review') THEN 4
    WHEN a.state = 'submitted' THEN 3
    WHEN a.state = 'draft' THEN 2
    WHEN a.state = 'decided' THEN 1
    ELSE 0 END), 0) AS standing
  FROM (SELECT DISTINCT x.customer_id FROM ({losing}) x) c
  LEFT JOIN applications_application a ON a.customer_id = c.customer_id
  GROUP BY c.customer_id) t
GROUP BY t.standing
"""
_BY_RANK = {4: "in_review", 3: "submitted", 2: "draft", 1: "denied", 0: "not_applied"}

_ALL = """
SELECT COUNT(DISTINCT g.customer_id) FROM applications_accessgrant g
WHERE g.ends_at = %(ends_at)s AND g.revoked_at IS NULL
"""


def standings(ends_at: datetime, *, known_at: datetime) -> dict[str, int]:
    """How many customers of the deadline stand where; two statements, whatever their number."""
    values = {"ends_at": ends_at, "known_at": known_at}
    rows = bulk.fetch(_STANDING.format(losing=losing("g.customer_id")), values)
    found = {_BY_RANK[int(rank)]: int(number) for rank, number in rows}
    everybody = int(bulk.fetch(_ALL, values)[0][0])
    found["approved"] = everybody - sum(found.values())
    return {name: found.get(name, 0) for name in STANDINGS}


@dataclass(frozen=True, slots=True)
class Projection:
    """`undecided` now, decisions a week at the pace of the last four weeks, and how many that leaves at the end."""

    undecided: int
    a_week: float
    left_at_end: int


def project(latest: DeadlinePreview | None, *, now: datetime) -> Projection | None:
    """Where the queue leads by the deadline; None without a preview, or after the deadline."""
    if latest is None:
        return None
    decided = AuditEvent.objects.filter(
        action=f"application.{Move.DECIDE.value}", at__gt=now - timedelta(days=PACE_DAYS), at__lte=now
    ).count()
    return project_at(latest, decided / (PACE_DAYS / 7), now=now)


def project_at(latest: DeadlinePreview, a_week: float, *, now: datetime) -> Projection | None:
    """The same at a known pace; None when the preview tells no standings, or after the deadline."""
    if not latest.standings or latest.ends_at <= now:
        return None
    undecided = latest.standings["in_review"] + latest.standings["submitted"]
    weeks = (latest.ends_at - now) / timedelta(weeks=1)
    return Projection(undecided, round(a_week, 1), max(0, round(undecided - a_week * weeks)))


def by_day(previews: Sequence[DeadlinePreview]) -> list[tuple[DeadlinePreview, list[int]]]:
    """The last preview of each day with its standings in order, oldest day first."""
    last: dict[str, DeadlinePreview] = {}
    for one in sorted(previews, key=lambda preview: (preview.made_at, preview.pk)):
        if one.standings:
            last[f"{one.made_at:%F}"] = one
    return [(one, [one.standings.get(name, 0) for name in STANDINGS]) for one in last.values()]
