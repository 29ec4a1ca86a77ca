"""Floor 4, lowest: one audit row for each change, in the change's own transaction (promise P8)."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from applications.enums import Source
from applications.models import AuditEvent, AuditReason, User
from applications.queries import bulk
from applications.rules import seals


def record(
    action: str,
    *,
    by: User | None,
    now: datetime,
    source: Source | None = None,
    customer_id: int | None = None,
    application_id: int | None = None,
    target: models.Model | None = None,
    data: Mapping[str, Any] | None = None,
    reason: str | AuditReason = "",
) -> AuditEvent:
    """Write one row. `data` holds codes and ids only, never free text; a typed `reason` stands in its own table.

    Must be called inside the transaction of the change. `source` defaults to person with `by`, else clock.
    """
    why = reason if isinstance(reason, AuditReason) else written(reason) if reason else None
    sealed = {seals.REASON: seals.commitment(why.salt, why.text)} if why else {}
    return AuditEvent.objects.create(
        at=now,
        action=action,
        source=source or (Source.PERSON if by else Source.CLOCK),
        actor=by.key if by else None,
        customer_ref=customer_id,
        application_ref=application_id,
        target=target._meta.model_name or "" if target is not None else "",
        target_ref=target.pk if target is not None else None,
        data={**(data or {}), **sealed},
        reason=why,
    )


def written(text: str) -> AuditReason:
    """Keep a typed reason where it can be erased; the sealed row will hold its salted hash alone."""
    return AuditReason.objects.create(text=text, salt=secrets.token_hex(16))


def record_many(
    action: str,
    rows: Iterable[tuple[int | None, models.Model, Mapping[str, Any]]],
    *,
    by: User | None,
    now: datetime,
    source: Source | None = None,
) -> int:
    """Write one row per (customer id, target, data) in one statement per batch; returns how many."""
    written = AuditEvent.objects.bulk_create(
        (
            AuditEvent(
                at=now,
                action=action,
                source=source or (Source.PERSON if by else Source.CLOCK),
                actor=by.key if by else None,
                customer_ref=customer_id,
                target=target._meta.model_name or "",
                target_ref=target.pk,
                data=dict(data),
            )
            for customer_id, target, data in rows
        ),
        batch_size=1000,
    )
    return len(written)


def record_selected(
    action: str,
    selection: str,
    values: Mapping[str, Any],
    *,
    target: type[models.Model],
    data: Mapping[str, Any],
    by: User | None,
    now: datetime,
    source: Source | None = None,
) -> int:
    """Write one row per row of `selection` in one statement; returns how many.

    `selection` is `FROM <table of target> t WHERE …`, and `t` has a `customer_id`; `data` is the same for all.
    """
    event = AuditEvent(
        at=now,
        action=action,
        source=source or (Source.PERSON if by else Source.CLOCK),
        actor=by.key if by else None,
        target=target._meta.model_name or "",
        data=dict(data),
    )
    return bulk.insert_like(event, {"customer_ref": "t.customer_id", "target_ref": "t.id"}, selection, values)
