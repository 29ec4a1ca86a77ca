"""Gates, services, capabilities and use cases: what may be used, by whom, from when until when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import Field, PrivateAttr

from applications.enums import CapabilityState, Sector

from .base import Code, Codes, Named, Words
from .text import Text

Instant = Callable[[date], datetime]
"""Turns a day into the instant it begins, in the edition's time zone."""


class AtGate(StrEnum):
    """What a gate does to a capability that points to it."""

    APPROVAL = "approval"
    RETIREMENT = "retirement"


class Sectors(StrEnum):
    """The two sides of the list of use cases: *public* is government and international organisations."""

    COMMERCIAL = "commercial"
    PUBLIC = "public"


def side_of(sector: str) -> Sectors:
    """On which side of the list of use cases a customer of this sector stands."""
    return Sectors.COMMERCIAL if sector == Sector.COMMERCIAL else Sectors.PUBLIC


class Gate(Named):
    """A dated change: new customers meet it at once, existing ones on the day after `last_day`."""

    name: Text
    summary: Text = Text()
    announced_on: date
    cut_on: date
    last_day: date
    reminder_days: tuple[Annotated[int, Field(ge=0, le=3660)], ...]
    announcement_within_days: Annotated[int, Field(ge=0, le=365)] = 7

    _cut_at: datetime = PrivateAttr()
    _grace_ends_at: datetime = PrivateAttr()

    @property
    def cut_at(self) -> datetime:
        """First instant of the cut day: who used the service before that day is existing."""
        return self._cut_at

    @property
    def grace_ends_at(self) -> datetime:
        """First instant after the last day of grace (exclusive end)."""
        return self._grace_ends_at

    def bind(self, starts: Instant, ends: Instant) -> None:
        self._cut_at = starts(self.cut_on)
        self._grace_ends_at = ends(self.last_day)


class Service(Named):
    name: Text
    summary: Text = Text()
    help: Text = Text()


class Capability(Named):
    """One thing a service can do. `gate` names the gate it meets; `at_gate` says what happens there: approval
    is needed from the gate's cut on, or it retires (new: at the cut, existing: after the last day)."""

    service: Code
    name: Text
    summary: Text = Text()
    operations: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    api_feature: str = ""
    tiers: Text = Text()
    note: Text = Text()
    gate: Code | None = None
    at_gate: Annotated[AtGate, Field(strict=False)] = AtGate.APPROVAL
    opened_on: date | None = None
    last_day_for_new: date | None = None
    last_day_for_existing: date | None = None
    grants_also: Codes = ()
    source: Text = Text()

    @cached_property
    def times(self) -> "Times":
        """The instants of this capability; `bind` puts them here (a private attribute of the library costs ten times
        as much to read, and the access rule reads these for every decision)."""
        raise AttributeError("a capability has its instants once its edition is read")

    @property
    def gated_at(self) -> datetime | None:
        return self.times.gated_at

    @property
    def opened_at(self) -> datetime | None:
        return self.times.opened_at

    @property
    def retired_for_new_at(self) -> datetime | None:
        return self.times.retired_for_new_at

    @property
    def retired_for_existing_at(self) -> datetime | None:
        return self.times.retired_for_existing_at

    @property
    def grace(self) -> tuple[datetime, datetime] | None:
        """`[starts, ends)` of the grace right that an existing customer gets for this capability, if any."""
        return self.times.grace

    @property
    def needs_approval(self) -> bool:
        """Whether a gate ever asks for an approval of it (it may have opened or retired since)."""
        return self.gate is not None and self.at_gate == AtGate.APPROVAL

    def retired_at(self, existing: bool) -> datetime | None:
        return self.times.retired_for_existing_at if existing else self.times.retired_for_new_at

    def turns(self, existing: bool) -> tuple[datetime, ...]:
        """The instants at which `state` may change for this class, in no order."""
        return self.times.turns_for_existing if existing else self.times.turns_for_new

    def state(self, at: datetime, existing: bool) -> CapabilityState:
        """Retired for this class of customer, else open, else gated; before its gate it is open."""
        times = self.times
        retired_at = times.retired_for_existing_at if existing else times.retired_for_new_at
        if retired_at is not None and retired_at <= at:
            return CapabilityState.RETIRED
        if times.gated_at is None or at < times.gated_at:
            return CapabilityState.OPEN
        if times.opened_at is not None and times.opened_at <= at:
            return CapabilityState.OPEN
        return CapabilityState.GATED

    def next_change(self, at: datetime, existing: bool) -> datetime | None:
        """The first instant after `at` at which `state` changes for this class, or None."""
        now = self.state(at, existing)
        later = sorted(moment for moment in self.turns(existing) if moment > at)
        return next((moment for moment in later if self.state(moment, existing) != now), None)

    def bind(self, gate: Gate | None, starts: Instant, ends: Instant) -> None:
        """Work out the instants, once, when the edition has been read."""
        approval = gate is not None and self.at_gate == AtGate.APPROVAL
        new_at = existing_at = grace = None
        if gate is not None and not approval:
            new_at, existing_at = gate.cut_at, gate.grace_ends_at
        if self.last_day_for_new is not None:
            new_at = ends(self.last_day_for_new)
        if self.last_day_for_existing is not None:
            existing_at = ends(self.last_day_for_existing)
        if gate is not None and approval:
            grace = (gate.cut_at, min(gate.grace_ends_at, existing_at or gate.grace_ends_at))
        elif gate is not None and existing_at is not None:
            grace = (gate.cut_at, existing_at)
        # From the cut on nobody may without a right: an existing customer's grace, also for what retires (design §6).
        gated_at = gate.cut_at if gate is not None else None
        opened_at = starts(self.opened_on) if self.opened_on else None
        self.__dict__["times"] = Times(
            gated_at=gated_at,
            opened_at=opened_at,
            retired_for_new_at=new_at,
            retired_for_existing_at=existing_at,
            grace=grace,
            turns_for_new=tuple(filter(None, (gated_at, opened_at, new_at))),
            turns_for_existing=tuple(filter(None, (gated_at, opened_at, existing_at))),
        )


@dataclass(frozen=True, slots=True)
class Times:
    """The instants of a capability, aware and in UTC."""

    gated_at: datetime | None
    opened_at: datetime | None
    retired_for_new_at: datetime | None
    retired_for_existing_at: datetime | None
    grace: tuple[datetime, datetime] | None
    turns_for_new: tuple[datetime, ...]
    turns_for_existing: tuple[datetime, ...]


class UseCase(Named):
    """A permitted use from the closed list. `words` are those its description is expected to speak of."""

    name: Text
    text: Text
    capabilities: Codes
    sectors: tuple[Annotated[Sectors, Field(strict=False)], ...]
    paragraph: Code
    high_risk: bool = False
    words: Words = ()

    def fits(self, capability: str, sector: str) -> bool:
        """Whether it may be chosen for this capability by a customer of this sector."""
        return capability in self.capabilities and side_of(sector) in self.sectors
