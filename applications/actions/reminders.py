"""Floor 4: the ledger of warnings, written by statements over whole batches (design §7; promise P3).

A reminder is one per customer, deadline instant and step; its unique key is the guard, so a batch may run twice, late
or at once. Nothing is sent here: `jobs.delivery` writes the messages of what is due.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from applications.actions import duty
from applications.enums import Basis, Duty
from applications.models import ANNOUNCEMENT, Customer
from applications.queries import bulk
from applications.queries.deadlines import kept_open
from applications.rules.deadlines import DAY, SendHours, due_at, last_decent
from applications.rules.policy import Edition
from applications.rules.zones import zone_for

FAR = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Wave:
    """One step of one kind of right: which rights, whose ends lie where, and the steps before it.

    `of` is the condition on a right `g`. Older steps that nobody recorded are superseded: only the newest goes out.
    """

    days: int
    older: tuple[int, ...]
    of: str
    values: Mapping[str, Any]
    after: datetime
    upto: datetime
    is_announced: bool = False

    @property
    def is_announcement(self) -> bool:
        return self.days == ANNOUNCEMENT


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline of a wave for which somebody has no row yet, and the customers between whom they are."""

    ends_at: datetime
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one batch wrote; `upto` is the last customer it took, None when it was the last batch."""

    queued: int = 0
    not_needed: int = 0
    superseded: int = 0
    upto: int | None = None


class Hours:
    """Where it is a decent hour at `now`: the last decent instant in each country, of none: in the edition's zone."""

    def __init__(self, edition: Edition, now: datetime) -> None:
        self.edition, self.now = edition, now
        self.decent = SendHours(edition.limits.send_from_hour, edition.limits.send_until_hour)

    @cached_property
    def zones(self) -> dict[str, ZoneInfo]:
        """By country of a customer. Read once a run, and only when something may be due; a customer of a country that
        comes later waits for the next run."""
        found = Customer.objects.order_by().values_list("country", flat=True).distinct()
        return {country: zone_for(country=country, edition_zone=self.edition.time_zone) for country in found}

    @cached_property
    def last(self) -> dict[str, datetime]:
        return {country: last_decent(self.now, zone, self.decent) for country, zone in self.zones.items()}


def waves(edition: Edition, now: datetime) -> Iterator[Wave]:
    """Every step that can be due at `now`: announcements first, then each gate's steps, then those of other rights."""
    gates = list(edition.gates.values())
    for gate in gates:
        of, values = (
            "g.basis = %(basis)s AND g.gate = %(gate)s",
            {"basis": Basis.GRACE.value, "gate": gate.code},
        )
        if now >= edition.day_starts_at(gate.announced_on):
            yield Wave(ANNOUNCEMENT, tuple(sorted(set(gate.reminder_days))), of, values, now, now + FAR)
        yield from _steps(gate.reminder_days, of, values, now, is_announced=True)
    middle, names = bulk.named("gate", [gate.code for gate in gates])
    others = f"NOT (g.basis = %(basis)s AND g.gate IN ({middle}))" if gates else "g.id = g.id"
    yield from _steps(edition.rights_reminder_days, others, {**names, "basis": Basis.GRACE.value}, now)


def _steps(
    days: Iterable[int], of: str, values: Mapping[str, Any], now: datetime, *, is_announced: bool = False
) -> Iterator[Wave]:
    """A deadline belongs to its newest step: the smallest one whose instant is past."""
    ordered = sorted(set(days) - {0})
    for number, step in enumerate(ordered):
        after = now + ordered[number - 1] * DAY if number else now
        older = tuple(ordered[number + 1 :])
        yield Wave(step, older, of, values, after, now + step * DAY, is_announced)


# --- the statements: `g` is a right, `c` its customer, `z` the decent hours of the customer's country ---
# They begin with INSERT: Python's driver counts rows of SQLite only when that is the first word.

_RIGHTS = "g.closed_at IS NULL AND g.ends_at > %(now)s AND {of}"
_BATCH = "g.customer_id >= %(first)s AND g.customer_id <= %(last)s AND g.ends_at = %(ends_at)s"

_ANY = """
SELECT 1 FROM applications_accessgrant g
WHERE {rights} AND g.ends_at > %(after)s AND g.ends_at <= %(upto)s AND NOT EXISTS ({recorded}) LIMIT 1
"""

_FIND = """
WITH z(country, upto) AS (VALUES {zones})
SELECT g.ends_at, MIN(g.customer_id), MAX(g.customer_id)
FROM applications_accessgrant g
JOIN applications_customer c ON c.id = g.customer_id JOIN z ON z.country = c.country
WHERE {rights} AND g.ends_at > %(after)s AND g.ends_at <= %(upto)s AND g.ends_at <= z.upto
  AND NOT EXISTS ({recorded})
GROUP BY g.ends_at ORDER BY g.ends_at
"""

# Rights of whatever kind end there: the index alone answers.
_BOUNDARY = f"""
SELECT g.customer_id FROM applications_accessgrant g WHERE g.closed_at IS NULL AND {_BATCH}
ORDER BY g.customer_id LIMIT 1 OFFSET %(size)s
"""  # noqa: S608 -- our own words

# Needed is what any right of the customer that ends then says, whichever wave finds it: one row stands for all. What
# goes on beyond the end covers it. The hours are joined to the rights, not to the groups: PostgreSQL takes those for
# one row, and compared every customer with every country (three quarters of the time, measured).
_INSERT = """
INSERT INTO applications_reminder (customer_id, ends_at, days_before, due_at, state, recorded_at, finished_at)
WITH z(country, upto, due_at) AS (VALUES {zones})
SELECT t.customer_id, %(ends_at)s, %(days)s, t.due_at,
       CASE WHEN t.needed = 1 THEN 'due' ELSE 'not_needed' END, %(now)s,
       CASE WHEN t.needed = 1 THEN NULL ELSE %(now)s END
FROM (SELECT g.customer_id, MIN(z.due_at) AS due_at, MAX(CASE WHEN {covered} THEN 0 ELSE 1 END) AS needed
      FROM applications_accessgrant g
      JOIN applications_customer c ON c.id = g.customer_id JOIN z ON z.country = c.country
      WHERE g.closed_at IS NULL AND {batch} AND %(ends_at)s <= z.upto
        AND c.id >= %(first)s AND c.id <= %(last)s
      GROUP BY g.customer_id HAVING MAX(CASE WHEN {of} THEN 1 ELSE 0 END) = 1) t
{announced}
ORDER BY t.customer_id
ON CONFLICT DO NOTHING
"""

# One look at the index (for OFFSET see `queries.deadlines.COVERED`).
_COVERED = """EXISTS (
  SELECT 1 FROM applications_accessgrant o
  WHERE o.subscription_id = g.subscription_id AND o.capability = g.capability AND o.closed_at IS NULL
    AND o.ends_at > %(ends_at)s AND o.starts_at <= %(ends_at)s LIMIT 1 OFFSET 0)"""

_NOT_NEEDED = """
SELECT COUNT(*) FROM applications_reminder r
WHERE r.customer_id >= %(first)s AND r.customer_id <= %(last)s AND r.ends_at = %(ends_at)s
  AND r.days_before = %(days)s AND r.state = 'not_needed' AND r.recorded_at = %(now)s
"""

_GAP = """
SELECT 1 FROM applications_reminder r
WHERE r.customer_id >= %(first)s AND r.customer_id <= %(last)s AND r.ends_at = %(ends_at)s
  AND r.days_before IN (%(days)s, %(before)s)
GROUP BY r.customer_id HAVING MAX(r.days_before) = %(days)s LIMIT 1
"""

_OLDER = """
INSERT INTO applications_reminder (customer_id, ends_at, days_before, due_at, state, recorded_at, finished_at)
WITH s(days, due_at) AS (VALUES {steps})
SELECT t.customer_id, %(ends_at)s, s.days, s.due_at, 'superseded', %(now)s, %(now)s
FROM (SELECT DISTINCT g.customer_id FROM applications_accessgrant g WHERE {rights}) t CROSS JOIN s
WHERE EXISTS ({recorded}) AND NOT EXISTS ({before})
ORDER BY t.customer_id
ON CONFLICT DO NOTHING
"""

_UNFINISHED = """
UPDATE applications_reminder AS o SET state = 'superseded', finished_at = %(now)s
WHERE o.finished_at IS NULL AND o.ends_at = %(ends_at)s AND o.days_before > %(days)s
  AND o.customer_id >= %(first)s AND o.customer_id <= %(last)s
  AND EXISTS ({recorded})
"""


def _row(of: str, ends_at: str = "%(ends_at)s", days: str = "%(days)s", more: str = "") -> str:
    """The ledger's row of a customer for a deadline and step: one look at the index (for OFFSET see `COVERED`)."""
    return (
        f"SELECT 1 FROM applications_reminder r WHERE r.customer_id = {of}.customer_id "  # noqa: S608
        f"AND r.ends_at = {ends_at} AND r.days_before = {days} {more} LIMIT 1 OFFSET 0"
    )


def _announced(wave: Wave, of: str) -> str:
    """Steps of a gate wait for the announcement: the first letter comes first."""
    return f"WHERE EXISTS ({_row(of, days=str(ANNOUNCEMENT))})" if wave.is_announced else ""


def find_due(wave: Wave, hours: Hours) -> list[Due]:
    """The deadlines of a wave for which somebody has no row and a decent hour has come; whether the announcement has
    gone before is asked when they are written.

    Mostly one cheap statement that finds nothing; the hours of the countries are asked only when it does.
    """
    words = {
        "rights": _RIGHTS.format(of=wave.of),
        "recorded": _row("g", "g.ends_at"),
    }
    values = {**wave.values, "now": hours.now, "after": wave.after, "upto": wave.upto, "days": wave.days}
    if not bulk.fetch(_ANY.format(**words), values):
        return []
    zones, names = _table(
        "zone", [(country, _upto(wave, last, hours)) for country, last in hours.last.items()]
    )
    found = bulk.fetch(_FIND.format(zones=zones, **words), {**values, **names})
    return [Due(bulk.instant(ends_at), first, last) for ends_at, first, last in found]


@transaction.atomic
def record_batch(
    wave: Wave, due: Due, *, hours: Hours, size: int, now: datetime, dry_run: bool = False
) -> Recorded | None:
    """Record one step of one deadline for the next customers, about `size` rights.

    Effects, in order: a row `due` for each customer for whom at least one right, of whatever kind, ends then with no
    other covering it, a row `not_needed` for the others; older steps nobody recorded, and older ones still waiting,
    superseded. A dry run counts and takes everything back. Returns None when another run of the duty is at work.
    """
    if not duty.alone(Duty.REMINDERS):
        return None
    rights = f"{_BATCH} AND {_RIGHTS.format(of=wave.of)}"
    values = {**wave.values, "now": now, "first": due.first, "last": due.last, "ends_at": due.ends_at}
    found = bulk.fetch(_BOUNDARY, {**values, "size": size - 1})
    values["last"] = upto = found[0][0] if found else due.last
    values["days"] = wave.days
    queued, not_needed = _write(wave, due, hours, values)
    superseded = _supersede(wave, due, rights, values)
    if dry_run:
        transaction.set_rollback(True)
    return Recorded(queued, not_needed, superseded, upto if found and upto < due.last else None)


def _write(wave: Wave, due: Due, hours: Hours, values: Mapping[str, Any]) -> tuple[int, int]:
    rows = [
        (country, _upto(wave, last, hours), _due(wave, due, hours.zones[country], hours))
        for country, last in hours.last.items()
    ]
    zones, names = _table("zone", rows)
    opened, codes = kept_open(hours.edition, due.ends_at)
    written = bulk.execute(
        _INSERT.format(
            zones=zones,
            batch=_BATCH,
            covered=_COVERED + opened,
            of=wave.of,
            announced=_announced(wave, "t"),
        ),
        {**values, **names, **codes},
    )
    not_needed = bulk.fetch(_NOT_NEEDED, values)[0][0] if written else 0
    return written - not_needed, not_needed


def _supersede(wave: Wave, due: Due, rights: str, values: Mapping[str, Any]) -> int:
    past = [step for step in wave.older if due.ends_at - step * DAY <= values["now"]]
    written = 0
    if past and (wave.is_announcement or bulk.fetch(_GAP, {**values, "before": past[0]})):
        steps, names = _table("step", [(step, due.ends_at - step * DAY) for step in past])
        sql = _OLDER.format(
            steps=steps, rights=rights, recorded=_row("t"), before=_row("t", days="%(before)s")
        )
        written = bulk.execute(sql, {**values, **names, "before": past[0]})
    if not wave.is_announcement:
        written += bulk.execute(
            _UNFINISHED.format(recorded=_row("o", more="AND r.state <> 'superseded'")), values
        )
    return written


def _upto(wave: Wave, last_decent_at: datetime, hours: Hours) -> datetime:
    """The latest deadline whose step may go out now in a zone, by the last decent instant there."""
    if wave.is_announcement:
        return wave.upto if last_decent_at == hours.now else hours.now
    return last_decent_at + wave.days * DAY


def _due(wave: Wave, due: Due, zone: ZoneInfo, hours: Hours) -> datetime:
    return hours.now if wave.is_announcement else due_at(due.ends_at, wave.days, zone, hours.decent)


def _table(prefix: str, rows: list[tuple[Any, ...]]) -> tuple[str, dict[str, Any]]:
    """The rows of `VALUES` and their named values."""
    names = {f"{prefix}{r}_{c}": value for r, row in enumerate(rows) for c, value in enumerate(row)}
    lines = (", ".join(f"%({prefix}{r}_{c})s" for c in range(len(row))) for r, row in enumerate(rows))
    return ", ".join(f"({line})" for line in lines), names
