"""Many customers at once, by a statement a table: what a large vendor has in the middle of its grace year."""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from applications.enums import Basis, Kind, State
from applications.models import (
    AccessGrant,
    Application,
    Contact,
    Customer,
    PolicyEdition,
    RequestedCapability,
    ServiceUse,
    Subscription,
)
from applications.queries import bulk
from applications.rules.policy import Edition

OPEN_SHARE = 6
"""So many of a hundred applications are open."""
_NAMES = "scale-%%"


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
    of_customers = "FROM applications_customer c WHERE c.name_key LIKE %(names)s"
    of_subscriptions = (
        f"FROM applications_subscription s JOIN ({_select('c.id')}) c ON c.id = s.customer_id WHERE true"
    )
    written: dict[str, int] = {}
    with transaction.atomic():
        written["customers"] = bulk.insert_like(
            Customer(created_at=long_ago, imported_at=long_ago, country="DK", sector="commercial"),
            {"name": "'Customer ' || n.i", "name_key": "'scale-' || n.i"},
            "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(number)s)"
            " SELECT i FROM n) n WHERE true",
            numbers,
        )
        written["contacts"] = bulk.insert_like(
            Contact(name="Ann Lee"),
            {"customer_id": "c.id", "email": "'ann@c' || c.id || '.example'"},
            of_customers,
            numbers,
        )
        written["subscriptions"] = bulk.insert_like(
            Subscription(known_at=long_ago),
            {"customer_id": "c.id", "guid": _guid("c.id")},
            of_customers,
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
            "FROM applications_application a JOIN applications_subscription s ON s.customer_id = a.customer_id"
            " WHERE a.reference LIKE 'LS-%%'"
            " AND NOT EXISTS (SELECT 1 FROM applications_requestedcapability i WHERE i.application_id = a.id)",
            numbers,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return written


def _applications(row: PolicyEdition, case: str, now: datetime, numbers: dict[str, object]) -> int:
    """One for each customer; the open ones wait for a reviewer, with targets and risks of all kinds."""
    is_open = f"c.id %% 100 < {OPEN_SHARE}"
    at = "CAST(%(now)s AS timestamptz)" if connection.vendor == "postgresql" else "%(now)s"
    days = (
        f"{at} + (c.id %% 15) * interval '1 day'"
        if connection.vendor == "postgresql"
        else f"datetime({at}, '+' || (c.id %% 15) || ' days')"
    )
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
            "reference": "'LS-' || c.id",
            "customer_id": "c.id",
            "create_key": _guid("c.id"),
            "state": f"CASE WHEN {is_open} THEN '{State.SUBMITTED}' ELSE '{State.DECIDED}' END",
            "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE {at} END",
            "target_at": days,
            "urgent_at": days,
            "risk": "c.id %% 3",
            "search_text": "'ls-' || c.id || ' customer ' || c.id || ' ann@c' || c.id || '.example'",
        },
        "FROM applications_customer c WHERE c.name_key LIKE %(names)s",
        {**numbers, "now": now},
    )


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
