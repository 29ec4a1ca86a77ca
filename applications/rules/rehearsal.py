"""Floor 1: reserved test subscriptions, so that an engineer can rehearse every answer before it matters.

Their ids are `00000000-0000-4000-8000-0000000000NN`. Nobody can hold one, no row is read for one, and what they
answer is the same for every capability the policy knows.
"""

from datetime import datetime, timedelta
from uuid import UUID

from applications.enums import AccessReason
from applications.rules.access import ALLOW_VALID_S, DENY_VALID_S, Verdict

LASTS = timedelta(seconds=60)
_FIRST = 0x00000000_0000_4000_8000_000000000000

REASONS: dict[int, AccessReason] = dict(enumerate(AccessReason, 1))
ENDING = 0x60  # the one whose right ends 60 s after it is first asked
GUIDS: dict[AccessReason, UUID] = {reason: UUID(int=_FIRST + number) for number, reason in REASONS.items()}
ENDING_GUID = UUID(int=_FIRST + ENDING)
_ALLOWED = (AccessReason.OPEN, AccessReason.APPROVED, AccessReason.EXTENSION, AccessReason.GRACE)


def number_of(subscription: UUID) -> int | None:
    """Which test subscription this is, or None when it is a real one."""
    number = subscription.int - _FIRST
    return number if number in REASONS or number == ENDING else None


def is_allowed(reason: AccessReason) -> bool:
    """Whether a reason stands with an allow."""
    return reason in _ALLOWED


def rehearse(number: int, at: datetime, first_asked_at: datetime) -> Verdict:
    """The answer of a test subscription. The ending one is allowed until `first_asked_at` + 60 s, then `expired`."""
    if number == ENDING:
        last = first_asked_at + LASTS
        if at < last:
            return Verdict(True, AccessReason.APPROVED, at, last, int((last - at).total_seconds()))
        return Verdict(False, AccessReason.EXPIRED, at, None, DENY_VALID_S)
    reason = REASONS[number]
    if reason is AccessReason.ERROR:
        return Verdict(False, reason, at, None, 0)
    if reason in _ALLOWED:
        ends_at = None if reason is AccessReason.OPEN else at + timedelta(days=30)
        return Verdict(True, reason, at, ends_at, ALLOW_VALID_S)
    return Verdict(False, reason, at, None, DENY_VALID_S)
