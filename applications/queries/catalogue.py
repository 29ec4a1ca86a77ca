"""Floor 3: the catalogue as anybody may read it, from the edition in force: no rows but the edition's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from applications.enums import CapabilityState
from applications.rules import answers as said
from applications.rules.deadlines import last_safe_day
from applications.rules.identifiers import search_key
from applications.rules.pace import Pace
from applications.rules.policy import Capability, Edition, Gate, UseCase

_ORDER = {CapabilityState.GATED: 0, CapabilityState.OPEN: 1, CapabilityState.RETIRED: 2}
NEAR = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """A capability at one instant, for a new and for an existing subscription."""

    capability: Capability
    name: str
    service: str
    state: CapabilityState
    state_existing: CapabilityState
    gate: Gate | None
    use_cases: tuple[UseCase, ...]
    comes_with: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return self.state != self.state_existing

    @property
    def face_existing(self) -> str:
        """What an existing subscription is shown: what only retires is a grace that ends, not a need of approval."""
        leaving = self.state_existing == CapabilityState.GATED and not self.capability.needs_approval
        return "grace" if leaving else self.state_existing.value

    @property
    def retiring(self) -> bool:
        """It retires for somebody, now or later."""
        return self.capability.retired_for_new_at is not None


def entry_of(edition: Edition, capability: Capability, at: datetime, language: str | None) -> Entry:
    names = (
        edition.capabilities[code].name.to(language) for code in said.comes_with(edition, capability.code)
    )
    return Entry(
        capability=capability,
        name=capability.name.to(language),
        service=edition.services[capability.service].name.to(language),
        state=capability.state(at, existing=False),
        state_existing=capability.state(at, existing=True),
        gate=edition.gates.get(capability.gate or ""),
        use_cases=tuple(case for case in edition.use_cases.values() if capability.code in case.capabilities),
        comes_with=tuple(names),
    )


def entries(edition: Edition, at: datetime, language: str | None) -> list[Entry]:
    """All, by service; needs approval first, then open, then retired."""
    found = [entry_of(edition, one, at, language) for one in edition.capabilities.values()]
    services = list(edition.services)
    return sorted(found, key=lambda one: (services.index(one.capability.service), _ORDER[one.state]))


def matches(edition: Edition, typed: str, at: datetime, language: str | None) -> list[Entry]:
    """Capabilities by any name people know: its own, an API operation, a parameter, an attribute. Best first."""
    wanted = search_key(typed[:200])
    if not wanted:
        return []
    ranked = []
    for capability in edition.capabilities.values():
        rank = min((_rank(wanted, name) for name in _names(capability, edition, language)), default=9)
        if rank < 9:
            ranked.append((rank, entry_of(edition, capability, at, language)))
    ranked.sort(key=lambda pair: pair[0])
    return [entry for _rank_of, entry in ranked[:NEAR]]


def _names(capability: Capability, edition: Edition, language: str | None) -> Iterator[str]:
    yield capability.name.to(language)
    yield capability.name
    yield capability.code
    yield capability.api_feature
    yield from capability.aliases
    yield from capability.operations
    yield edition.services[capability.service].name


def _rank(wanted: str, name: str) -> int:
    """0 the same, 1 begins so, 2 a whole word, 3 somewhere in it, 4 all its words, 9 not at all."""
    known = search_key(name)
    joined = known.replace(" ", "")
    if not known:
        return 9
    if wanted in (known, joined):
        return 0
    if known.startswith(wanted):
        return 1
    if f" {wanted} " in f" {known} ":
        return 2
    if len(wanted) >= 3 and (wanted in known or wanted.replace(" ", "") in joined):
        return 3
    words = wanted.split()
    return 4 if len(words) > 1 and all(word in known for word in words) else 9


def home_of(edition: Edition, pace: Pace, now: datetime, language: str | None) -> dict[str, Any]:
    """What the start page says of the edition; see `templates/home.html`."""
    found = entries(edition, now, language)
    by_state = {state: [one for one in found if one.state == state] for state in CapabilityState}
    gates = sorted(edition.gates.values(), key=lambda one: (one.grace_ends_at <= now, one.grace_ends_at))
    names = [one.name.to(language) for one in edition.services.values()]
    return {
        "gated_count": len(by_state[CapabilityState.GATED]),
        "open_count": len(by_state[CapabilityState.OPEN]),
        "capability_count": len(found),
        "service_names": joined(names),
        "now": now,
        "gate": _gate(edition, gates[0], now) if gates else None,
        "open": by_state[CapabilityState.OPEN][:5],
        "gated": by_state[CapabilityState.GATED][:5],
        "retired": by_state[CapabilityState.RETIRED][:5],
        "retired_later": any(one.differs for one in by_state[CapabilityState.RETIRED]),
        "review_business_days": edition.limits.review_business_days,
        "draft_days": edition.limits.draft_days,
        "section_count": len(edition.sections),
        "half_days": pace.half,
        "half_cases": pace.decided,
    }


def joined(names: list[str]) -> str:
    """`A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def _gate(edition: Edition, gate: Gate, now: datetime) -> dict[str, Any]:
    over = gate.grace_ends_at <= now
    return {
        "cut_at": gate.cut_at,
        "grace_ends_at": gate.grace_ends_at,
        "submit_by": None if over else safe_day_of(edition, gate.grace_ends_at, now),
        "over": over,
    }


def safe_day_of(edition: Edition, ends_at: datetime, now: datetime) -> datetime | None:
    """The last safe day to submit, as the instant it begins; None once it is past."""
    zone = ZoneInfo(edition.time_zone)
    day = last_safe_day(ends_at, edition.limits.last_safe_business_days, edition.calendar, zone)
    return edition.day_starts_at(day) if edition.day_ends_at(day) > now else None


def answer_for(edition: Edition, capability: Capability, existing: bool, at: datetime) -> dict[str, Any]:
    """Open, gated or retired for this class of customer, with the dates that matter."""
    state = capability.state(at, existing)
    gate = edition.gates.get(capability.gate or "")
    grace = capability.grace if existing else None
    retired_at = capability.retired_at(existing)
    return {
        "state": state.value,
        "leaving": state != CapabilityState.RETIRED
        and not capability.needs_approval
        and retired_at is not None,
        "gate": gate,
        "gated_at": capability.gated_at,
        "opened_at": capability.opened_at if capability.opened_at and capability.opened_at <= at else None,
        "retired_at": retired_at,
        "grace_ends_at": grace[1] if grace else None,
        "grace_holds": grace is not None and grace[0] <= at < grace[1],
        "submit_by": safe_day_of(edition, grace[1], at) if grace and at < grace[1] else None,
        "next_change": capability.next_change(at, existing),
        "last_day": None if retired_at is None else retired_at - timedelta.resolution,
    }
