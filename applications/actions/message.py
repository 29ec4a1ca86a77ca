"""Floor 4, lowest: what must be told becomes a row of the outbox; `jobs.delivery` hands it over later."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from applications.enums import ContactState, MessageKind, Role
from applications.models import (
    Application,
    Contact,
    Customer,
    OutboundMessage,
    Reminder,
    User,
)

Recipient = User | Contact | str
"""A person we know, or the bare address of one we do not know (an invitation, an account mail)."""


def queue(
    kind: MessageKind,
    *,
    key: str,
    to: Recipient,
    now: datetime,
    due_at: datetime | None = None,
    customer: Customer | None = None,
    application: Application | None = None,
    reminder: Reminder | None = None,
    context: Mapping[str, Any] | None = None,
) -> None:
    """Insert one message for one person; a row with the same `key` stands already: nothing happens.

    `context` holds ids and codes, no verdict and no text (what is true is read at delivery).
    """
    queue_all(
        kind,
        [(f"{key}:{_tag(to)}", to)],
        now=now,
        due_at=due_at,
        customer=customer,
        application=application,
        reminder=reminder,
        context=context,
    )


def queue_all(
    kind: MessageKind,
    recipients: Iterable[tuple[str, Recipient]],
    *,
    now: datetime,
    due_at: datetime | None = None,
    customer: Customer | None = None,
    application: Application | None = None,
    reminder: Reminder | None = None,
    context: Mapping[str, Any] | None = None,
) -> None:
    """`queue` for several (key, person) pairs in one statement."""
    OutboundMessage.objects.bulk_create(
        (
            OutboundMessage(
                key=key,
                kind=kind,
                customer=customer or (application.customer if application else None),
                application=application,
                reminder=reminder,
                user=to if isinstance(to, User) else None,
                contact=to if isinstance(to, Contact) else None,
                address=to if isinstance(to, str) else to.email,
                context=dict(context or {}),
                queued_at=now,
                due_at=due_at or now,
            )
            for key, to in recipients
        ),
        ignore_conflicts=True,
    )


def tell_customer(
    kind: MessageKind,
    *,
    key: str,
    customer: Customer,
    now: datetime,
    roles: Iterable[Role] = (Role.OWNER,),
    due_at: datetime | None = None,
    application: Application | None = None,
    reminder: Reminder | None = None,
    context: Mapping[str, Any] | None = None,
) -> int:
    """Queue one message to each active member with one of `roles`; returns how many people that is.

    A customer without such a member is told through its first reachable contact that nobody claimed.
    """
    people: list[Recipient] = list(
        User.objects.filter(
            memberships__customer=customer,
            memberships__role__in=tuple(roles),
            is_active=True,
        ).order_by("pk")
    )
    if not people:
        people = list(
            customer.contacts.filter(state=ContactState.OK, claimed_by__isnull=True).order_by("order", "pk")[
                :1
            ]
        )
    queue_all(
        kind,
        [(f"{key}:{_tag(person)}", person) for person in people],
        now=now,
        due_at=due_at,
        customer=customer,
        application=application,
        reminder=reminder,
        context=context,
    )
    return len(people)


def tell_at_handing_over(kind: MessageKind, *, key: str, application: Application, now: datetime) -> None:
    """A notice to the application's customer: its people are looked up when it is handed over (one row until then)."""
    queue_all(kind, [(key, "")], now=now, application=application)


def _tag(person: Recipient) -> str:
    if isinstance(person, str):
        return f"a{hashlib.sha256(person.encode()).hexdigest()[:16]}"
    return f"{'u' if isinstance(person, User) else 'c'}{person.pk}"
