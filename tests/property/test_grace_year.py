"""A whole grace year, by chance, against the small model beside this: answers, books, warnings (P1, P2, P3, P6).

People import, apply, decide, extend, revoke, suspend and move the deadline; the clock jumps; the jobs run, twice, and
die before any statement; the mail server takes nothing for a while. `GRACE_YEARS` says how many years are lived.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from applications.actions import decision, rights, suspension
from applications.actions.customers_import import import_rows
from applications.actions.policy import activate_policy, load_edition, propose_activation
from applications.enums import ExtensionReason, MessageKind, ReminderState, StaffRole, State
from applications.jobs import mailing
from applications.jobs.delivery import deliver
from applications.jobs.ends import close_ended
from applications.jobs.lapses import lapse_waiting
from applications.jobs.preview import preview_deadlines
from applications.jobs.reminders import record_reminders
from applications.jobs.sealing import seal_trail
from applications.models import (
    AccessGrant,
    AuditEvent,
    Change,
    Customer,
    MailSwitch,
    OutboundMessage,
    Reminder,
    Subscription,
)
from applications.queries.audit import verify
from applications.queries.decision import decide_at
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition
from tests import factories
from tests.cases import DENIED, case, same_for_all
from tests.property.model import CUT, DAY, GATED, OPEN, Model, Span
from tests.property.world import Post, dying, edition_text, row_of

YEARS = int(os.environ.get("GRACE_YEARS", "8"))
NAMES = ("Nordlys Airports", "Banco del Sur", "Kyoto Rail")
ASKED = {"face.identification": "FC3", "face.verification": "FC2"}
LOOKED_AT = (*GATED[:3], "face.gender", OPEN)
LAST_DAYS = ("2023-03-31", "2023-09-30", "2023-12-31")
TICK = timedelta(microseconds=1)
SEEN: Counter[tuple[str, str]] = Counter()
"""How often each event met each state of a right: what the run has covered."""


class GraceYear(RuleBasedStateMachine):
    mail_server: Post

    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        self.model = Model()
        self.now = datetime(2022, 6, 22, 11, 0, tzinfo=UTC)
        self.held: list[Subscription] = []
        self.mail_server.taken.clear()
        factories.edition_row(now=CUT)
        self.rosa = factories.person("rosa@vendor.example", staff_role=StaffRole.REVIEWER)
        self.lena = factories.person("lena@vendor.example", staff_role=StaffRole.LEAD)
        self.levi = factories.person("levi@vendor.example", staff_role=StaffRole.LEAD)
        self.omar = factories.person("omar@vendor.example", staff_role=StaffRole.OPERATOR)
        self.olga = factories.person("olga@vendor.example", staff_role=StaffRole.OPERATOR)
        self.last_days = list(LAST_DAYS)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.settle()
        finally:
            transaction.set_rollback(True)
            self.world.__exit__(None, None, None)

    @property
    def edition(self) -> Edition:
        return edition_in_force()

    def one(self, number: int) -> Subscription:
        return self.held[number % len(self.held)]

    def met(self, event: str, spans: list[Span] | None = None) -> None:
        for span in self.model.spans if spans is None else spans:
            state = (
                "revoked"
                if span.revoked
                else "closed"
                if span.closed
                else "over"
                if span.end <= self.now
                else "open"
            )
            SEEN[event, f"{span.basis} {state}"] += 1

    # --- the clock ---

    @rule(days=st.integers(0, 45), hours=st.integers(0, 23))
    def time_passes(self, days: int, hours: int) -> None:
        self.now += timedelta(days=days, hours=hours)

    @rule(which=st.integers(0, 9), offset=st.sampled_from([-TICK, timedelta(0), TICK]))
    def an_instant_comes(self, which: int, offset: timedelta) -> None:
        ahead = sorted({s.end for s in self.model.spans if s.end > self.now + TICK and not s.closed})
        if ahead:
            self.now = ahead[which % len(ahead) // 2] + offset

    @rule(minutes=st.integers(1, 120))
    def the_clock_is_set_back(self, minutes: int) -> None:
        self.now = max(self.now - timedelta(minutes=minutes), CUT + DAY)

    # --- people ---

    @initialize(start=st.sampled_from(["alone", "two", "approved", "given back"]))
    def begin(self, start: str) -> None:
        """Where chance alone seldom comes: two customers with an approval; one given back, then approved beyond it."""
        self.take_in(0, existing=True)
        if start != "alone":
            self.take_in(1, existing=True)
        if start == "given back":
            self.revoke(which=0, code="face.identification", emergency=False)
            self.reinstate(which=0, days=60)
        if start in ("approved", "given back"):
            self.decide(which=0, code="face.identification", approve=True)
        if start == "given back":
            self.time_passes(days=30, hours=0)
            self.warnings(dies_at=60, size=20_000)

    @rule(customer=st.integers(0, 2), existing=st.booleans())
    @precondition(lambda self: len(self.held) < 4)
    def take_in(self, customer: int, existing: bool) -> None:
        guid = f"5eed0000-0000-4000-8000-{len(self.held):012d}"
        day = date(2021, 3, 1) if existing else date(2022, 6, 21)
        today = self.edition.local_day(self.now)
        rows = row_of(NAMES[customer], guid, day, self.edition, today)
        for _twice in range(2):
            import_rows(rows, edition=self.edition, first_line=lambda _guid: None, by=None, now=self.now)
        found = Subscription.objects.get(guid=guid)
        self.held.append(found)
        self.model.take_in(found.customer_id, found.pk, existing, self.now)

    @rule(which=st.integers(0, 3), code=st.sampled_from(sorted(ASKED)), approve=st.booleans())
    def decide(self, which: int, code: str, approve: bool) -> None:
        subscription = self.one(which)
        self.met("approve" if approve else "deny", self.model.of(subscription.pk))
        made = case(
            Customer.objects.get(pk=subscription.customer_id),
            asks=((code, ASKED[code]),),
            subscriptions=(subscription,),
            state=State.IN_REVIEW,
            holder=self.rosa,
            now=self.now,
        )
        outcomes = same_for_all(made) if approve else same_for_all(made, DENIED)
        decision.decide(made, outcomes=outcomes, edition=self.edition, by=self.rosa, now=self.now)
        if approve:
            self.model.approve(subscription.pk, code, self.now)

    @rule(
        which=st.integers(0, 3),
        end=st.integers(0, 5),
        days=st.integers(1, 120),
        last=st.sampled_from(LAST_DAYS),
    )
    def extend(self, which: int, end: int, days: int, last: str) -> None:
        """To some day, or, half the time, to a day on which the grace year may end too."""
        subscription = self.one(which)
        ends = sorted(
            {s.end for s in self.model.of(subscription.pk) if s.revoked is None and s.pair[1] in GATED}
        )
        if not ends:
            return
        deadline = ends[end % len(ends)]
        begin = max(deadline, self.now)
        until = date.fromisoformat(last)
        if days % 2 or not begin.date() <= until < (begin + 360 * DAY).date():
            until = (begin + days * DAY).date()
        self.met("extend", [s for s in self.model.of(subscription.pk) if s.end == deadline])
        asked = rights.propose_extension(
            subscription,
            deadline_at=deadline,
            until=until,
            why=ExtensionReason.CUSTOMER,
            reason="They asked.",
            edition=self.edition,
            by=self.omar,
            now=self.now,
        )
        rights.answer(asked, agree=True, edition=self.edition, by=self.olga, now=self.now)
        ends_at = datetime.combine(until, datetime.min.time(), UTC) + DAY
        self.model.extend(subscription.pk, deadline, ends_at, self.now)

    @rule(which=st.integers(0, 3), code=st.sampled_from(GATED[:3]), emergency=st.booleans())
    def revoke(self, which: int, code: str, emergency: bool) -> None:
        subscription = self.one(which)
        standing = [
            s
            for s in self.model.of(subscription.pk)
            if s.pair[1] == code and s.revoked is None and s.end > self.now
        ]
        if not standing:
            return
        self.met("revoke", standing)
        more = {"reason": "Found out.", "by": self.lena, "now": self.now}
        if emergency:
            rights.revoke_now(subscription, code, edition=self.edition, **more)
        else:
            asked = rights.propose_revocation(subscription, code, **more)
            rights.answer(asked, agree=True, edition=self.edition, by=self.levi, now=self.now)
        self.model.revoke(subscription.pk, code, self.now)

    @rule(which=st.integers(0, 3), days=st.integers(1, 200))
    def reinstate(self, which: int, days: int) -> None:
        subscription = self.one(which)
        taken = [s.pair[1] for s in self.model.of(subscription.pk) if s.revoked is not None]
        if not taken:
            return
        self.met("reinstate", self.model.of(subscription.pk))
        until = (self.now + days * DAY).date()
        asked = rights.propose_reinstatement(
            subscription, taken[0], until=until, reason="It was a mistake.", edition=self.edition, by=self.lena,
            now=self.now,
        )  # fmt: skip
        rights.answer(asked, agree=True, edition=self.edition, by=self.levi, now=self.now)
        ends_at = datetime.combine(until, datetime.min.time(), UTC) + DAY
        self.model.reinstate(subscription.pk, taken[0], ends_at, self.now)

    @rule(which=st.integers(0, 3))
    def suspend_or_resume(self, which: int) -> None:
        subscription = self.one(which)
        spans = self.model.pauses[subscription.pk]
        if spans and spans[-1][1] is None:
            begun = spans[-1][0]
            if begun is not None and begun >= self.now:  # the clock was set back
                return
            suspension.resume(
                subscription, reason="Mended.", edition=self.edition, by=self.lena, now=self.now
            )
            self.model.resume(subscription.pk, self.now)
            self.met("resume", self.model.of(subscription.pk))
        else:
            suspension.suspend(subscription, reason="Look.", edition=self.edition, by=self.lena, now=self.now)
            self.model.suspend(subscription.pk, self.now)
            self.met("suspend", self.model.of(subscription.pk))

    @rule(which=st.integers(0, 3), to=st.integers(0, 3))
    def move(self, which: int, to: int) -> None:
        subscription, customer = self.one(which), self.one(to).customer
        if subscription.customer_id == customer.pk:
            return
        self.met("move", self.model.of(subscription.pk))
        asked = rights.propose_move(
            subscription, to=customer, reason="They merged.", by=self.omar, now=self.now
        )
        rights.answer(asked, agree=True, edition=self.edition, by=self.olga, now=self.now)
        subscription.refresh_from_db()
        self.model.move(subscription.pk, customer.pk, self.now)

    @rule(which=st.integers(0, 2))
    @precondition(lambda self: self.last_days)
    def move_the_deadline(self, which: int) -> None:
        last_day = self.last_days.pop(which % len(self.last_days))
        self.met("edition")
        row = load_edition(edition_text(last_day), source="e.toml", by=self.omar, now=self.now).row
        propose_activation(row, by=self.omar, now=self.now)
        activate_policy(row, by=self.omar, second=self.olga, now=self.now)
        self.model.activate(datetime.fromisoformat(last_day).replace(tzinfo=UTC) + DAY, self.now)

    # --- the jobs ---

    @rule(
        dies_at=st.integers(1, 40),
        size=st.sampled_from([1, 5, 5000]),
        times=st.integers(1, 2),
        offset=st.sampled_from([None, -TICK, timedelta(0), TICK]),
    )
    def ends(self, dies_at: int, size: int, times: int, offset: timedelta | None) -> None:
        """Now, or at the next end, a tick before it or after it."""
        if offset is not None:
            self.an_instant_comes(which=0, offset=offset)
        self.met("close", [s for s in self.model.spans if s.end <= self.now])
        with dying(dies_at):
            close_ended(self.now, size=size)
        for _twice in range(times):
            close_ended(self.now, size=size)
        self.model.close(self.now)

    @rule(dies_at=st.integers(1, 60), size=st.sampled_from([1, 20_000]))
    def warnings(self, dies_at: int, size: int) -> None:
        """At noon, so that it is a decent hour; before and after, the ends are closed as the schedule does."""
        self.now = max(self.now, self.now.replace(hour=12, minute=0, second=0, microsecond=0))
        if self.now.hour > 15:
            self.now = (self.now + DAY).replace(hour=12, minute=0)
        before = set(Reminder.objects.values_list("customer", "ends_at", "days_before"))
        with dying(dies_at):
            record_reminders(self.now, size=size)
        record_reminders(self.now, size=size)
        self.met("remind")
        expected = self.model.remind(self.now)
        rows = Reminder.objects.exclude(state=ReminderState.SUPERSEDED)
        fresh = {
            (r.customer_id, r.ends_at, r.days_before): r.state
            for r in rows
            if (r.customer_id, r.ends_at, r.days_before) not in before
        }
        states = {key: "due" if needed else "not_needed" for key, needed in expected.items()}
        assert fresh == states

    @rule(answer=st.sampled_from(["takes", "takes", "down", "later", "silent"]), dies_at=st.integers(1, 80))
    def mail_goes_out(self, answer: str, dies_at: int) -> None:
        self.mail_server.answer = answer
        MailSwitch.objects.update(paused_until=None)
        with dying(dies_at):
            deliver(self.now)
        deliver(self.now)
        self.met(f"mail {answer}")

    @rule()
    def the_other_duties(self) -> None:
        """What leaves rights alone."""
        for duty in (preview_deadlines, lapse_waiting, seal_trail):
            duty(self.now)

    # --- what must hold ---

    @invariant()
    def answers_are_right(self) -> None:
        """A day ago, now, at every later turn and a tick before it: allowed, why, and until when."""
        asked, expected = [], []
        for subscription in self.held:
            for code in LOOKED_AT:
                pair = (subscription.pk, code)
                ahead = self.model.turns(pair, self.now)[:6]
                for at in (
                    self.now,
                    self.now - DAY,
                    *(moment + offset for moment in ahead for offset in (-TICK, timedelta(0))),
                ):
                    asked.append((subscription.guid, code, at))
                    reason = self.model.answer(pair, at)
                    expected.append((reason, self.model.first_deny(pair, at) if reason else None))
        said = [one.verdict for one in decide_at(asked)]
        found = [(v.reason.value if v.allowed else "", v.ends_at) for v in said]
        wrong = [(ask, e, f) for ask, e, f in zip(asked, expected, found, strict=True) if e != f]
        assert not wrong, wrong[0]

    @invariant()
    def the_books_balance(self) -> None:
        """One row of the record and one of the feed for each change of a right; nothing is closed that goes on."""
        audit = AuditEvent.objects.filter(action__startswith="right.").values_list("action", flat=True)
        assert Counter(audit) == +self.model.audit
        fed = Change.objects.exclude(kind__in=["suspended", "resumed"]).values_list("kind", flat=True)
        assert Counter(fed) == +self.model.fed
        keys = OutboundMessage.objects.filter(kind=MessageKind.ACCESS_ENDED).values_list("key", flat=True)
        told = {
            tuple(key.split(":")[1:3]) for key in keys
        }  # the run and the customer; one letter a recipient follows
        assert Counter(int(customer) for _run, customer in told) == +self.model.notices
        closed = AccessGrant.objects.filter(closed_at__isnull=False).count()
        assert closed == sum(span.closed for span in self.model.spans)

    def settle(self) -> None:
        """The year ends well: every job comes to its end, and nobody is left untold."""
        self.mail_server.answer = "takes"
        for _day in range(3):
            self.now = (self.now + DAY).replace(hour=12, minute=0, second=0, microsecond=0)
            close_ended(self.now)
            self.model.close(self.now)
            record_reminders(self.now)
            MailSwitch.objects.update(paused_until=None)
            deliver(self.now)
        self.the_books_balance()
        self.answers_are_right()
        assert not Reminder.objects.filter(
            state=ReminderState.DUE, ends_at__gt=self.now, due_at__lte=self.now - DAY
        )
        waiting = OutboundMessage.objects.filter(state__in=["queued", "sending"], due_at__lte=self.now - DAY)
        assert not waiting.exists()
        assert max(self.mail_server.taken.values(), default=0) <= 3
        seal_trail(self.now)
        assert verify().finding is None


def test_a_grace_year_by_chance(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    monkeypatch.setattr(mailing, "get_connection", lambda: post)
    monkeypatch.setattr(GraceYear, "mail_server", post, raising=False)
    run_state_machine_as_test(
        GraceYear,
        settings=settings(
            max_examples=YEARS,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            database=None,
            derandomize="GRACE_YEARS" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(SEEN) > 20
