"""Floor 3: what became of a customer's rights, in lines for its people: granted, suspended, ended, taken back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from applications.enums import AccessReason, Basis, ExtensionReason
from applications.models import AccessGrant, Customer, Subscription, Suspension
from applications.rules.followups import renew_since
from applications.rules.policy import Edition

MOST = 1000
"""Rights looked at, the newest first: who has more reads the rest in the record."""


class Happened(NamedTuple):
    """One kind of thing at one instant; `face` is a state of the tag `state`, `until` an exclusive end."""

    at: datetime
    face: str
    what: str
    until: datetime | None
    reference: str


@dataclass(frozen=True, slots=True)
class Line:
    """What happened at once, with all capabilities and subscriptions of which it is so."""

    happened: Happened
    capabilities: list[str]
    subscriptions: list[tuple[str, str]]
    """Name and id."""


@dataclass(frozen=True, slots=True)
class History:
    """Newest first. `granted_by`: the reference of the application behind each right that has one.

    `renewable`: the reference to renew, by subscription and capability.
    """

    lines: list[Line]
    granted_by: dict[int, str]
    renewable: dict[tuple[UUID, str], str]


def history_of(customer: Customer, edition: Edition, now: datetime, language: str | None) -> History:
    """Two statements, whatever the number of rights."""
    rights = list(
        AccessGrant.objects.filter(customer=customer)
        .select_related("subscription", "item__application")
        .order_by("-granted_at", "-pk")[:MOST]
    )
    spans = Suspension.objects.filter(subscription__customer=customer).select_related("subscription")
    together: dict[Happened, Line] = {}
    for happened, code, subscription in (*_of_rights(rights, now), *_of_spans(spans.order_by("-pk")[:MOST])):
        line = together.setdefault(happened, Line(happened, [], []))
        known = edition.capability(code)
        name = known.name.to(language) if known else code
        # A name that another customer gave to its subscription since is not theirs to read (promise P9).
        label = subscription.label if subscription.customer_id == customer.pk else ""
        place = (label, str(subscription.guid))
        if name and name not in line.capabilities:
            line.capabilities.append(name)
        if place not in line.subscriptions:
            line.subscriptions.append(place)
    granted_by = {one.pk: one.item.application.reference for one in rights if one.item}
    lines = sorted(together.values(), key=lambda line: line.happened.at, reverse=True)
    return History(lines, granted_by, _renewable(rights, edition, now))


def _renewable(rights: Iterable[AccessGrant], edition: Edition, now: datetime) -> dict[tuple[UUID, str], str]:
    """Of each pair the approval that ends last, once its renewal is open."""
    last: dict[tuple[UUID, str], AccessGrant] = {}
    for right in rights:
        pair = (right.subscription.guid, right.capability)
        if right.basis != Basis.APPROVAL or right.revoked_at is not None or right.item is None:
            continue
        if pair not in last or last[pair].ends_at < right.ends_at:
            last[pair] = right
    return {
        pair: right.item.application.reference
        for pair, right in last.items()
        if right.item and now >= renew_since(right.ends_at, edition)
    }


def _of_rights(rights: Iterable[AccessGrant], now: datetime) -> Iterator[tuple[Happened, str, Subscription]]:
    for right in rights:
        reference = right.item.application.reference if right.item else ""
        begun = right.granted_at if right.basis == Basis.EXTENSION else right.starts_at
        if begun <= now:
            face, what = _begun(right)
            yield Happened(begun, face, what, right.ends_at, reference), right.capability, right.subscription
        if right.revoked_at is not None and right.revoked_at < right.ends_at:
            taken = Happened(right.revoked_at, AccessReason.REVOKED.value, _("Taken back by us"), None, "")
            yield taken, right.capability, right.subscription
        elif right.ends_at <= now:
            face, what = _ended(right)
            yield Happened(right.ends_at, face, what, None, ""), right.capability, right.subscription


def _begun(right: AccessGrant) -> tuple[str, str]:
    if right.basis == Basis.GRACE:
        return AccessReason.GRACE.value, _("The grace year began: it works without an approval")
    if right.basis == Basis.APPROVAL:
        return AccessReason.APPROVED.value, _("Approved")
    why = {
        ExtensionReason.APPEAL: _("Extended while an appeal runs"),
        ExtensionReason.RENEWAL: _("Extended while a renewal is decided"),
        ExtensionReason.MOVE: _("Kept for a while when the subscription came to you"),
        ExtensionReason.REINSTATED: _("Given back"),
    }
    return AccessReason.EXTENSION.value, why.get(ExtensionReason(right.extension_reason), _("Extended"))


def _ended(right: AccessGrant) -> tuple[str, str]:
    if right.closed_covered:
        return "ended", _("One right ran out; another went on, so nothing was lost")
    if right.basis == Basis.GRACE:
        return AccessReason.GRACE_ENDED.value, _("The grace year ended")
    if right.basis == Basis.APPROVAL:
        return AccessReason.EXPIRED.value, _("The approval ran out")
    return AccessReason.EXPIRED.value, _("The extension ran out")


def _of_spans(spans: Iterable[Suspension]) -> Iterator[tuple[Happened, str, Subscription]]:
    for span in spans:
        stopped = Happened(
            span.starts_at, AccessReason.SUSPENDED.value, _("Suspended, all that needs approval"), None, ""
        )
        yield stopped, "", span.subscription
        if span.ends_at is not None:
            yield Happened(span.ends_at, "granted", _("Resumed"), None, ""), "", span.subscription
