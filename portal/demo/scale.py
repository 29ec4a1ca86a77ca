"""Many customers at once, by a statement a table: what a large vendor has in the middle of its grace year.

The first customer has two hundred applications. One in nineteen is called a harbour, in groups that have nothing to do
with targets and risks: a word with many hits.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from applications.enums import Basis, Kind, Settlement, State
from applications.models import (
    AccessGrant,
    Application,
    Contact,
    Customer,
    Flag,
    PolicyEdition,
    RequestedCapability,
    ServiceUse,
    Submission,
    Subscription,
)
from applications.queries import bulk
from applications.rules.policy import Edition

OPEN_SHARE = 6
"""So many of a hundred applications are open."""
MANY = 200
"""So many applications the first customer has."""
WORD = "harbour"
_NAME = f"CASE WHEN {{}} / 15 %% 19 = 0 THEN '{WORD.title()}' ELSE 'Customer' END"
_FROM_CUSTOMERS = "FROM applications_customer c WHERE c.name_key LIKE %(names)s"
_OF_SCALE = (
    "FROM applications_application a JOIN applications_customer c ON c.id = a.customer_id"
    " WHERE c.name_key LIKE %(names)s"
)


def seed_scale(number: int, *, edition: Edition, row: PolicyEdition, now: datetime) -> dict[str, int]:
    """`number` customers with a contact, a subscription, three rights (one of grace) and an application each.

    A second run adds nothing but what is missing. Returns how many rows of each kind were written.
    """
    gate = next(iter(edition.gates.values()))
    code = next(one for one in edition.capabilities.values() if one.needs_approval)
    others = [
        one.code for one in edition.capabilities.values() if one.needs_approval and one.code != code.code
    ][:2]
    case = next(use.code for use in edition.use_cases.values() if code.code in use.capabilities)
    long_ago, later = gate.cut_at - timedelta(days=400), datetime(2031, 1, 1, tzinfo=UTC)
    numbers = {"number": number, "names": "scale-%"}
    of_subscriptions = (
        f"FROM applications_subscription s JOIN ({_select('c.id')}) c ON c.id = s.customer_id WHERE true"
    )
    written: dict[str, int] = {}
    with transaction.atomic():
        written["customers"] = bulk.insert_like(
            Customer(created_at=long_ago, imported_at=long_ago, country="DK", sector="commercial"),
            {"name": f"{_NAME.format('n.i')} || ' ' || n.i", "name_key": "'scale-' || n.i"},
            "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(number)s)"
            " SELECT i FROM n) n WHERE true",
            numbers,
        )
        written["contacts"] = bulk.insert_like(
            Contact(name="Ann Lee"),
            {"customer_id": "c.id", "email": "'ann@c' || c.id || '.example'"},
            _FROM_CUSTOMERS,
            numbers,
        )
        written["subscriptions"] = bulk.insert_like(
            Subscription(known_at=long_ago),
            {"customer_id": "c.id", "guid": _guid("c.id")},
            _FROM_CUSTOMERS,
            numbers,
        )
        written["uses"] = bulk.insert_like(
            ServiceUse(service=code.service, first_used_on=long_ago.date()),
            {"subscription_id": "s.id"},
            of_subscriptions,
            numbers,
        )
        place = {"subscription_id": "s.id", "customer_id": "s.customer_id"}
        without = "AND NOT EXISTS (SELECT 1 FROM applications_accessgrant g WHERE g.subscription_id = s.id)"
        rights = [
            (code.code, Basis.GRACE, gate.cut_at, gate.grace_ends_at),
            *((other, Basis.APPROVAL, gate.cut_at, later) for other in others),
        ]
        written["rights"] = 0
        for number_of, (capability, basis, starts_at, ends_at) in enumerate(rights):
            written["rights"] += bulk.insert_like(
                AccessGrant(
                    capability=capability,
                    basis=basis,
                    gate=gate.code if basis == Basis.GRACE else "",
                    starts_at=starts_at,
                    ends_at=ends_at,
                    granted_at=starts_at,
                ),
                place,
                f"{of_subscriptions} {_other(without, number_of)}",
                {**numbers, "capability": capability},
            )
        written["applications"] = _applications(row, case, now, numbers)
        written["items"] = bulk.insert_like(
            RequestedCapability(capability=code.code, use_case=case, asked_at=now, reasons=[], conditions=[]),
            {
                "application_id": "a.id",
                "customer_id": "a.customer_id",
                "subscription_id": "s.id",
                "closed_at": "a.closed_at",
                "outcome": "CASE WHEN a.closed_at IS NULL THEN '' ELSE 'approved' END",
            },
            "FROM applications_application a JOIN applications_customer c ON c.id = a.customer_id"
            " JOIN applications_subscription s ON s.customer_id = c.id WHERE c.name_key LIKE %(names)s"
            " AND NOT EXISTS (SELECT 1 FROM applications_requestedcapability i WHERE i.application_id = a.id)",
            numbers,
        )
        written["submissions"] = bulk.insert_like(
            Submission(
                number=1,
                answers={"use-case": {"use-cases": [case], "description": "People check in at 46 kiosks."}},
                digest="0" * 64,
                submitted_at=now,
            ),
            {"application_id": "a.id"},
            _OF_SCALE,
            numbers,
        )
        written["flags"] = _flags(edition, now, numbers)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return written


def _flags(edition: Edition, now: datetime, numbers: dict[str, object]) -> int:
    """One application in four has a flag, of each of four rules alike; those of closed ones are settled."""
    rules = list(edition.screening.values())[:4]
    closed = "a.closed_at IS NOT NULL"
    return sum(
        bulk.insert_like(
            Flag(
                submission_number=1, rule=rule.code, effect=rule.effect, question="description", raised_at=now
            ),
            {
                "application_id": "a.id",
                "settlement": f"CASE WHEN {closed} THEN '{Settlement.STANDS}' ELSE '' END",
                "settled_at": f"CASE WHEN {closed} THEN a.closed_at END",
            },
            f"{_OF_SCALE} AND a.id %% 16 = {place}",
            numbers,
        )
        for place, rule in enumerate(rules)
    )


def _applications(row: PolicyEdition, case: str, now: datetime, numbers: dict[str, object]) -> int:
    """One for each customer; the open ones wait for a reviewer, with targets and risks of all kinds."""
    postgresql = connection.vendor == "postgresql"
    at = "CAST(%(now)s AS timestamptz)" if postgresql else "%(now)s"
    days = (
        f"{at} + ({{}} %% 15) * interval '1 day'"
        if postgresql
        else f"datetime({at}, '+' || ({{}} %% 15) || ' days')"
    )
    ago = (
        f"{at} - ({{}} %% 700) * interval '1 day'"
        if postgresql
        else f"datetime({at}, '-' || ({{}} %% 700) || ' days')"
    )

    def insert(number: str, is_open: str, source: str) -> int:
        return bulk.insert_like(
            Application(
                kind=Kind.INITIAL,
                edition=row,
                state_changed_at=now,
                created_at=now,
                saved_at=now,
                submitted_at=now,
            ),
            {
                "reference": _reference(number),
                "customer_id": "c.id",
                "create_key": _guid(number),
                "state": f"CASE WHEN {is_open} THEN '{State.SUBMITTED}' ELSE '{State.DECIDED}' END",
                "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE {ago.format(number)} END",
                "target_at": days.format(number),
                "urgent_at": days.format(number),
                "risk": f"{number} %% 3",
                "search_text": f"lower({_reference(number)} || ' ' || c.name || ' ann@c' || c.id || '.example')",
            },
            source,
            {**numbers, "now": now},
        )

    of_each = insert("c.id", f"c.id %% 100 < {OPEN_SHARE}", _FROM_CUSTOMERS)
    numbers["many"] = MANY
    more = (
        "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(many)s)"
        " SELECT i FROM n) n CROSS JOIN applications_customer c WHERE c.name_key = 'scale-1' AND n.i > 1"
    )
    return of_each + insert("(4000000000 + n.i)", "1 = 0", more)


def _select(what: str) -> str:
    return f"SELECT {what} FROM applications_customer c WHERE c.name_key LIKE %(names)s"  # noqa: S608 -- constants


def _other(without: str, number_of: int) -> str:
    """The first of the rights is written where there is none yet; the others where they are missing."""
    if number_of == 0:
        return without
    return without.replace(
        "g.subscription_id = s.id", "g.subscription_id = s.id AND g.capability = %(capability)s"
    )


def _guid(number: str) -> str:
    """An id made from a number, in the form that the database stores."""
    if connection.vendor == "postgresql":
        return f"('5ca1e' || lpad(to_hex({number}), 27, '0'))::uuid"
    return f"printf('5ca1e%%027x', {number})"


def _reference(number: str) -> str:
    """A reference made from a number below two to the thirty-second."""
    if connection.vendor == "postgresql":
        digits = f"upper(lpad(to_hex(({number})::bigint), 8, '0'))"
        return f"('LA-' || left({digits}, 4) || '-' || right({digits}, 4))"
    return f"printf('LA-%%04X-%%04X', ({number}) / 65536, ({number}) %% 65536)"
