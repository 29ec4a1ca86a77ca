"""Floor 3: the record as somebody reads it: the lines about one customer, one person or one application."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from applications.exceptions import NotFound
from applications.models import AuditEvent, Customer, Erasure, LegalHold, User
from applications.rules.seals import REASON

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One change; `who` is empty for the clock, a command, and people who were erased (`pseudonym` is there)."""

    pk: int
    at: datetime
    action: str
    source: str
    who: str
    pseudonym: str
    data: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Trail:
    lines: list[Line]
    older: int | None
    """Where the next page begins, or None."""


def of_customer(customer: Customer, before: int | None) -> Trail:
    return _read(Q(customer_ref=customer.pk), before)


def of_application(pk: int, before: int | None) -> Trail:
    return _read(Q(application_ref=pk), before)


def of_person(person: User, before: int | None) -> Trail:
    """What they did, and what was done to their account."""
    return _read(Q(actor=person.key) | Q(target="user", target_ref=person.pk), before)


def _read(about: Q, before: int | None) -> Trail:
    """One statement a page, whatever its number: a page starts after the last row of the one before."""
    events = AuditEvent.objects.filter(about).select_related("reason")
    if before is not None:
        events = events.filter(pk__lt=before)
    named = events.annotate(who=Subquery(User.objects.filter(key=OuterRef("actor")).values("name")[:1]))
    rows = list(named.order_by("-pk")[: PAGE + 1])
    lines = [
        Line(
            row.pk,
            row.at,
            row.action,
            row.get_source_display(),
            row.who or "",
            str(row.actor)[:8] if row.actor else "",
            {key: value for key, value in row.data.items() if value not in ("", None, []) and key != REASON},
            row.reason.text if row.reason else "",
        )
        for row in rows[:PAGE]
    ]
    return Trail(lines, lines[-1].pk if len(rows) > PAGE else None)


def customer(pk: int) -> Customer:
    """Raises NotFound."""
    found = Customer.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def open_erasure(of: Customer) -> Erasure | None:
    return of.erasures.filter(done_at__isnull=True).select_related("reason", "asked_by").first()


def holds() -> list[LegalHold]:
    """Open ones, the oldest first."""
    found = LegalHold.objects.filter(lifted_at__isnull=True).select_related(
        "customer", "reason", "placed_by", "lift_proposed_by"
    )
    return list(found.order_by("placed_at")[:200])


def erasures() -> list[Erasure]:
    """Those that wait for a second person, the oldest first."""
    found = Erasure.objects.filter(done_at__isnull=True).select_related("customer", "reason", "asked_by")
    return list(found.order_by("asked_at")[:200])
