"""Floor 3: what an edition would change, and for whom, before it takes effect (promise P7)."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count

from applications.enums import Basis, CapabilityState
from applications.models import AccessGrant, RequestedCapability, ServiceUse
from applications.rules.policy import Capability, Difference, Edition, compare, moved_end


@dataclass(frozen=True)
class Touched:
    """One capability: how many rights get a later or an earlier end, or are new, and how many open items change.

    `new_now`, `existing_now`: the state for new and for existing customers, before and after.
    """

    capability: str
    new_now: tuple[str, str]
    existing_now: tuple[str, str]
    later: int = 0
    earlier: int = 0
    granted: int = 0
    open_items: int = 0

    @property
    def matters(self) -> bool:
        states = self.new_now[0] != self.new_now[1] or self.existing_now[0] != self.existing_now[1]
        return states or bool(self.later or self.earlier or self.granted or self.open_items)


@dataclass(frozen=True)
class PolicyPreview:
    differences: tuple[Difference, ...] = ()
    touched: tuple[Touched, ...] = ()
    customers: int = 0
    """Distinct customers with a right that moves or comes, or with an open item that changes."""
    whose: frozenset[int] = field(default=frozenset(), repr=False)


NOT_KNOWN = "–"


def preview_edition(old: Edition | None, new: Edition, *, now: datetime) -> PolicyPreview:
    """Read what activating `new` at `now` would do; writes nothing. Without an old edition nothing is touched."""
    if old is None:
        return PolicyPreview()
    codes = [*old.capabilities, *(code for code in new.capabilities if code not in old.capabilities)]
    whose: set[int] = set()
    touched = [_touched(old.capability(code), new.capability(code), new, now, whose) for code in codes]
    return PolicyPreview(
        differences=compare(old, new),
        touched=tuple(one for one in touched if one.matters),
        customers=len(whose),
        whose=frozenset(whose),
    )


def _touched(
    old: Capability | None, new: Capability | None, edition: Edition, now: datetime, whose: set[int]
) -> Touched:
    known = new or old
    assert known is not None  # noqa: S101 -- the codes are those of the two editions
    later, earlier = _moves(new, edition, now, whose) if new else (0, 0)
    return Touched(
        capability=known.code,
        new_now=(_state(old, now, existing=False), _state(new, now, existing=False)),
        existing_now=(_state(old, now, existing=True), _state(new, now, existing=True)),
        later=later,
        earlier=earlier,
        granted=_granted(new, edition, whose) if new else 0,
        open_items=_open_items(known.code, old, new, now, whose),
    )


def _state(capability: Capability | None, now: datetime, *, existing: bool) -> str:
    return capability.state(now, existing).value if capability else NOT_KNOWN


def _moves(capability: Capability, edition: Edition, now: datetime, whose: set[int]) -> tuple[int, int]:
    """How many rights of open grace get a later and an earlier end."""
    if capability.grace is None:
        return 0, 0
    still_open = AccessGrant.objects.filter(
        capability=capability.code,
        basis=Basis.GRACE,
        closed_at__isnull=True,
        revoked_at__isnull=True,
        ends_at__gt=now,
    ).exclude(ends_at=capability.grace[1])
    later = earlier = 0
    for before, count in still_open.values_list("ends_at").annotate(Count("pk")):
        after = moved_end(before, edition, capability.grace[1], now)
        if after == before:
            continue
        later += count if after > before else 0
        earlier += count if after < before else 0
        whose.update(still_open.filter(ends_at=before).values_list("customer", flat=True))
    return later, earlier


def _granted(capability: Capability, edition: Edition, whose: set[int]) -> int:
    """How many existing subscriptions would get a grace that they do not have yet."""
    if capability.grace is None or capability.gate is None:
        return 0
    standing = AccessGrant.objects.filter(basis=Basis.GRACE, capability=capability.code)
    wanting = ServiceUse.objects.filter(
        service=capability.service, first_used_on__lt=edition.gates[capability.gate].cut_on
    ).exclude(subscription__in=standing.values("subscription"))
    holders = list(wanting.values_list("subscription__customer", flat=True))
    whose.update(holders)
    return len(holders)


def _open_items(
    code: str, old: Capability | None, new: Capability | None, now: datetime, whose: set[int]
) -> int:
    """Items asked for and not decided whose capability opens, retires or goes (for new or existing customers)."""
    changes = [
        _state(old, now, existing=existing) == CapabilityState.GATED
        and _state(new, now, existing=existing) != CapabilityState.GATED
        for existing in (False, True)
    ]
    if not any(changes):
        return 0
    items = RequestedCapability.objects.filter(capability=code, closed_at__isnull=True)
    holders = list(items.values_list("customer", flat=True))
    whose.update(holders)
    return len(holders)
