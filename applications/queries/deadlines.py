"""Floor 3: what ends when, for whom, and what is true about it at an instant (design §7).

The two conditions of the set-based statements stand here once: `DUE` and `COVERED`, over a right `g` and `now`.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, QuerySet

from applications.enums import UNDECIDED_STATES, Basis, CapabilityState, Outcome, State
from applications.models import AccessGrant, Application, Customer, DeadlinePreview, RequestedCapability
from applications.queries import bulk
from applications.queries.followups import annotated, past_of
from applications.rules.deadlines import last_safe_day
from applications.rules.followups import Followup, in_time_until, offers, zone_of
from applications.rules.policy import Capability, Edition

DUE = "g.closed_at IS NULL AND g.ends_at <= %(now)s"

_OTHER = """EXISTS (
  SELECT 1 FROM applications_accessgrant o
  WHERE o.subscription_id = g.subscription_id AND o.capability = g.capability AND o.id <> g.id AND ({holds})
  LIMIT 1 OFFSET 0)"""
# OFFSET keeps PostgreSQL from turning the look into a join: after a large import its statistics are old, and the
# join it then takes for the best compared every row with every other (minutes instead of seconds, measured).
_AT_END = "o.starts_at <= g.ends_at AND o.ends_at > g.ends_at AND (o.revoked_at IS NULL OR o.revoked_at > g.ends_at)"
_NOW = "o.starts_at <= %(now)s AND o.ends_at > %(now)s AND o.revoked_at IS NULL"

COVERED = _OTHER.format(holds=f"{_AT_END} OR {_NOW}")
"""Another right of the same subscription and capability holds at the instant of the end, or holds now, when the end is
past: who was approved in between is told of no loss."""

_ENDS = """
SELECT COUNT(*), COALESCE(SUM(t.covered), 0), COUNT(DISTINCT t.customer_id),
       COUNT(DISTINCT CASE WHEN t.covered = 0 THEN t.customer_id END)
FROM (SELECT g.customer_id, CASE WHEN {covered} THEN 1 ELSE 0 END AS covered
      FROM applications_accessgrant g WHERE {due}) t
"""

# Whom a deadline costs something by what was known at an instant: rights granted later do not count, so that
# approvals since a preview never hold a mail back. What is closed already counts, so that a run may resume.
_LOSING = """
SELECT {what} FROM applications_accessgrant g
WHERE g.ends_at = %(ends_at)s AND g.revoked_at IS NULL AND NOT {known}
"""
_KNOWN = _OTHER.format(holds=f"{_AT_END} AND o.granted_at <= %(known_at)s")

_UNPREVIEWED = 20
"""So many rights may end at one instant that nobody ever previewed (single approvals) without a person's look."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What closing would do: the numbers of `revoke_overdue` (contract)."""

    due: int
    covered: int
    customers: int
    notices: int


def kept_open(edition: Edition | None, at: datetime) -> tuple[str, dict[str, str]]:
    """A further condition of `COVERED`: a capability open to everybody at `at` is lost by nobody."""
    codes = [
        capability.code
        for capability in (edition.capabilities.values() if edition else ())
        if all(capability.state(at, existing) is CapabilityState.OPEN for existing in (True, False))
    ]
    middle, values = bulk.named("open", codes)
    return (f" OR g.capability IN ({middle})" if codes else ""), values


def count_due(now: datetime) -> int:
    """Rights whose end is past and that are not closed."""
    return AccessGrant.objects.filter(closed_at__isnull=True, ends_at__lte=now).count()


def count_ends(now: datetime, edition: Edition | None) -> Ends:
    """What closing at `now` would do, without doing it; one statement."""
    opened, values = kept_open(edition, now)
    sql = _ENDS.format(covered=COVERED + opened, due=DUE)
    return Ends(*bulk.fetch(sql, {**values, "now": now})[0])


def losing(what: str) -> str:
    """The statement that reads `what` of the rights that end at `ends_at` uncovered, by what is known at `known_at`."""
    return _LOSING.format(what=what, known=_KNOWN)


def preview_numbers(ends_at: datetime, *, known_at: datetime) -> dict[str, int]:
    """Fields of a preview of one deadline by what is known at an instant."""
    values = {"ends_at": ends_at, "known_at": known_at}
    rights, customers = bulk.fetch(losing("COUNT(*), COUNT(DISTINCT g.customer_id)"), values)[0]
    customers_losing = losing("g.customer_id")
    states, names = bulk.named("state", [state.value for state in UNDECIDED_STATES])
    pending = bulk.fetch(
        f"SELECT COUNT(DISTINCT a.customer_id) FROM applications_application a "  # noqa: S608
        f"WHERE a.state IN ({states}) AND a.customer_id IN ({customers_losing})",
        {**values, **names},
    )[0][0]
    warned = bulk.fetch(
        f"SELECT COUNT(DISTINCT r.customer_id) FROM applications_reminder r "  # noqa: S608
        f"WHERE r.state = 'sent' AND r.ends_at = %(ends_at)s AND r.customer_id IN ({customers_losing})",
        values,
    )[0][0]
    return {"rights": rights, "customers": customers, "pending": pending, "unwarned": customers - warned}


def deadlines_ahead(now: datetime, until: datetime) -> list[datetime]:
    """Instants after `now` at which several rights, or a right of the grace year, end."""
    rows = (
        AccessGrant.objects.filter(closed_at__isnull=True, ends_at__gt=now, ends_at__lte=until)
        .values_list("ends_at", "basis")
        .annotate(rights=Count("pk"))
    )
    number: dict[datetime, int] = defaultdict(int)
    for ends_at, basis, rights in rows.iterator():
        number[ends_at] += 2 if basis == Basis.GRACE else rights
    return sorted(ends_at for ends_at, rights in number.items() if rights > 1)


def previewed_since(instant: datetime) -> set[datetime]:
    """The deadlines that have a preview made after an instant."""
    made = DeadlinePreview.objects.filter(made_at__gt=instant)
    return set(made.values_list("ends_at", flat=True))


def differs_from_preview(now: datetime, share: float) -> bool:
    """Whether what is due now touches more or fewer customers than previewed, by more than the share (promise P7).

    The reference is the armed preview of the deadline, else its latest.
    """
    due = dict(
        AccessGrant.objects.filter(closed_at__isnull=True, ends_at__lte=now)
        .values_list("ends_at")
        .annotate(rights=Count("pk"))
    )
    latest: dict[datetime, DeadlinePreview] = {}
    for preview in _previews_due(now):
        standing = latest.get(preview.ends_at)
        if standing is None or preview.armed_at or not standing.armed_at:
            latest[preview.ends_at] = preview
    if any(rights > _UNPREVIEWED for ends_at, rights in due.items() if ends_at not in latest):
        return True
    for ends_at, preview in latest.items():
        values = {"ends_at": ends_at, "known_at": preview.made_at}
        real = bulk.fetch(losing("COUNT(DISTINCT g.customer_id)"), values)[0][0]
        if abs(real - preview.customers) > share * preview.customers:
            return True
    return False


def _previews_due(now: datetime) -> QuerySet[DeadlinePreview]:
    due = AccessGrant.objects.filter(closed_at__isnull=True, ends_at__lte=now, ends_at=OuterRef("ends_at"))
    return DeadlinePreview.objects.filter(Exists(due), ends_at__lte=now).order_by("made_at", "pk")


# --- what is true for one customer, read when somebody is told ---


class Standing(StrEnum):
    """How far a customer is with what ends: decides the words of a warning."""

    NOT_APPLIED = "not_applied"
    DRAFT = "draft"
    WITH_YOU = "with_you"
    WITH_US = "with_us"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Held:
    """One capability on some subscriptions: `until` is the end of what stays, None for what ends."""

    code: str
    capability: Capability | None
    subscriptions: tuple[str, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What one instant costs one customer, by what is recorded at `read_at`.

    `lost` may be kept by an approval, `retires` ends whatever is approved, `stays` is covered by other rights.
    `about`: the application to follow, answer or go on with, or that was denied; `renew`: the one whose approval is
    lost (references, or empty). `holds`: a renewal submitted now holds the end. `appeal_until`: exclusive end of the
    time to appeal, while it is open.
    """

    ends_at: datetime
    lost: tuple[Held, ...]
    retires: tuple[Held, ...]
    stays: tuple[Held, ...]
    standing: Standing
    last_safe_on: date
    is_safe: bool
    about: str = ""
    renew: str = ""
    holds: bool = False
    appeal_until: datetime | None = None

    @property
    def ends_something(self) -> bool:
        return bool(self.lost or self.retires)


def read_ending(customer: Customer, ends_at: datetime, *, now: datetime, edition: Edition) -> Ending:
    """What ends for the customer at an instant, and what stays; three statements."""
    rights = list(_rights(customer))
    ending = {_pair(right): right for right in rights if right.ends_at == ends_at}
    beyond = [right for right in rights if right.starts_at <= ends_at < right.ends_at]
    return _ending(customer, ends_at, list(ending.values()), beyond, now=now, edition=edition)


def read_ended(customer: Customer, run: int, *, now: datetime, edition: Edition) -> Ending:
    """What a run closed for the customer and what of it is lost at `now`: an approval since then counts."""
    rights = list(_rights(customer))
    closed = {_pair(right): right for right in rights if right.closed_run == run and not right.closed_covered}
    standing = [right for right in rights if right.starts_at <= now < right.ends_at]
    ends_at = max((right.ends_at for right in closed.values()), default=now)
    return _ending(customer, ends_at, list(closed.values()), standing, now=now, edition=edition)


def _rights(customer: Customer) -> QuerySet[AccessGrant]:
    return (
        AccessGrant.objects.filter(customer=customer, revoked_at__isnull=True)
        .select_related("subscription", "item__application")
        .order_by("capability", "subscription__guid", "pk")
    )


def _pair(right: AccessGrant) -> tuple[int, str]:
    return right.subscription_id, right.capability


def _ending(
    customer: Customer,
    ends_at: datetime,
    ending: list[AccessGrant],
    keeping: list[AccessGrant],
    *,
    now: datetime,
    edition: Edition,
) -> Ending:
    kept = {_pair(right) for right in keeping}
    at = max(now, ends_at)
    gone: dict[CapabilityState, list[AccessGrant]] = defaultdict(list)
    for right in ending:
        capability = edition.capability(right.capability)
        state = capability.state(at, existing=True) if capability else CapabilityState.GATED
        if state is CapabilityState.RETIRED or _pair(right) not in kept:
            gone[state].append(right)
    lost, retires = gone[CapabilityState.GATED], gone[CapabilityState.RETIRED]
    zone = ZoneInfo(edition.time_zone)
    standing, about = _standing(customer, lost)
    approvals = (one.item for one in lost if one.basis == Basis.APPROVAL)
    renew = next((item.application.reference for item in approvals if item), "")
    safe_on = last_safe_day(ends_at, edition.limits.last_safe_business_days, edition.calendar, zone)
    return Ending(
        ends_at=ends_at,
        lost=_grouped(lost, edition),
        retires=_grouped(retires, edition),
        stays=_grouped(keeping, edition, until=True),
        standing=standing,
        last_safe_on=safe_on,
        is_safe=now.astimezone(zone).date() <= safe_on,
        about=about,
        renew=renew,
        holds=bool(renew) and now < in_time_until(ends_at, edition, zone_of(customer.country, edition)),
        appeal_until=_appeal_until(customer, about, edition, now) if standing == Standing.DENIED else None,
    )


def _grouped(rights: list[AccessGrant], edition: Edition, *, until: bool = False) -> tuple[Held, ...]:
    """By capability: how many subscriptions, and the latest end of what stays."""
    by_code: dict[str, list[AccessGrant]] = defaultdict(list)
    for right in rights:
        by_code[right.capability].append(right)
    return tuple(
        Held(
            code,
            edition.capability(code),
            tuple(sorted({str(right.subscription.guid) for right in found})),
            min(right.ends_at for right in found) if until else None,
        )
        for code, found in sorted(by_code.items())
    )


def _standing(customer: Customer, lost: list[AccessGrant]) -> tuple[Standing, str]:
    """How far the customer is, and the reference of the application of which that is said."""
    rows = Application.objects.filter(customer=customer, state__in=[State.DRAFT, *UNDECIDED_STATES])
    open_ones = dict(rows.order_by("pk").values_list("state", "reference"))
    if State.INFORMATION_REQUESTED in open_ones:
        return Standing.WITH_YOU, open_ones[State.INFORMATION_REQUESTED]
    if with_us := [reference for state, reference in open_ones.items() if state != State.DRAFT]:
        return Standing.WITH_US, with_us[-1]
    if open_ones:
        return Standing.DRAFT, open_ones[State.DRAFT]
    denied = RequestedCapability.objects.filter(customer=customer, outcome=Outcome.DENIED).order_by(
        "closed_at"
    )
    of_pair = {
        (subscription, code): reference
        for subscription, code, reference in denied.values_list(
            "subscription_id", "capability", "application__reference"
        )
    }
    found = [of_pair[pair] for right in lost if (pair := _pair(right)) in of_pair]
    return (Standing.DENIED, found[-1]) if found else (Standing.NOT_APPLIED, "")


def _appeal_until(customer: Customer, reference: str, edition: Edition, now: datetime) -> datetime | None:
    """Until when the denied application may be appealed against; None when it may not, or not any more."""
    denied = annotated(Application.objects.filter(reference=reference)).get()
    offer = offers(past_of(denied), edition, zone_of(customer.country, edition), now)[Followup.APPEAL]
    return offer.until if offer.why_not is None else None
