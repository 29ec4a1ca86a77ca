"""Floor 4: the only writer of rights, one at a time or in bulk (set-based ends are `actions.deadlines`)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.enums import AttentionCode, Basis, ChangeKind, ExtensionReason, Source
from applications.exceptions import NotPossibleNow
from applications.models import (
    AccessGrant,
    Attention,
    AuditReason,
    Change,
    RequestedCapability,
    ServiceUse,
    Subscription,
    User,
)
from applications.queries import bulk
from applications.rules.policy import Capability, Edition, moved_end

MOVED_AT_ONCE = 500


def feed(
    kind: ChangeKind,
    *,
    now: datetime,
    subscription: Subscription,
    capability: str,
    edition: Edition,
    deadline_at: datetime | None = None,
) -> Change:
    """Write one row of the change feed: a hint without a verdict."""
    known = edition.capability(capability)
    return Change.objects.create(
        at=now,
        kind=kind,
        service=known.service if known else "",
        subscription_guid=subscription.guid,
        capability=capability,
        deadline_at=deadline_at,
    )


def grant_approval(
    item: RequestedCapability,
    *,
    edition: Edition,
    ends_at: datetime,
    by: User,
    now: datetime,
) -> list[AccessGrant]:
    """Write the approval of one item and of what the edition grants with it, valid on [now, ends_at).

    Effects, in order, inside the caller's transaction: one right per capability, one audit row and one feed row
    each. A retired capability gets no right.
    """
    rights = []
    for code in edition.grants(item.capability):
        right = AccessGrant.objects.create(
            subscription=item.subscription,
            customer_id=item.customer_id,
            capability=code,
            basis=Basis.APPROVAL,
            use_case=item.use_case,
            item=item,
            starts_at=now,
            ends_at=ends_at,
            granted_at=now,
        )
        _written(
            right,
            "right.approved",
            by=by,
            now=now,
            edition=edition,
            application_id=item.application_id,
        )
        rights.append(right)
    return rights


def grant_extension(
    subscription: Subscription,
    capability: str,
    *,
    reason: ExtensionReason,
    starts_at: datetime,
    ends_at: datetime,
    edition: Edition,
    by: User | None,
    now: datetime,
    item: RequestedCapability | None = None,
    why: str = "",
) -> AccessGrant:
    """Write an extension; never for a retired capability. Effects: right, audit row, feed row.

    Raises NotPossibleNow when the capability is retired at `ends_at` or the span is empty.
    """
    known = edition.capability(capability)
    if known is None or ends_at <= starts_at:
        raise NotPossibleNow(_("There is nothing to extend here."))
    right = AccessGrant.objects.create(
        subscription=subscription,
        customer_id=subscription.customer_id,
        capability=capability,
        basis=Basis.EXTENSION,
        extension_reason=reason,
        item=item,
        starts_at=starts_at,
        ends_at=ends_at,
        granted_at=now,
    )
    _written(
        right,
        "right.extended",
        by=by,
        now=now,
        edition=edition,
        application_id=item.application_id if item else None,
        reason=why,
    )
    return right


def grant_grace_bulk(
    uses: Sequence[ServiceUse],
    *,
    edition: Edition,
    now: datetime,
    source: Source = Source.COMMAND,
    by: User | None = None,
) -> int:
    """Write the grace that these uses of services earn (design §6); one that stands already is left alone.

    A use before its gate's cut earns grace for each gated capability of the service, and for each that retires later
    for existing customers. Effects, in order, inside the caller's transaction: rights (already over → recorded
    closed), one audit row each, attention NEVER_WARNED for each customer whose grace was over. Two statements for
    each capability, whatever the number of uses. Returns how many were new. It is no change of access for a gateway
    that knew nothing yet, so there is no feed row: a snapshot starts from here.
    """
    last = AccessGrant.objects.aggregate(last=Max("pk"))["last"] or 0
    written = 0
    for capability in edition.capabilities.values():
        existing = [
            use.subscription_id
            for use in uses
            if use.service == capability.service and edition.is_existing(use.first_used_on, capability.gate)
        ]
        if existing and capability.grace:
            written += _grant_grace(
                capability, capability.grace, existing, last, now=now, source=source, by=by
            )
    fresh = AccessGrant.objects.filter(
        pk__gt=last, granted_at=now, basis=Basis.GRACE, subscription__in={use.subscription_id for use in uses}
    )
    late = fresh.filter(closed_at__isnull=False).values_list("customer", flat=True).distinct()
    Attention.objects.bulk_create(
        (
            Attention(customer_id=customer, code=AttentionCode.NEVER_WARNED, raised_at=now)
            for customer in late.order_by("customer")
        ),
        ignore_conflicts=True,
    )
    return written


def _grant_grace(
    capability: Capability,
    span: tuple[datetime, datetime],
    subscriptions: list[int],
    last: int,
    *,
    now: datetime,
    source: Source,
    by: User | None,
) -> int:
    """Grace of one capability on `span` for these subscriptions; `last` is the newest right from before."""
    starts_at, ends_at = span
    right = AccessGrant(
        capability=capability.code,
        basis=Basis.GRACE,
        gate=capability.gate or "",
        starts_at=starts_at,
        ends_at=ends_at,
        granted_at=now,
        closed_at=now if ends_at <= now else None,
    )
    among, ids = bulk.named("id", subscriptions)
    written = bulk.insert_like(
        right,
        {"subscription_id": "s.id", "customer_id": "s.customer_id"},
        f"FROM applications_subscription s WHERE s.id IN ({among})",
        ids,
    )
    audit.record_selected(
        "right.grace",
        "FROM applications_accessgrant t WHERE t.basis = %(basis)s AND t.capability = %(code)s AND t.id > %(last)s"
        f" AND t.granted_at = %(now)s AND t.subscription_id IN ({among})",
        {**ids, "basis": Basis.GRACE.value, "code": capability.code, "last": last, "now": now},
        target=AccessGrant,
        data={"capability": capability.code, "ends_at": ends_at.isoformat()},
        by=by,
        now=now,
        source=source,
    )
    return written


@transaction.atomic
def revoke(
    rights: Iterable[AccessGrant],
    *,
    edition: Edition,
    by: User,
    second: User | None,
    now: datetime,
    reason: str | AuditReason,
) -> int:
    """End rights at once by a person's act. Effects per right: `revoked_at`, audit row with reason, feed row.

    `second` is None in an emergency only (`actions.rights.revoke_now`).

    A right that is over or revoked already is left alone. Returns how many were revoked.
    """
    done = 0
    for right in rights:
        touched = AccessGrant.objects.filter(pk=right.pk, revoked_at__isnull=True, ends_at__gt=now).update(
            revoked_at=now, revoked_by=by, closed_at=now
        )
        if not touched:
            continue
        audit.record(
            "right.revoked",
            by=by,
            now=now,
            customer_id=right.customer_id,
            target=right,
            data={"capability": right.capability, "second": str(second.key) if second else None},
            reason=reason,
        )
        feed(
            ChangeKind.REVOKED,
            now=now,
            subscription=right.subscription,
            capability=right.capability,
            edition=edition,
        )
        done += 1
    return done


def cut(
    rights: Iterable[AccessGrant], *, ends_at: datetime, edition: Edition, by: User | None, now: datetime
) -> int:
    """End rights sooner, because what they waited for has come. Nobody takes them back: their end is told as any is.

    Effects per right, inside the caller's transaction: its end, an audit row, a feed row. One that ends sooner anyway,
    or was taken back, is left alone. Returns how many moved.
    """
    done = 0
    for right in rights:
        at = max(ends_at, right.starts_at + timedelta.resolution)
        touched = AccessGrant.objects.filter(pk=right.pk, revoked_at__isnull=True, ends_at__gt=at)
        if not touched.update(ends_at=at):
            continue
        audit.record(
            "right.cut",
            by=by,
            now=now,
            customer_id=right.customer_id,
            application_id=right.item.application_id if right.item else None,
            target=right,
            data={
                "capability": right.capability,
                "from": right.ends_at.isoformat(),
                "ends_at": at.isoformat(),
            },
        )
        feed(
            ChangeKind.MOVED,
            now=now,
            subscription=right.subscription,
            capability=right.capability,
            edition=edition,
        )
        done += 1
    return done


def _written(
    right: AccessGrant,
    action: str,
    *,
    by: User | None,
    now: datetime,
    edition: Edition,
    application_id: int | None = None,
    reason: str = "",
) -> None:
    audit.record(
        action,
        by=by,
        now=now,
        customer_id=right.customer_id,
        application_id=application_id,
        target=right,
        data={
            "capability": right.capability,
            "subscription": str(right.subscription.guid),
            "ends_at": right.ends_at.isoformat(),
        },
        reason=reason,
    )
    feed(
        ChangeKind.GRANTED,
        now=now,
        subscription=right.subscription,
        capability=right.capability,
        edition=edition,
    )


def move_grace(edition: Edition, *, by: User | None, now: datetime) -> int:
    """Bring the grace that is still open to the ends of an edition that is being activated (design §6, Editions).

    A later end counts at once, an earlier one after the edition's notice; ended or revoked grace is not touched.
    Effects, in order, inside the caller's transaction: ends, one audit row and one feed row for each right that
    moved. Returns how many moved. Works in bounded batches.
    """
    moved = 0
    for capability in edition.capabilities.values():
        if capability.grace is None:
            continue
        still_open = AccessGrant.objects.filter(
            capability=capability.code,
            basis=Basis.GRACE,
            closed_at__isnull=True,
            revoked_at__isnull=True,
            ends_at__gt=now,
        )
        ends = still_open.exclude(ends_at=capability.grace[1]).values_list("ends_at", flat=True)
        for before in list(ends.distinct()):
            after = moved_end(before, edition, capability.grace[1], now)
            if after != before:
                rights = still_open.filter(ends_at=before)
                moved += _move(rights, capability.service, before, after, by=by, now=now)
    return moved


def _move(
    rights: QuerySet[AccessGrant],
    service: str,
    before: datetime,
    after: datetime,
    *,
    by: User | None,
    now: datetime,
) -> int:
    """Rights of one capability from one end to another, by batches of `MOVED_AT_ONCE`."""
    done = 0
    while batch := list(rights.select_related("subscription").order_by("pk")[:MOVED_AT_ONCE]):
        AccessGrant.objects.filter(pk__in=[right.pk for right in batch]).update(ends_at=after)
        dates = {"from": before.isoformat(), "ends_at": after.isoformat()}
        audit.record_many(
            "right.moved",
            ((right.customer_id, right, {"capability": right.capability, **dates}) for right in batch),
            by=by,
            now=now,
        )
        Change.objects.bulk_create(
            Change(
                at=now,
                kind=ChangeKind.MOVED,
                service=service,
                subscription_guid=right.subscription.guid,
                capability=right.capability,
            )
            for right in batch
        )
        done += len(batch)
    return done
