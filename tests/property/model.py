"""What ought to be true of a grace year, told again in the plainest way, without anything of the product.

Spans of time in a list, and loops over them. Dates and capabilities are those of the edition of 21 June 2022.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
CUT = datetime(2022, 6, 21, tzinfo=UTC)
END = datetime(2023, 7, 1, tzinfo=UTC)
GATED = ("face.identification", "face.verification", "face.face-id", "face.find-similar", "face.liveness")
RETIRING = (
    "face.emotion",
    "face.gender",
    "face.age",
    "face.smile",
    "face.facial-hair",
    "face.hair",
    "face.makeup",
)
OPEN = "face.detection"
GRANTED_WITH = {
    "face.identification": ("face.identification", "face.face-id", "face.find-similar"),
    "face.verification": ("face.verification", "face.face-id"),
}
STEPS = (270, 180, 90, 60, 30, 21, 14, 7, 3, 1)
ANNOUNCEMENT = 32_000
Pair = tuple[int, str]
Deadline = tuple[int, datetime]
"""A customer and the instant at which something of theirs ends."""


@dataclass
class Span:
    """A right as the model keeps it. `closed` is true once it is over and told, or taken back."""

    customer: int
    pair: Pair
    basis: str
    start: datetime
    end: datetime
    revoked: datetime | None = None
    closed: bool = False

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end and (self.revoked is None or at < self.revoked)


@dataclass
class Model:
    end: datetime = END
    spans: list[Span] = field(default_factory=list)
    existing: dict[int, bool] = field(default_factory=dict)
    holder: dict[int, int] = field(default_factory=dict)
    pauses: dict[int, list[list[datetime | None]]] = field(default_factory=lambda: defaultdict(list))
    audit: Counter[str] = field(default_factory=Counter)
    fed: Counter[str] = field(default_factory=Counter)
    notices: Counter[int] = field(default_factory=Counter)
    ledger: dict[tuple[int, datetime, int], str] = field(default_factory=dict)

    # --- what people do ---

    def take_in(self, customer: int, subscription: int, existing: bool, now: datetime) -> None:
        self.holder[subscription], self.existing[subscription] = customer, existing
        for code in (*GATED, *RETIRING) if existing else ():
            over = self.end <= now
            self.spans.append(Span(customer, (subscription, code), "grace", CUT, self.end, closed=over))
            self.audit["right.grace"] += 1

    def approve(self, subscription: int, code: str, now: datetime) -> None:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        day = min(midnight.day, 28) if midnight.month == 2 else midnight.day
        end = midnight.replace(year=midnight.year + 2, day=day) + DAY
        for granted in GRANTED_WITH[code]:
            self._add(subscription, granted, "approval", now, end, "right.approved")

    def extend(self, subscription: int, deadline: datetime, until: datetime, now: datetime) -> None:
        for span in list(self.of(subscription)):
            if span.end == deadline and span.revoked is None and span.pair[1] in GATED:
                start = max(now, deadline)
                self._add(subscription, span.pair[1], "extension", start, until, "right.extended")

    def reinstate(self, subscription: int, code: str, until: datetime, now: datetime) -> None:
        self._add(subscription, code, "extension", now, until, "right.extended")

    def revoke(self, subscription: int, code: str, now: datetime) -> None:
        for span in self.of(subscription):
            if span.pair[1] == code and span.revoked is None and span.end > now:
                span.revoked, span.closed = now, True
                self.audit["right.revoked"] += 1
                self.fed["revoked"] += 1

    def activate(self, end: datetime, now: datetime) -> None:
        self.end = end
        for span in self.spans:
            if span.basis != "grace" or span.closed or span.end <= now:
                continue
            after = end if end >= span.end else min(span.end, max(end, now + 90 * DAY))
            if after != span.end:
                span.end = after
                self.audit["right.moved"] += 1
                self.fed["moved"] += 1
        self.fed["policy"] += 1

    def move(self, subscription: int, to: int, now: datetime) -> None:
        """Grace and extensions go with it; an approval turns into thirty days of extension."""
        self.holder[subscription] = to
        for span in self.of(subscription):
            if span.closed or span.revoked is not None or span.end <= now:
                continue
            if span.basis == "approval":
                end = min(span.end, now + 30 * DAY)
                self._add(subscription, span.pair[1], "extension", now, end, "right.extended")
                span.revoked, span.closed = now, True
                self.audit["right.revoked"] += 1
                self.fed["revoked"] += 1
            else:
                span.customer = to

    def suspend(self, subscription: int, now: datetime) -> None:
        self.pauses[subscription].append([now, None])

    def resume(self, subscription: int, now: datetime) -> None:
        self.pauses[subscription][-1][1] = now

    def _add(
        self, subscription: int, code: str, basis: str, start: datetime, end: datetime, action: str
    ) -> None:
        self.spans.append(Span(self.holder[subscription], (subscription, code), basis, start, end))
        self.audit[action] += 1
        self.fed["granted"] += 1

    def of(self, subscription: int) -> list[Span]:
        return [span for span in self.spans if span.pair[0] == subscription]

    def is_suspended(self, subscription: int, at: datetime) -> bool:
        return any(start <= at and (end is None or at < end) for start, end in self.pauses[subscription])

    # --- the answer ---

    def answer(self, pair: Pair, at: datetime) -> str:
        """The reason of an allow, or "" for a deny."""
        subscription, code = pair
        if code == OPEN or at < CUT:
            return "open"
        if code in RETIRING and (at >= self.end or not self.existing[subscription]):
            return ""
        if self.is_suspended(subscription, at):
            return ""
        bases = {span.basis for span in self.of(subscription) if span.pair == pair and span.holds(at)}
        names = {"approval": "approved", "extension": "extension", "grace": "grace"}
        return next((names[basis] for basis in names if basis in bases), "")

    def turns(self, pair: Pair, after: datetime) -> list[datetime]:
        """Every instant after `after` at which the answer might turn."""
        found = [self.end, CUT]
        found += [moment for span in self.spans for moment in (span.start, span.end, span.revoked) if moment]
        found += [moment for pause in self.pauses[pair[0]] for moment in pause if moment]
        return sorted({moment for moment in found if moment > after})

    def first_deny(self, pair: Pair, at: datetime) -> datetime | None:
        return next((moment for moment in self.turns(pair, at) if not self.answer(pair, moment)), None)

    # --- what the clock does ---

    def _other(self, span: Span, at: datetime) -> bool:
        return any(other is not span and other.pair == span.pair and other.holds(at) for other in self.spans)

    def close(self, now: datetime) -> None:
        """One whole run of the ends: who lost something is told once."""
        due = [span for span in self.spans if not span.closed and span.end <= now]
        self.notices.update(
            {span.customer for span in due if not (self._other(span, span.end) or self._standing(span, now))}
        )
        for span in due:
            span.closed = True
            self.audit["right.closed"] += 1
            self.fed["ended"] += 1

    def _standing(self, span: Span, now: datetime) -> bool:
        """Another right stands now that nobody has taken back."""
        return any(
            other is not span and other.pair == span.pair and other.revoked is None and other.holds(now)
            for other in self.spans
        )

    def losing(self, customer: int, end: datetime) -> list[Span]:
        """The rights of a customer that are open and end then with nothing that goes on."""
        return [
            span
            for span in self.spans
            if span.customer == customer
            and span.end == end
            and not span.closed
            and not self._other(span, end)
        ]

    def remind(self, now: datetime) -> dict[tuple[int, datetime, int], bool]:
        """One run of the reminders at a decent hour: the step that must be in the ledger then → whether it is needed.

        A step that was recorded before is not asked for again. The first letter about a grace year is the announcement.
        """
        expected = {}
        for customer, end in {(s.customer, s.end) for s in self.spans if not s.closed and s.end > now}:
            past = [step for step in STEPS if end - step * DAY <= now]
            graces = [
                s
                for s in self.spans
                if not s.closed and (s.customer, s.end, s.basis) == (customer, end, "grace")
            ]
            step = min(past, default=None)
            if graces and (customer, end, ANNOUNCEMENT) not in self.ledger:
                step = ANNOUNCEMENT
                for passed in past:
                    self.ledger.setdefault((customer, end, passed), "passed over")
            if step is None or (customer, end, step) in self.ledger:
                continue
            self.ledger[customer, end, step] = "recorded"
            expected[customer, end, step] = bool(self.losing(customer, end))
        return expected
