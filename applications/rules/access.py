"""Floor 1: the access rule (design §6). A pure function of recorded facts and one instant (promise P1).

All instants are aware UTC; intervals are half open, [start, end). The order of the steps is the rule: the first
that answers wins. Nothing here reads a database, a clock or a setting. Facts and verdicts are tuples: a frozen
dataclass takes three times as long to make, and each decision makes some.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from applications.enums import AccessReason, Basis, CapabilityState, Outcome
from applications.rules.policy import Capability

ALLOW_VALID_S = 60
DENY_VALID_S = 10


class Right(NamedTuple):
    """One grant row: valid on [starts_at, ends_at), cut short by `revoked_at` when a person took it back."""

    basis: str
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    id: int | None = None

    def __str__(self) -> str:
        return f"right {self.id}"

    @property
    def stops_at(self) -> datetime:
        return self.ends_at if self.revoked_at is None else min(self.ends_at, self.revoked_at)

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.stops_at


class Ask(NamedTuple):
    """One requested capability: asked at submission, closed with or without an outcome."""

    asked_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""


class Facts(NamedTuple):
    """What is recorded about one subscription × capability.

    `known` is false for a subscription nobody holds. `first_used_on` are days by service code; `suspensions` are
    half-open spans whose end may be None.
    """

    known: bool
    existing: bool = False
    rights: tuple[Right, ...] = ()
    asks: tuple[Ask, ...] = ()
    suspensions: tuple[tuple[datetime, datetime | None], ...] = ()


UNKNOWN = Facts(known=False)


class Verdict(NamedTuple):
    """An access decision. `ends_at`: first later instant at which, by what is recorded now, it turns to deny."""

    allowed: bool
    reason: AccessReason
    evaluated_at: datetime
    ends_at: datetime | None = None
    valid_for_s: int = 0
    right: Right | None = None


@dataclass(slots=True)
class Trace:
    """Each step of the rule as it was tried, for `--explain`."""

    steps: list[tuple[str, bool, str]] = field(default_factory=list)

    def tried(self, step: str, matched: bool, detail: object = "") -> bool:
        self.steps.append((step, matched, str(detail)))
        return matched


class _Silent(Trace):
    """Keeps nothing: the usual case, and the hot one."""

    def tried(self, step: str, matched: bool, detail: object = "") -> bool:
        return matched


_SILENT = _Silent()


def decide(
    facts: Facts,
    capability: Capability | None,
    at: datetime,
    trace: Trace | None = None,
) -> Verdict:
    """Answer "may this subscription use this capability at `at`?" with reason, end and validity.

    `capability` is None when the edition does not know it. `trace` collects the steps tried at `at`.
    """
    allowed, reason, right = _answer(facts, capability, at, trace or _SILENT)
    if allowed:
        ends_at = _first_deny_after(facts, capability, at)
        return Verdict(True, reason, at, ends_at, _whole_seconds(at, ends_at, ALLOW_VALID_S), right)
    return Verdict(
        False,
        reason,
        at,
        None,
        _whole_seconds(at, _next_start(facts, capability, at), DENY_VALID_S),
    )


def _answer(
    facts: Facts, capability: Capability | None, at: datetime, trace: Trace
) -> tuple[bool, AccessReason, Right | None]:
    if trace.tried("unknown_capability", capability is None) or capability is None:
        return False, AccessReason.UNKNOWN_CAPABILITY, None
    state = capability.state(at, facts.existing)
    if trace.tried("open", state is CapabilityState.OPEN, state):
        return True, AccessReason.OPEN, None
    if trace.tried(
        "retired",
        state is CapabilityState.RETIRED,
        "existing" if facts.existing else "new",
    ):
        return False, AccessReason.RETIRED, None
    if trace.tried("unknown_subscription", not facts.known):
        return False, AccessReason.UNKNOWN_SUBSCRIPTION, None
    if trace.tried("suspended", _is_suspended(facts, at)):
        return False, AccessReason.SUSPENDED, None
    current = [right for right in facts.rights if right.covers(at)]
    for basis, reason in _BASES:
        right = _longest(current, basis) if current else None
        if trace.tried(basis, right is not None, right or ""):
            return True, reason, right
    return False, _why_not(facts, at, trace), None


_BASES = (
    (Basis.APPROVAL, AccessReason.APPROVED),
    (Basis.EXTENSION, AccessReason.EXTENSION),
    (Basis.GRACE, AccessReason.GRACE),
)


def _longest(rights: Iterable[Right], basis: Basis) -> Right | None:
    """Of the rights of this basis the one that lasts longest."""
    best = None
    for right in rights:
        if right.basis == basis and (best is None or right.stops_at > best.stops_at):
            best = right
    return best


def _is_suspended(facts: Facts, at: datetime) -> bool:
    return bool(facts.suspensions) and any(_within(span, at) for span in facts.suspensions)


def _within(span: tuple[datetime, datetime | None], at: datetime) -> bool:
    start, end = span
    return start <= at and (end is None or at < end)


def _why_not(facts: Facts, at: datetime, trace: Trace) -> AccessReason:
    """Step 9: the first of these that is true at `at`."""
    taken, ran_out, grace_over = _what_became_of(facts.rights, at)
    if trace.tried("revoked", taken):
        return AccessReason.REVOKED
    pending, denied = _what_was_asked(facts.asks, at) if facts.asks else (False, False)
    if trace.tried("pending", pending):
        return AccessReason.PENDING
    if trace.tried("denied", denied):
        return AccessReason.DENIED
    if trace.tried("expired", ran_out):
        return AccessReason.EXPIRED
    if trace.tried("grace_ended", grace_over):
        return AccessReason.GRACE_ENDED
    trace.tried("not_applied", True)
    return AccessReason.NOT_APPLIED


def _what_became_of(rights: Iterable[Right], at: datetime) -> tuple[bool, bool, bool]:
    """Of what had begun by `at`: the latest was taken back; an approval or extension, and a grace, is over."""
    latest, ran_out, grace_over = None, False, False
    for right in rights:
        if right.starts_at > at:
            continue
        if latest is None or (right.starts_at, right.id or 0) > (latest.starts_at, latest.id or 0):
            latest = right
        if right.stops_at <= at:
            if right.basis == Basis.GRACE:
                grace_over = True
            else:
                ran_out = True
    taken = latest is not None and latest.revoked_at is not None and latest.revoked_at <= at
    return taken, ran_out, grace_over


def _what_was_asked(asks: Iterable[Ask], at: datetime) -> tuple[bool, bool]:
    """At `at`: something is undecided; what was decided last was refused."""
    pending, denied, last_at = False, False, None
    for ask in asks:
        if ask.closed_at is None or at < ask.closed_at:
            pending = pending or ask.asked_at <= at
        elif ask.outcome:
            refused = ask.outcome == Outcome.DENIED
            if last_at is None or ask.closed_at > last_at:
                last_at, denied = ask.closed_at, refused
            elif ask.closed_at == last_at:
                # One of that instant that was not refused counts: whose approval ran out is told to renew.
                denied = denied and refused
    return pending, denied


def since_of(facts: Facts, verdict: Verdict) -> datetime | None:
    """Since when a person reads this answer: the start of its right, or what turned it to a deny; None without one."""
    at = verdict.evaluated_at
    begun = [right for right in facts.rights if right.starts_at <= at]
    graces = [right.stops_at for right in begun if right.basis == Basis.GRACE]
    others = [right.stops_at for right in begun if right.basis != Basis.GRACE]
    moments: dict[AccessReason, list[datetime]] = {
        AccessReason.SUSPENDED: [start for start, end in facts.suspensions if _within((start, end), at)],
        AccessReason.REVOKED: [right.revoked_at for right in begun if right.revoked_at],
        AccessReason.PENDING: [ask.asked_at for ask in facts.asks if ask.closed_at is None],
        AccessReason.DENIED: [ask.closed_at for ask in facts.asks if ask.closed_at and ask.outcome],
        AccessReason.EXPIRED: others,
        AccessReason.GRACE_ENDED: graces,
    }
    if verdict.right is not None:
        return verdict.right.starts_at
    return max((one for one in moments.get(verdict.reason, ()) if one <= at), default=None)


def _turns(facts: Facts, capability: Capability | None, after: datetime) -> list[datetime]:
    """Every instant after `after` at which the answer may turn, in order."""
    instants: list[datetime] = []
    for right in facts.rights:
        instants += right.starts_at, right.stops_at
    for start, end in facts.suspensions:
        instants.append(start)
        if end is not None:
            instants.append(end)
    if capability is not None:
        instants += capability.turns(facts.existing)
    return sorted([instant for instant in instants if instant > after])


def allows(facts: Facts, capability: Capability | None, at: datetime) -> bool:
    """Whether the rule allows at `at`, without saying why: steps 1 to 8 for the look at other instants."""
    if capability is None:
        return False
    state = capability.state(at, facts.existing)
    if state is not CapabilityState.GATED:
        return state is CapabilityState.OPEN
    if not facts.known or any(_within(span, at) for span in facts.suspensions):
        return False
    return any(right.covers(at) for right in facts.rights)


def _first_deny_after(facts: Facts, capability: Capability | None, at: datetime) -> datetime | None:
    for instant in _turns(facts, capability, at):
        if not allows(facts, capability, instant):
            return instant
    return None


def _next_start(facts: Facts, capability: Capability | None, at: datetime) -> datetime | None:
    """First later instant at which a right starts or a door opens: a deny must not be kept beyond it."""
    for instant in _turns(facts, capability, at):
        if allows(facts, capability, instant):
            return instant
    return None


def _whole_seconds(at: datetime, until: datetime | None, most: int) -> int:
    if until is None:
        return most
    return min(most, max(0, int((until - at).total_seconds())))
