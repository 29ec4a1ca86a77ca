"""Floor 4: a renewal that was submitted in time holds the end of what it renews until it is decided (design §5)."""

from datetime import datetime

from applications.actions import access
from applications.enums import GRANTING_OUTCOMES, Basis, ExtensionReason, Kind
from applications.models import AccessGrant, Application, User
from applications.queries.policy import edition_in_force
from applications.rules.followups import held_until, in_time_until, zone_of


def hold(application: Application, *, by: User | None, now: datetime) -> int:
    """Extend what the open items of a renewal renew, when it was submitted in time; twice is once.

    Effects, inside the caller's transaction: an extension from now to `renewal_extension_days` after the end of each
    approval, for the capability and what comes with it, as `access.grant_extension` writes it. Grace has no such
    rule. Returns how many.
    """
    if application.kind != Kind.RENEWAL or application.submitted_at is None:
        return 0
    edition = edition_in_force()
    zone = zone_of(application.customer.country, edition)
    ends = _ends(application)
    held = {(right.subscription_id, right.capability) for right in _holding(application, now)}
    done = 0
    for item in (
        application.items.filter(closed_at__isnull=True).select_related("subscription").order_by("pk")
    ):
        for code in edition.grants(item.capability):
            end = ends.get((item.subscription_id, code, item.use_case))
            if end is None or (item.subscription_id, code) in held or held_until(end, edition) <= now:
                continue
            if application.submitted_at >= in_time_until(end, edition, zone):
                continue
            access.grant_extension(
                item.subscription,
                code,
                reason=ExtensionReason.RENEWAL,
                starts_at=now,
                ends_at=held_until(end, edition),
                edition=edition,
                by=by,
                now=now,
                item=item,
            )
            held.add((item.subscription_id, code))
            done += 1
    return done


def let_go(
    application: Application, *, by: User | None, now: datetime, denied_at: datetime | None = None
) -> int:
    """End what a renewal held for its closed items: what was granted starts now, so nothing lies between.

    `denied_at`: what was not granted ends then, when the denial counts (its letter goes out). Effects: as
    `access.cut`. Returns how many.
    """
    if application.kind != Kind.RENEWAL:
        return 0
    rights = [
        right
        for right in _holding(application, now)
        if right.item is None or right.item.closed_at is not None
    ]
    if not rights:
        return 0
    edition = edition_in_force()
    granted = [right for right in rights if right.item and right.item.outcome in GRANTING_OUTCOMES]
    others = [right for right in rights if right not in granted]
    return access.cut(granted, ends_at=now, edition=edition, by=by, now=now) + access.cut(
        others, ends_at=denied_at or now, edition=edition, by=by, now=now
    )


def _holding(application: Application, now: datetime) -> list[AccessGrant]:
    return list(
        AccessGrant.objects.filter(
            item__application=application,
            extension_reason=ExtensionReason.RENEWAL,
            revoked_at__isnull=True,
            ends_at__gt=now,
        )
        .select_related("subscription", "item")
        .order_by("pk")
    )


def _ends(application: Application) -> dict[tuple[int, str, str], datetime]:
    """When the approvals that stood at submission end, by subscription, capability and use case."""
    standing = AccessGrant.objects.filter(
        customer=application.customer_id,
        basis=Basis.APPROVAL,
        revoked_at__isnull=True,
        starts_at__lte=application.submitted_at,
        ends_at__gt=application.submitted_at,
    )
    rows = standing.order_by("ends_at").values_list("subscription_id", "capability", "use_case", "ends_at")
    return {(subscription, code, case): ends_at for subscription, code, case, ends_at in rows}
