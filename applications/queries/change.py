"""Floor 3: the change feed in commit order, without gaps (design §7, promise P6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Subquery

from applications.enums import TAKING_CHANGES
from applications.models import AccessGrant, Change, Gateway
from applications.queries.decision import decide_many, instant
from applications.queries.policy import edition_in_force

Cursor = tuple[int, int]
START: Cursor = (0, 0)
LAST_ROW = 10**18 - 1
"""Beyond every row: a cursor's numbers have eighteen digits at most."""


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` in order, the cursor after the last one, and whether more are waiting."""

    rows: list[dict[str, Any]]
    cursor: Cursor
    more: bool


def settled_below() -> int | None:
    """Transactions below this number are over: nothing can commit before a row that was read. None: no bound.

    On SQLite there is one writer at a time, so every committed row is already in order.
    """
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _after(services: Sequence[str], after: Cursor, below: int | None) -> QuerySet[Change]:
    """Changes that concern `services` (or everybody) after the cursor, as far as the feed is settled (`below`)."""
    number, row = after
    changes = Change.objects.filter(
        Q(transaction__gt=number) | Q(transaction=number, pk__gt=row),
        Q(service__in=[*services, ""]),
    )
    return changes if below is None else changes.filter(transaction__lt=below)


def news(services: Sequence[str], after: Cursor) -> tuple[Cursor, bool] | None:
    """Where the feed stands for `services` when something is new after the cursor, and whether access ended in it."""
    changes = _after(services, after, settled_below())
    last = changes.order_by("-transaction", "-pk").values_list("transaction", "pk").first()
    if last is None:
        return None
    number, row = last
    seen = Q(transaction__lt=number) | Q(transaction=number, pk__lte=row)
    return last, changes.filter(seen, kind__in=TAKING_CHANGES).exists()


def unconfirmed(gateways: Sequence[Gateway]) -> dict[int, datetime | None]:
    """When the first change was written that each gateway has not confirmed; two statements for all."""
    if not gateways:
        return {}
    below = settled_below()
    first = {
        f"of_{one.pk}": Subquery(
            _after(one.services, (one.acked_transaction, one.acked_change), below)
            .order_by("transaction", "pk")
            .values("at")[:1]
        )
        for one in gateways
    }
    row: Any = Gateway.objects.order_by("pk").values(**first).first()
    return {one.pk: row[f"of_{one.pk}"] for one in gateways} if row else {}


def read_feed(services: Sequence[str], after: Cursor, limit: int, at: datetime) -> Page:
    """Changes that concern a gateway of `services` after the cursor, each with what is true at `at`.

    Three statements at most, whatever the number of rows. A change of policy concerns everybody and carries no
    decision.
    """
    changes = _after(services, after, settled_below()).order_by("transaction", "pk")
    found = list(changes[: limit + 1])
    page = found[:limit]
    told = [change for change in page if change.subscription_guid and change.capability]
    decisions = decide_many(
        [(change.subscription_guid, change.capability) for change in told if change.subscription_guid], at
    )
    now = {change.pk: decision.as_json() for change, decision in zip(told, decisions, strict=True)}
    rows = [_row(change, now.get(change.pk)) for change in page]
    cursor = (page[-1].transaction, page[-1].pk) if page else after
    return Page(rows, cursor, len(found) > limit)


def _row(change: Change, decision: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "cursor": write_cursor((change.transaction, change.pk)),
        "at": instant(change.at),
        "kind": change.kind,
        "service": change.service or None,
        "subscription_id": str(change.subscription_guid) if change.subscription_guid else None,
        "capability": change.capability or None,
        "deadline": instant(change.deadline_at) if change.deadline_at else None,
        "decision": decision,
    }


def write_cursor(cursor: Cursor) -> str:
    return f"{cursor[0]}.{cursor[1]}"


def read_cursor(text: str) -> Cursor | None:
    """A cursor as it was given out, or None when it is not one."""
    number, dot, row = text.partition(".")
    if not (
        dot and number.isascii() and number.isdigit() and row.isascii() and row.isdigit() and len(text) < 40
    ):
        return None
    cursor = int(number), int(row)
    return cursor if max(cursor) <= LAST_ROW else None


def feed_end() -> Cursor:
    """Where the feed stands now: everything before it is in whatever is read from here on (a snapshot's start)."""
    below = settled_below()
    if below is not None:
        return below - 1, LAST_ROW
    return 0, Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def snapshot(
    services: Sequence[str], after: int, limit: int, at: datetime
) -> tuple[list[dict[str, Any]], int | None]:
    """What is allowed by a right at `at` for the next `limit` subscriptions after `after`, and the id to go on from.

    A fixed number of statements a page. Only allows are told: what a gateway does not find, it asks or refuses.
    """
    open_rights = (
        AccessGrant.objects.filter(
            subscription_id__gt=after, closed_at__isnull=True, revoked_at__isnull=True, ends_at__gt=at
        )
        .filter(capability__in=_codes_of(services))
        .order_by("subscription_id")
    )
    subscriptions = list(open_rights.values_list("subscription_id", flat=True).distinct()[:limit])
    if not subscriptions:
        return [], None
    pairs = list(
        open_rights.filter(subscription_id__lte=subscriptions[-1])
        .values_list("subscription__guid", "capability")
        .distinct()
        .order_by("subscription_id", "capability")
    )
    rows = [decision.as_json() for decision in decide_many(pairs, at) if decision.verdict.allowed]
    return rows, subscriptions[-1] if len(subscriptions) == limit else None


def _codes_of(services: Sequence[str]) -> list[str]:
    edition = edition_in_force()
    return [capability.code for service in services for capability in edition.capabilities_of(service)]
