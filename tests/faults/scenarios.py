"""The faults. Each answers a row of the table: what was done how often, and what was found wrong (nothing)."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from applications.actions import access
from applications.enums import Basis, ChangeKind, ExtensionReason, MessageState, State
from applications.exceptions import SomebodyWasFaster
from applications.jobs.delivery import deliver
from applications.jobs.ends import close_ended
from applications.jobs.preview import preview_deadlines
from applications.models import AccessGrant, AuditEvent, Change, MailSwitch, OutboundMessage
from applications.queries.decision import decide_many, decide_one
from applications.queries.policy import edition_in_force
from tests import agreement, factories
from tests.faults import world
from tests.pairs import PAIRS, People, play, rights_and_records, together


@dataclass(slots=True)
class Row:
    """`wrong` maps a name of what must not be to how often it was seen; `figures` is told beside it."""

    fault: str
    what: str
    trials: int
    wrong: dict[str, int] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)
    expected_wrong: bool = False

    @property
    def is_fine(self) -> bool:
        return bool(sum(self.wrong.values())) is self.expected_wrong


# --- F1: the job that closes what ended is killed at random ---


def f1_kill_the_ends(rng: random.Random, kills: int) -> Row:
    world.empty()
    number = 20_000
    ends_at = world.now() - timedelta(minutes=1)
    world.customers(number, ends_at)
    killed = world.run_and_kill(world.manage("revoke_overdue", "--json"), rng, kills, 2.2)
    closed = AccessGrant.objects.filter(closed_at__isnull=False).count()
    audited = AuditEvent.objects.filter(action="right.closed").values_list("target_ref", flat=True)
    fed = Change.objects.filter(kind=ChangeKind.ENDED).values_list("subscription_guid", flat=True)
    told = OutboundMessage.objects.filter(kind="access_ended").values_list("customer", flat=True)
    wrong = {"not closed": number - closed}
    for name, rows in (("audit", list(audited)), ("feed", list(fed)), ("notice", list(told))):
        wrong[f"{name} lost"] = number - len(set(rows))
        wrong[f"{name} doubled"] = len(rows) - len(set(rows))
    return Row(
        "F1", "kill -9 of the job of ends, in mid-batch", kills, wrong, {"killed": killed, "rights": number}
    )


# --- F1/F13: delivery is killed at random; the mail server drops the line before it answers ---


def f13_kill_the_delivery(rng: random.Random, kills: int, *, rude: float = 0.0) -> Row:
    world.empty()
    number = 400
    world.customers(number, world.now() - timedelta(minutes=1))
    close_ended(world.now())
    OutboundMessage.objects.filter(state=MessageState.HELD).update(state=MessageState.QUEUED)
    with world.sink(rude, rng.randrange(10**6)) as sink:
        killed = world.run_and_kill(world.manage("deliver_messages"), rng, kills, 2.5)
        for step in range(1, 60):
            ahead = world.now() + timedelta(
                hours=3 * step
            )  # leases, pauses and the waits between tries are over
            MailSwitch.objects.update(paused_until=None)
            deliver(ahead)
            if not OutboundMessage.objects.filter(state__in=["queued", "sending"]).exists():
                break
    people = OutboundMessage.objects.exclude(address="")
    sent = people.filter(state=MessageState.SENT).count()
    waiting = people.filter(state=MessageState.QUARANTINED).count()
    twice = sum(times - 1 for times in sink.taken.values())
    most = max(sink.taken.values(), default=0)
    wrong = {
        "never sent": number - len(sink.taken),
        "sent but never taken": max(0, sent - len(sink.taken)),
        "more than 3 of one": sum(times > 3 for times in sink.taken.values()),
        "not at an end": people.exclude(state__in=["sent", "quarantined"]).count(),
    }
    what = f"kill -9 of the delivery{f', line dropped before the answer {rude:.0%}' if rude else ''}"
    figures = {
        "killed": killed,
        "mails": number,
        "duplicates": twice,
        "most of one": most,
        "for a person": waiting,
    }
    return Row("F13" if rude else "F1 mail", what, kills, wrong, figures)


def broken_variant(kills: int) -> Row:
    """Mark first, then send: the harness has to see the loss, or it sees nothing."""
    world.empty()
    number = 200
    world.customers(number, world.now() - timedelta(minutes=1))
    close_ended(world.now())
    program, killed = [sys.executable, "-m", "tests.faults.broken"], 0
    with world.sink() as sink:
        for _ in range(kills):
            if subprocess.run(program, cwd=world.ROOT, check=False).returncode == 0:
                break
            killed += 1
    lost = number - len(sink.taken)
    return Row(
        "broken",
        "mark as sent, then send, killed",
        kills,
        {"never sent": lost},
        {"killed": killed},
        expected_wrong=True,
    )


# --- F16: a deadline crossed at full speed ---


def f16_cross_the_deadline(rng: random.Random, rounds: int) -> Row:
    wrong: Counter[str] = Counter()
    asked = close_by = 0
    for _ in range(rounds):
        found, answers, landed = _crossing(rng)
        wrong.update(found)
        asked += answers
        close_by += landed
    return Row(
        "F16",
        "10,000 rights end at one instant, 200 extensions are begun within 50 ms of it, probes each 5 ms",
        rounds,
        dict(wrong),
        {"answers": asked, "landed within 50 ms": close_by},
    )


def _crossing(rng: random.Random) -> tuple[dict[str, int], int, int]:
    """One crossing at full speed: what was found wrong, how many answers, how many extensions landed close by."""
    world.empty()
    rights = world.customers(10_000, world.now() + timedelta(days=1))
    saved = rng.sample(rights, 200)
    kept = {right.pk for right in saved}
    watched = [*saved[:10], *rng.sample([right for right in rights if right.pk not in kept], 10)]
    edition, approved_at = edition_in_force(), {}
    answers: list[tuple[Any, Any]] = []
    ends_at = world.now() + timedelta(seconds=2)
    AccessGrant.objects.update(ends_at=ends_at)

    def approve(some: list[Any]) -> None:
        for moment, _pk, right in sorted((rng.uniform(-50, 50), right.pk, right) for right in some):
            world.wait_until(ends_at + timedelta(milliseconds=moment))
            at = world.now()
            with transaction.atomic():
                access.grant_extension(
                    right.subscription,
                    right.capability,
                    reason=ExtensionReason.CUSTOMER,
                    starts_at=at,
                    ends_at=at + timedelta(days=9),
                    edition=edition,
                    by=None,
                    now=at,
                )
            approved_at[right.pk] = world.now()

    def probe() -> None:
        pairs = [(right.subscription.guid, right.capability) for right in watched]
        while (began := world.now()) < ends_at + timedelta(seconds=2):
            answers.extend(zip(watched, decide_many(pairs, began), strict=True))
            world.wait_until(began + timedelta(milliseconds=5))

    def close() -> None:
        world.wait_until(ends_at)
        while AccessGrant.objects.filter(closed_at=None, ends_at__lte=world.now()).exists():
            close_ended(world.now())

    shares = [lambda some=saved[n::4]: approve(some) for n in range(4)]
    found: Counter[str] = Counter()
    found["failed"] = sum(isinstance(one, Exception) for one in together(*shares, probe, close))
    for right, said in answers:
        verdict, at = said.verdict, said.verdict.evaluated_at
        found["allowed after the end"] += verdict.allowed and right.pk not in kept and at >= ends_at
        found["refused before the end"] += not verdict.allowed and at < ends_at
        found["approved but refused"] += (
            not verdict.allowed and right.pk in approved_at and at >= approved_at[right.pk]
        )
    found["not approved"] = len(kept) - len(approved_at)
    landed = sum(abs((at - ends_at).total_seconds()) <= 0.05 for at in approved_at.values())
    return dict(found), len(answers), landed


# --- the decision query against the pure rule ---


def agree(rng: random.Random, number: int) -> Row:
    """Random rows of every kind, asked about at instants that often fall on their ends."""
    wrong, asked = 0, 0
    while asked < number:
        world.empty()
        row = factories.edition_row_in_force()
        holder, claimant = factories.customer("Holder"), factories.customer("Claimant")
        there = agreement.World(
            holder,
            claimant,
            factories.submitted(holder, row),
            factories.submitted(claimant, row),
            factories.person("rosa@vendor.example"),
            edition_in_force(),
        )
        cases = agreement.cases(rng, there, 1000)
        wrong += agreement.compare(cases)[0]
        asked += len(cases)
    return Row("agree", "decisions read from rows against the pure rule", asked, {"differ": wrong})


# --- F20: two people at once ---


def f20_two_at_once(_rng: random.Random, rounds: int) -> Row:
    world.empty()
    people = People.met()
    wrong: Counter[str] = Counter()
    won: Counter[str] = Counter()
    for pair in PAIRS:
        for _round in range(rounds):
            now = world.now()
            made, answers = play(pair, people, now - timedelta(hours=1), now)
            wins = [number for number, one in enumerate(answers) if not isinstance(one, Exception)]
            wrong["both won"] += len(wins) > 1
            wrong["nobody won"] += not wins
            wrong["loser not told who and when"] += sum(
                isinstance(one, Exception)
                and not (isinstance(one, SomebodyWasFaster) and one.who and one.when)
                for one in answers
            )
            rights, decisions, records = rights_and_records(made, now)
            wrong["rights without the winner"] += (
                bool(rights) != made.items.filter(outcome="approved").exists()
            )
            wrong["not one decision"] += decisions != (made.state == State.DECIDED)
            wrong["not one record"] += records != 1
            won[f"{pair}: {'first' if wins == [0] else 'second'}"] += 1
    return Row(
        "F20", "two people act on one case at once, each pair", rounds * len(PAIRS), dict(wrong), dict(won)
    )


# --- F17/F18: everything twice, or nothing at all ---


def f17_everything_twice(_rng: random.Random, rounds: int) -> Row:
    wrong: Counter[str] = Counter()
    for _ in range(rounds):
        world.empty()
        world.customers(500, world.now() - timedelta(seconds=1))
        preview_deadlines(world.now())
        answers = together(*[lambda: close_ended(world.now()) for _ in range(4)])
        wrong["failed"] += sum(isinstance(one, Exception) for one in answers)
        close_ended(world.now())
        wrong["audit"] += abs(500 - AuditEvent.objects.filter(action="right.closed").count())
        wrong["notices"] += abs(500 - OutboundMessage.objects.filter(kind="access_ended").count())
    return Row("F17", "four runs of the job of ends at once", rounds, dict(wrong))


def f18_no_job_at_all(_rng: random.Random, rounds: int) -> Row:
    wrong: Counter[str] = Counter()
    for _ in range(rounds):
        world.empty()
        ends_at = world.now() + timedelta(seconds=1)
        rights = world.customers(50, ends_at)
        world.wait_until(ends_at)
        for right in rights:
            said = decide_one(right.subscription.guid, right.capability, world.now()).verdict
            wrong["allowed after the end"] += said.allowed
    wrong["a right was closed"] += AccessGrant.objects.filter(
        basis=Basis.APPROVAL, closed_at__isnull=False
    ).count()
    return Row("F18", "no worker and no schedule across a deadline", rounds, dict(wrong))
