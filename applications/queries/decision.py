"""Floor 3, the hot path: from a subscription and a capability to an access decision (design §6).

One statement a question, whatever the number of pairs, and no ORM object: what is recorded about the pairs comes
as plain rows of one shape, and `rules.access` answers. It works with a read-only role, and imports neither Celery
nor Redis.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import get_language, gettext, gettext_noop
from psycopg.types.datetime import TimestamptzLoader

from applications.enums import AccessReason, Basis
from applications.queries.policy import edition_by_digest, no_edition
from applications.rules import rehearsal
from applications.rules.access import UNKNOWN, Ask, Facts, Right, Trace, Verdict, decide
from applications.rules.policy import Capability, Edition

Pair = tuple[UUID, str]

# What a row is: the first column of the statement. Each row names its subscription by its row's number; the first
# select alone says which GUID that is (its 32 digits: a UUID takes five times as long to make), and the second gives
# every other column its type. Uses are asked for one subscription at a time: joined to a thousand of them, PostgreSQL
# reads the whole table.
_USE, _RIGHT, _ASK, _SUSPENSION, _EDITION = range(5)

_SQL = """
WITH asked AS (SELECT s.id, s.guid, s.customer_id FROM applications_subscription s WHERE s.guid {guids})
SELECT 0, a.id, {digits}, NULL, (
    SELECT {joined}(u.service || '|' || u.first_used_on, ',')
    FROM applications_serviceuse u WHERE u.subscription_id = a.id
  ), NULL, NULL, NULL, NULL FROM asked a
UNION ALL
SELECT 1, a.id, NULL, g.capability, g.basis, g.starts_at, g.ends_at, g.revoked_at, g.id
  FROM asked a JOIN applications_accessgrant g ON g.subscription_id = a.id WHERE g.capability {codes}
UNION ALL
SELECT 2, a.id, NULL, i.capability, i.outcome, i.asked_at, i.closed_at, NULL, NULL
  FROM asked a JOIN applications_requestedcapability i ON i.subscription_id = a.id AND i.customer_id = a.customer_id
  WHERE i.capability {codes}
UNION ALL
SELECT 3, a.id, NULL, NULL, NULL, p.starts_at, p.ends_at, NULL, NULL
  FROM asked a JOIN applications_suspension p ON p.subscription_id = a.id
UNION ALL
SELECT 4, NULL, NULL, NULL, e.digest, NULL, NULL, NULL, e.id FROM applications_policyedition e WHERE e.in_force
"""
_OF_POSTGRESQL = _SQL.format(
    guids="= ANY(%s::uuid[])",
    codes="= ANY(%s)",
    joined="string_agg",
    digits="encode(uuid_send(a.guid), 'hex')",
)


def _one_of(values: Sequence[Any]) -> str:
    return f"IN ({', '.join(['%s'] * len(values))})"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded about all that is asked, by the row's number, before an edition is applied.

    `held`: number and uses (`service|day`, joined by commas) of each subscription that somebody holds, by its digits.
    """

    edition: Edition
    held: dict[str, tuple[int, str | None]]
    rights: dict[tuple[int, str], list[Right]]
    asks: dict[tuple[int, str], list[Ask]]
    suspensions: dict[int, list[tuple[datetime, datetime | None]]]

    def facts(self, subscription: UUID, capability: Capability | None) -> Facts:
        """What the rule is given about one pair."""
        found = self.held.get(subscription.hex)
        if found is None:
            return UNKNOWN
        if capability is None:
            return _KNOWN
        number, uses = found
        of = number, capability.code
        used_on = _first_use(uses, capability.service) if uses and capability.gate else None
        return Facts(
            True,
            used_on is not None and self.edition.is_existing(used_on, capability.gate),
            tuple(self.rights.get(of, ())),
            tuple(self.asks.get(of, ())),
            tuple(self.suspensions.get(number, ())),
        )


_KNOWN = Facts(known=True)


def _first_use(uses: str, service: str) -> date | None:
    for use in uses.split(","):
        name, _bar, day = use.partition("|")
        if name == service:
            return date.fromisoformat(day)
    return None


class Decision(NamedTuple):
    """A verdict about one pair, with the edition that gave it. `as_json` is the contract's form (design §8)."""

    subscription: UUID
    capability: str
    verdict: Verdict
    edition: Edition

    def as_json(self, language: str | None = None) -> dict[str, Any]:
        """`language` is the active one, for callers that write many: asking for it takes as long as the rest."""
        verdict = self.verdict
        return {
            "subscription_id": str(self.subscription),
            "capability": self.capability,
            "allowed": verdict.allowed,
            "reason": verdict.reason.value,
            "ends_at": instant(verdict.ends_at) if verdict.ends_at else None,
            "valid_for_s": verdict.valid_for_s,
            "evaluated_at": instant(verdict.evaluated_at),
            "edition": self.edition.code,
            "next_step": next_step(verdict.reason, self.capability, language),
        }


@lru_cache(maxsize=1024)
def instant(at: datetime) -> str:
    """ISO 8601 in UTC with Z, as short as it is exact. A batch says the same few a thousand times."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def decide_one(subscription: UUID, capability: str, at: datetime, trace: Trace | None = None) -> Decision:
    """One decision by one statement (two when a new edition has to be read). Raises NoEdition."""
    return _decision(subscription, capability, at, _read({subscription}, {capability}), trace)


def decide_many(pairs: Sequence[Pair], at: datetime) -> list[Decision]:
    """Decisions in the order asked, by one statement for all."""
    return decide_at([(subscription, capability, at) for subscription, capability in pairs])


def decide_at(questions: Sequence[tuple[UUID, str, datetime]]) -> list[Decision]:
    """Like `decide_many`, each question with an instant of its own."""
    if not questions:
        return []
    recorded = _read({question[0] for question in questions}, {question[1] for question in questions})
    return [_decision(*question, recorded, None) for question in questions]


_first_asked: dict[int, datetime] = {}
"""When the test subscription that ends was first asked, in this process; ten minutes later it starts anew."""
_AGAIN_AFTER = timedelta(minutes=10)


def forget_rehearsals() -> None:
    """Let the test subscription that ends start anew."""
    _first_asked.clear()


def _rehearsed(subscription: UUID, at: datetime) -> Verdict | None:
    number = rehearsal.number_of(subscription)
    if number is None:
        return None
    first = _first_asked.get(number)
    if first is None or not first <= at < first + _AGAIN_AFTER:
        first = _first_asked[number] = at
    return rehearsal.rehearse(number, at, first)


def _decision(
    subscription: UUID, code: str, at: datetime, recorded: Recorded, trace: Trace | None
) -> Decision:
    edition = recorded.edition
    capability = edition.capability(code)
    verdict = _rehearsed(subscription, at) if capability is not None else None
    if verdict is None:
        verdict = decide(recorded.facts(subscription, capability), capability, at, trace)
    return Decision(subscription, code, verdict, edition)


def facts_of(subscription: UUID, code: str) -> tuple[Facts, Edition]:
    """What the rule is given for one pair, for explanations."""
    recorded = _read({subscription}, {code})
    return recorded.facts(subscription, recorded.edition.capability(code)), recorded.edition


def facts_many(pairs: Sequence[Pair]) -> dict[Pair, Facts]:
    """What is recorded about each pair, by one statement, for pages that also say since when and why."""
    if not pairs:
        return {}
    recorded = _read({guid for guid, _code in pairs}, {code for _guid, code in pairs})
    capability = recorded.edition.capability
    return {(guid, code): recorded.facts(guid, capability(code)) for guid, code in pairs}


# --- reading ---


def _read(guids: set[UUID], codes: set[str]) -> Recorded:
    digest, edition_id = "", 0
    held: dict[str, tuple[int, str | None]] = {}
    rights: defaultdict[tuple[int, str], list[Right]] = defaultdict(list)
    asks: defaultdict[tuple[int, str], list[Ask]] = defaultdict(list)
    suspensions: defaultdict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for what, number, digits, capability, text, start, end, cut, pk in _rows(
        [one.hex for one in guids], codes
    ):
        if what == _RIGHT:
            rights[number, capability].append(Right(text, start, end, cut, pk))
        elif what == _ASK:
            asks[number, capability].append(Ask(start, end, text))
        elif what == _USE:
            held[digits] = number, text
        elif what == _SUSPENSION:
            suspensions[number].append((start, end))
        else:
            digest, edition_id = text, pk
    return Recorded(_edition(digest, edition_id), held, rights, asks, suspensions)


def _rows(guids: list[str], codes: set[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # One array each: the statement stays the same, so it is prepared once, whatever the number. Instants are
            # in UTC as it is; the loader that Django puts in its place to say so costs a third of a batch.
            cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
            cursor.execute(_OF_POSTGRESQL, [f"{{{','.join(guids)}}}", list(codes), list(codes)])
            return list(cursor.fetchall())
        names: list[Any] = list(codes)
        cursor.execute(
            _SQL.format(guids=_one_of(guids), codes=_one_of(names), joined="group_concat", digits="a.guid"),
            guids + names * 2,
        )
        return [(*row[:5], *map(_aware, row[5:8]), row[8]) for row in cursor.fetchall()]


def _aware(value: datetime | str | None) -> datetime | None:
    """SQLite hands out naive UTC, as a datetime where it knows the column's type and as text where not."""
    if value is None:
        return None
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).replace(tzinfo=UTC)


def _edition(digest: str, pk: int) -> Edition:
    if not digest:
        raise no_edition()
    return edition_by_digest(digest, pk)


# --- what to do next (promise P10) ---


_APPLY = "/applications/new/?capability={capability}"
_STEPS: dict[AccessReason, tuple[str, str]] = {
    AccessReason.GRACE: (gettext_noop("Apply before access ends"), _APPLY),
    AccessReason.NOT_APPLIED: (gettext_noop("Apply for access"), _APPLY),
    AccessReason.UNKNOWN_SUBSCRIPTION: (gettext_noop("Apply for access, naming this subscription"), _APPLY),
    AccessReason.GRACE_ENDED: (gettext_noop("Apply for access; the grace year is over"), _APPLY),
    AccessReason.EXPIRED: (gettext_noop("Renew the approval that ran out"), "/access/"),
    AccessReason.DENIED: (gettext_noop("Read the reasons and what cures them"), "/applications/"),
    AccessReason.PENDING: (gettext_noop("Follow the application that is being decided"), "/applications/"),
    AccessReason.REVOKED: (gettext_noop("Read why access was taken back and whom to ask"), "/access/"),
    AccessReason.SUSPENDED: (
        gettext_noop("Read why the subscription is suspended and whom to ask"),
        "/access/",
    ),
    AccessReason.RETIRED: (
        gettext_noop("See what is retired and what is open"),
        "/check/?capability={capability}",
    ),
    AccessReason.UNKNOWN_CAPABILITY: (gettext_noop("Find the capability's code"), "/catalogue/"),
    AccessReason.ERROR: (gettext_noop("Ask again; see the state of the service"), "/readyz"),
}
"""What to do and where."""


def next_step(reason: AccessReason, capability: str, language: str | None = None) -> str | None:
    """What to do and where, in one sentence with a full address; None when nothing is to be done."""
    return _next_step(reason, capability, language or get_language()) if reason in _STEPS else None


@lru_cache(maxsize=1024)
def _next_step(reason: AccessReason, capability: str, language: str | None) -> str:
    """In the language that is active; `language` only tells one from another."""
    words, address = _STEPS[reason]
    return f"{gettext(words)}: {settings.SITE_URL}{address.format(capability=capability)}"


def explain(decision: Decision, facts: Facts, trace: Trace) -> Iterator[str]:
    """Lines for a person: the edition, what is recorded, each step as it was tried."""
    yield f"edition {decision.edition.code}"
    known, class_ = "known" if facts.known else "not known", "existing" if facts.existing else "new"
    yield f"subscription {known}, {class_} for this gate"
    for right in facts.rights:
        cut = f", revoked {instant(right.revoked_at)}" if right.revoked_at else ""
        span = f"[{instant(right.starts_at)}, {instant(right.ends_at)})"
        yield f"right {right.id}: {Basis(right.basis).value} {span}{cut}"
    for ask in facts.asks:
        closed = (
            f"closed {instant(ask.closed_at)} {ask.outcome or 'without outcome'}"
            if ask.closed_at
            else "undecided"
        )
        yield f"asked {instant(ask.asked_at)}, {closed}"
    for start, end in facts.suspensions:
        yield f"suspended [{instant(start)}, {instant(end) if end else '…'})"
    for number, (step, matched, detail) in enumerate(trace.steps, 1):
        yield f"{number}. {step}: {'yes' if matched else 'no'}{f' ({detail})' if detail else ''}"
