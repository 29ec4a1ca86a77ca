"""Floor 1: the ways on from an application or a right: which are open at an instant, until when, and why not.

Last days are inclusive: an `until` is the instant at which the day after begins in the customer's zone (design §5).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from applications.enums import UNDECIDED_STATES, Kind, State
from applications.rules import answers as said
from applications.rules import zones
from applications.rules.deadlines import DAY, last_safe_day
from applications.rules.policy import Edition, QuestionType


class Followup(StrEnum):
    """The value is the last word of its address."""

    APPEAL = "appeal"
    RENEW = "renew"
    AMEND = "change"
    AGAIN = "apply-again"
    WITHDRAW = "withdraw"
    MORE_TIME = "more-time"


KIND: Mapping[Followup, Kind] = {
    Followup.APPEAL: Kind.APPEAL,
    Followup.RENEW: Kind.RENEWAL,
    Followup.AMEND: Kind.AMENDMENT,
    Followup.AGAIN: Kind.INITIAL,
}
"""The ways on that are an application of their own, which points at the one before."""


class WhyNot(StrEnum):
    NOT_SUBMITTED = "not_submitted"
    UNDECIDED = "undecided"
    CLOSED = "closed"
    LETTER_WAITS = "letter_waits"
    NOTHING_DENIED = "nothing_denied"
    NOTHING_APPROVED = "nothing_approved"
    NOTHING_ENDS = "nothing_ends"
    IS_APPEAL = "is_appeal"
    APPEALED = "appealed"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Past:
    """What is recorded about an application. `ends_at`: the first end of what it approved, that no later approval
    covers; None when there is none. `appealed`: an appeal against it was decided.
    """

    kind: str
    state: str
    granted: bool = False
    denied: bool = False
    letter_at: datetime | None = None
    ends_at: datetime | None = None
    appealed: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """One way on: open on [since, until) (None: without bound) unless `why_not` says otherwise."""

    what: Followup
    why_not: WhyNot | None = None
    since: datetime | None = None
    until: datetime | None = None


def zone_of(country: str, edition: Edition) -> ZoneInfo:
    """The customer's zone: their country's, else the edition's. The same for all its people, so one last day."""
    return zones.zone_for(country=country, edition_zone=edition.time_zone)


def day_over(day: date, zone: tzinfo) -> datetime:
    """The instant at which the day is over in the zone."""
    return datetime.combine(day + DAY, time(0), zone).astimezone(UTC)


def appeal_until(letter_at: datetime, edition: Edition, zone: tzinfo) -> datetime:
    """The end of the last day to appeal, counted from the day on which the letter goes out."""
    return day_over(letter_at.astimezone(zone).date() + edition.limits.appeal_days * DAY, zone)


def renew_since(ends_at: datetime, edition: Edition) -> datetime:
    """From the first reminder of the end on, so that no warning names a page that is not open yet."""
    return ends_at - max(edition.rights_reminder_days, default=0) * DAY


def in_time_until(ends_at: datetime, edition: Edition, zone: tzinfo) -> datetime:
    """A renewal submitted before this instant holds the end until it is decided (design §5)."""
    ours = ZoneInfo(edition.time_zone)
    last = last_safe_day(ends_at, edition.limits.renewal_lead_business_days, edition.calendar, ours)
    return day_over(last, zone)


def held_until(ends_at: datetime, edition: Edition) -> datetime:
    """The longest that a renewal holds an end."""
    return ends_at + timedelta(days=edition.limits.renewal_extension_days)


def offers(past: Past, edition: Edition, zone: tzinfo, now: datetime) -> dict[Followup, Offer]:
    """Every way on from an application, open or not."""
    return {what: rule(past, edition, zone, now) for what, rule in _RULES.items()}


def more_time(ends_at: datetime, now: datetime, *, undecided: bool) -> Offer:
    """Whether a person may be asked to extend an end: until it comes, and after it while a case is undecided."""
    late = ends_at <= now and not undecided
    return Offer(Followup.MORE_TIME, WhyNot.TOO_LATE if late else None, until=None if undecided else ends_at)


def _appeal(past: Past, edition: Edition, zone: tzinfo, now: datetime) -> Offer:
    until = appeal_until(past.letter_at, edition, zone) if past.letter_at else None
    why = _not_told(past, now)
    if why is None and not past.denied:
        why = WhyNot.NOTHING_DENIED
    elif why is None and past.kind == Kind.APPEAL:
        why = WhyNot.IS_APPEAL
    elif why is None and past.appealed:
        why = WhyNot.APPEALED
    elif why is None and until is not None and now >= until:
        why = WhyNot.TOO_LATE
    return Offer(Followup.APPEAL, why, past.letter_at, until)


def _renew(past: Past, edition: Edition, zone: tzinfo, now: datetime) -> Offer:
    why = _undecided(past)
    if why is None and not past.granted:
        why = WhyNot.NOTHING_APPROVED
    if why is not None or past.ends_at is None:
        return Offer(Followup.RENEW, why or WhyNot.NOTHING_ENDS)
    since = renew_since(past.ends_at, edition)
    return Offer(Followup.RENEW, WhyNot.TOO_EARLY if now < since else None, since)


def _amend(past: Past, edition: Edition, zone: tzinfo, now: datetime) -> Offer:
    why = _undecided(past)
    return Offer(Followup.AMEND, why if why or past.granted else WhyNot.NOTHING_APPROVED)


def _again(past: Past, edition: Edition, zone: tzinfo, now: datetime) -> Offer:
    if past.state in (State.WITHDRAWN, State.LAPSED):
        return Offer(Followup.AGAIN)
    why = _not_told(past, now)
    return Offer(Followup.AGAIN, why if why or past.denied else WhyNot.NOTHING_DENIED)


def _withdraw(past: Past, edition: Edition, zone: tzinfo, now: datetime) -> Offer:
    if past.state == State.DRAFT:
        return Offer(Followup.WITHDRAW, WhyNot.NOT_SUBMITTED)
    return Offer(Followup.WITHDRAW, None if past.state in UNDECIDED_STATES else WhyNot.CLOSED)


def _undecided(past: Past) -> WhyNot | None:
    if past.state == State.DRAFT:
        return WhyNot.NOT_SUBMITTED
    if past.state in UNDECIDED_STATES:
        return WhyNot.UNDECIDED
    return None if past.state == State.DECIDED else WhyNot.CLOSED


def _not_told(past: Past, now: datetime) -> WhyNot | None:
    """A denial counts for its customer when its letter goes out: until then it may be taken back."""
    waits = past.letter_at is None or now < past.letter_at
    return _undecided(past) or (WhyNot.LETTER_WAITS if waits else None)


_RULES: Mapping[Followup, Callable[[Past, Edition, tzinfo, datetime], Offer]] = {
    Followup.APPEAL: _appeal,
    Followup.RENEW: _renew,
    Followup.AMEND: _amend,
    Followup.AGAIN: _again,
    Followup.WITHDRAW: _withdraw,
}


# --- what the new application begins with ---


def prefill(
    frozen: Mapping[str, Mapping[str, Any]], edition: Edition, asked: set[said.Wish] | None
) -> dict[str, dict[str, Any]]:
    """The answers before, as far as the edition in force still asks them; nobody attests for somebody else.

    `asked`: only these subscriptions, capabilities and use cases go along; None: all.
    """
    before = said.flat(frozen)
    filled: dict[str, dict[str, Any]] = {}
    for question in edition.questions:
        value = before.get(question.code)
        if question.type == QuestionType.ATTESTATION or value in (None, "", [], {}):
            continue
        names = dict(before.get(said.names_key(question)) or {})
        if asked is not None and question.type in _NARROWED:
            wanted = {_NARROWED[question.type](wish) for wish in asked}
            value = [one for one in value if one in wanted]
            names = {guid: name for guid, name in names.items() if guid in wanted}
            if not value:
                continue
        part = filled.setdefault(question.section, {})
        part[question.code] = value
        if names:
            part[said.names_key(question)] = names
    return filled


_NARROWED: Mapping[QuestionType, Callable[[said.Wish], str]] = {
    QuestionType.SUBSCRIPTIONS: lambda wish: wish.guid,
    QuestionType.CAPABILITIES: lambda wish: wish.capability,
    QuestionType.USE_CASES: lambda wish: wish.use_case,
}
