"""Faults of what the portal stands on: database, mail server, clock, a backup that comes back."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from applications.actions.customers_import import import_rows
from applications.jobs.delivery import deliver
from applications.jobs.ends import close_ended
from applications.jobs.reminders import record_reminders
from applications.models import AccessGrant, AuditEvent, Customer, MailSwitch, OutboundMessage, Reminder
from applications.queries.decision import decide_one
from applications.queries.policy import edition_in_force
from applications.rules.customers_file import Row as FileRow
from scripts import packages
from tests.faults import world
from tests.faults.broker import kill_a_backend
from tests.faults.rig import drain
from tests.faults.scenarios import Row
from tests.property.world import Died, dying, row_of

# --- the database ---


def f5_throw_the_database_over(rng: random.Random, times: int) -> Row:
    """Writers record customers, each told only by the answer; what was acknowledged is there, once, with its record."""
    world.empty()
    edition = edition_in_force()
    day = edition.local_day(world.now())
    stop, acknowledged, uncertain, longest = threading.Event(), [], [], [0.0]

    def write(number: int) -> None:
        began = time.monotonic()
        while True:
            rows: list[FileRow] = row_of(
                f"Writer {number}", f"5eed0000-0000-4000-9000-{number:012d}", date(2021, 3, 1), edition, day
            )
            try:
                import_rows(rows, edition=edition, first_line=lambda _guid: None, by=None, now=world.now())
            except DatabaseError:
                uncertain.append(number)
                connections.close_all()
                time.sleep(0.02)
                continue
            acknowledged.append(number)
            longest[0] = max(longest[0], time.monotonic() - began)
            return

    def writer(first: int) -> None:
        number = first
        try:
            while not stop.is_set():
                write(number)
                number += 4
        finally:
            connections.close_all()

    threads = [threading.Thread(target=writer, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for _turn in range(times):
        time.sleep(rng.uniform(1.0, 2.5))
        with suppress(DatabaseError):
            kill_a_backend()
    stop.set()
    for thread in threads:
        thread.join(60)
    connections.close_all()
    recorded = list(Customer.objects.filter(name__startswith="Writer ").values_list("name", flat=True))
    audited = AuditEvent.objects.filter(action="right.grace").count()
    wrong = {
        "acknowledged and missing": len({f"Writer {n}" for n in acknowledged} - set(recorded)),
        "doubled": len(recorded) - len(set(recorded)),
        "rights without a record": abs(AccessGrant.objects.count() - audited),
        "writer that never ended": sum(thread.is_alive() for thread in threads),
    }
    figures = {
        "acknowledged": len(acknowledged),
        "tries with an error": len(uncertain),
        "longest s": round(longest[0], 1),
    }
    return Row("F5", "the database crashes and recovers under four writers", times, wrong, figures)


def f2_die_at_every_statement(rounds: int) -> Row:
    """Each job dies before its first, second, … statement, for real: the connection is gone. Then it runs again."""
    jobs: dict[str, Callable[[Any], Any]] = {
        "ends": close_ended,
        "reminders": record_reminders,
        "delivery": deliver,
    }
    wrong: dict[str, int] = {}
    points = 0
    world.empty()
    for _round in range(rounds):
        for name, job in jobs.items():
            for statement in range(1, 400):
                world.clear()
                soon = timedelta(days=20, hours=3) if name == "reminders" else timedelta(minutes=-1)
                world.customers(3, world.now() + soon)
                with world.sink() as sink:
                    if name == "delivery":
                        close_ended(world.now())
                    finished = _dies(job, statement)
                    for turn in range(4 if name == "delivery" else 1):
                        job(world.now() + timedelta(minutes=6 * turn))
                    found = _after(name, sink)
                for what, count in found.items():
                    wrong[f"{name}: {what}"] = wrong.get(f"{name}: {what}", 0) + count
                points += 1
                if finished:
                    break
    return Row(
        "F2",
        "a job dies before each statement that writes",
        points,
        wrong,
        {"points": points, "rounds": rounds},
    )


def _dies(job: Callable[[Any], Any], statement: int) -> bool:
    """Whether the job came to its end before that statement."""
    finished: list[bool] = []

    def run() -> None:
        try:
            with dying(statement, at_writes=True):
                job(world.now())
                finished.append(True)
        except (Died, DatabaseError):
            pass
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    return bool(finished)


def _after(name: str, sink: world.Sink) -> dict[str, int]:
    if name == "reminders":
        states = list(Reminder.objects.exclude(state="superseded").values_list("customer", flat=True))
        return {"lost or doubled": abs(3 - len(states)) + len(states) - len(set(states))}
    closed = AccessGrant.objects.filter(closed_at__isnull=False).count()
    audited = AuditEvent.objects.filter(action="right.closed").count()
    told = OutboundMessage.objects.filter(kind="access_ended").count()
    found = {"not closed": 3 - closed, "audit": abs(3 - audited), "notices": abs(3 - told)}
    if name == "delivery":
        found |= {"never sent": 3 - len(sink.taken), "over 3": sum(n > 3 for n in sink.taken.values())}
    return found


def f25_restore_a_backup(times: int) -> Row:
    """A backup from before the mails went out comes back: decisions are right at once, mail waits for a person."""
    wrong = dict.fromkeys(
        ("wrong answers", "sent before a person said so", "more than one round again", "other key"), 0
    )
    repeated = 0
    for _turn in range(times):
        world.empty()
        rights = world.customers(30, world.now() - timedelta(minutes=1))
        close_ended(world.now())
        OutboundMessage.objects.filter(state="held").update(state="queued")
        url = urlsplit(os.environ["DATABASE_URL"])
        server = ["-h", unquote(url.hostname or ""), "-U", "postgres"]
        binaries, file = packages.postgresql_bin(), f"{settings.VAR_DIR}/backup.dump"
        subprocess.run([f"{binaries}/pg_dump", *server, "-Fc", "-f", file, "postgres"], check=True)
        with world.sink() as sink:
            deliver(world.now())
            first = dict(sink.taken)
            connections.close_all()
            restore = [f"{binaries}/pg_restore", *server, "--clean", "--if-exists", "-d", "postgres", file]
            subprocess.run(restore, check=True)
            for right in rights:
                said = decide_one(right.subscription.guid, right.capability, world.now()).verdict
                wrong["wrong answers"] += said.allowed
            MailSwitch.objects.update_or_create(
                pk=1, defaults={"stopped_at": world.now(), "stopped_by": _somebody()}
            )
            deliver(world.now())
            wrong["sent before a person said so"] += dict(sink.taken) != first
            MailSwitch.objects.update(stopped_at=None, stopped_by=None)
            deliver(world.now())
            deliver(world.now() + timedelta(hours=1))
            wrong["more than one round again"] += sum(times > 2 for times in sink.taken.values())
            wrong["other key"] += len(set(sink.taken) ^ set(first))
            repeated += sum(sink.taken.values()) - len(sink.taken)
    return Row(
        "F25", "a backup from before the mails is restored", times, wrong, {"mails repeated": repeated}
    )


def _somebody() -> Any:
    from applications.models import User  # noqa: PLC0415 -- kept beside its one use
    from tests import factories  # noqa: PLC0415

    found = User.objects.filter(email="omar@vendor.example").first()
    return found or factories.person("omar@vendor.example", staff_role="operator")


# --- the mail server ---


def f10_nobody_takes_mail(times: int) -> Row:
    """The port is closed for a while: nothing is lost, and the backlog goes out when it opens."""
    wrong = {"never sent": 0, "sent twice": 0, "tried more than ten times": 0}
    tries = 0
    for _turn in range(times):
        world.empty()
        world.customers(60, world.now() - timedelta(minutes=1))
        close_ended(world.now())
        OutboundMessage.objects.filter(state="held").update(state="queued")
        at = world.now()
        for minute in range(20):  # closed for two hours of runs, a pause after each three faults
            deliver(at + timedelta(minutes=6 * minute))
        tries += sum(OutboundMessage.objects.values_list("attempts", flat=True))
        with world.sink() as sink:
            drain()
        wrong["never sent"] += 60 - len(sink.taken)
        wrong["sent twice"] += sum(times > 1 for times in sink.taken.values())
        wrong["tried more than ten times"] += OutboundMessage.objects.filter(attempts__gt=10).count()
    return Row("F10", "the mail server refuses the connection", times, wrong, {"tries while closed": tries})


@contextmanager
def hanging(at: str) -> Any:
    """A mail server that hangs: before its greeting, or drips a byte a moment for ever."""
    port = int(os.environ["EMAIL_URL"].rpartition(":")[2])
    over = threading.Event()
    with socket.create_server(("127.0.0.1", port), backlog=50) as server:
        server.settimeout(0.1)
        held: list[socket.socket] = []

        def serve() -> None:
            while not over.is_set():
                with suppress(OSError):
                    caller, _address = server.accept()
                    held.append(caller)
                for caller in held if at == "drip" else ():
                    with suppress(OSError):
                        caller.sendall(b"2")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(5)
            for caller in held:
                caller.close()


def f12_mail_server_hangs(times: int) -> Row:
    """A run gives up within its limits, and the mails go out when the server is well again."""
    usual, settings.EMAIL_TIMEOUT = settings.EMAIL_TIMEOUT, 1
    wrong, longest = {"never sent": 0, "busy too long": 0, "more than 3 of one": 0}, 0.0
    try:
        for turn in range(times):
            world.empty()
            world.customers(10, world.now() - timedelta(minutes=1))
            close_ended(world.now())
            with hanging("drip" if turn % 2 else "greeting"):
                began = time.monotonic()
                deliver(world.now(), budget_s=20)
                longest = max(longest, time.monotonic() - began)
            wrong["busy too long"] += time.monotonic() - began > 25
            with world.sink() as sink:
                drain()
            wrong["never sent"] += 10 - len(sink.taken)
            wrong["more than 3 of one"] += sum(times > 3 for times in sink.taken.values())
    finally:
        settings.EMAIL_TIMEOUT = usual
    return Row("F12", "the mail server hangs, or drips", times, wrong, {"busiest run s": round(longest, 1)})


# --- the clock ---


def f15_the_clock_jumps(rng: random.Random, jumps: int) -> Row:
    """Forward and back by hours, days and a year, with every job after each jump."""
    world.empty()
    start = world.now()
    rights = world.customers(40, start + timedelta(days=100))
    spread = timedelta(days=200) / 40
    for place, right in enumerate(rights):
        right.ends_at = start + timedelta(days=3) + spread * place
    AccessGrant.objects.bulk_update(rights, ["ends_at"])
    wrong = dict.fromkeys(("wrong answers", "warned twice", "told twice", "closed and open again"), 0)
    at, closed = start, 0
    with world.sink() as sink:
        for jump in range(jumps):
            way = rng.choice([-1, 1, 1]) if jump else 1
            far = timedelta(days=20)
            at += way * (rng.choice([timedelta(hours=1), timedelta(days=1), far]) if jump else far)
            for job in (close_ended, record_reminders, deliver):
                job(at)
            MailSwitch.objects.update(paused_until=None)
            for right in rights:
                said = decide_one(right.subscription.guid, right.capability, at).verdict
                wrong["wrong answers"] += said.allowed is not (at < right.ends_at)
            now_closed = AccessGrant.objects.filter(closed_at__isnull=False).count()
            wrong["closed and open again"] += now_closed < closed
            closed = now_closed
    wrong["nothing ended"] = int(closed == 0)
    told = list(OutboundMessage.objects.filter(kind="access_ended").values_list("customer", flat=True))
    warned = list(OutboundMessage.objects.filter(kind="reminder").values_list("reminder", flat=True))
    wrong["told twice"] += len(told) - len(set(told))
    wrong["warned twice"] += len(warned) - len(set(warned)) + sum(n > 1 for n in sink.taken.values())
    return Row(
        "F15", "the clock jumps, forward and back", jumps, wrong, {"closed": closed, "mails": len(sink.taken)}
    )
