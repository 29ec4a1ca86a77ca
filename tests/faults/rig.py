"""The production run under faults: web, worker and schedule as processes, a Redis that can be killed and frozen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from django.core.management import call_command
from django.db import connections

from applications.enums import MessageState
from applications.jobs.delivery import deliver
from applications.jobs.ends import close_ended
from applications.models import AccessGrant, AuditEvent, Change, MailSwitch, OutboundMessage
from applications.queries.decision import decide_one
from scripts import packages
from tests.faults import world
from tests.harness import servers
from tests.processes.conftest import BIN, free_port, get, until

Popen = subprocess.Popen[bytes]


@dataclass(slots=True)
class Rig:
    """What runs, and what the probers saw. Everything ends in `close`."""

    place: Path = field(default_factory=servers.folder)
    running: dict[str, Popen] = field(default_factory=dict)
    longest_s: float = 0.0
    pages: int = 0
    errors: int = 0
    broken: int = 0
    wrong: int = 0
    asked: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.place / "redis.sock"

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "REDIS_URL": f"redis+socket://{self.socket}", "LOG_LEVEL": "ERROR"}

    def start(self, name: str, *command: str, env: dict[str, str] | None = None) -> Popen:
        with (self.place / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=world.ROOT,
                env=env or self.env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self.running[name]

    def start_redis(self, *more: str) -> None:
        self.socket.unlink(missing_ok=True)
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.place), "--save", ""]
        self.start("redis", str(packages.redis_server()), *options, *more)
        until(self.socket.exists, "Redis listens")

    def start_worker(self) -> None:
        celery = (str(BIN / "celery"), "-A", "tests.faults.schedule")
        self.start(
            "worker", *celery, "worker", "-c", "1", "-O", "fair", "--without-gossip", "--without-mingle"
        )

    def start_beat(self) -> None:
        memory = str(self.place / f"beat-{time.monotonic_ns()}")
        self.start("beat", str(BIN / "celery"), "-A", "tests.faults.schedule", "beat", "-s", memory)

    def start_web(self) -> str:
        port = str(free_port())
        env = {**self.env, "PORT": port, "WEB_CONCURRENCY": "1"}
        self.start("web", str(BIN / "gunicorn"), "portal.wsgi", env=env)
        address = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{address}/healthz")[0] == 200, "the site answers")
        return address

    def start_all(self) -> str:
        packages.ensure(["redis"])
        call_command("collectstatic", interactive=False, verbosity=0)
        self.start_redis()
        self.start_worker()
        self.start_beat()
        return self.start_web()

    @property
    def redis(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)

    def kill(self, name: str) -> bool:
        """Whether it was there to be killed."""
        process = self.running[name]
        was_there = process.poll() is None
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        return was_there

    def kill_child_of(self, name: str) -> bool:
        """Only the process of the pool: its parent stays and has to notice."""
        children = Path(f"/proc/{self.running[name].pid}/task/{self.running[name].pid}/children")
        found = children.read_text().split() if children.exists() else []
        for child in found:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        return bool(found)

    def freeze(self, name: str, seconds: float) -> bool:
        os.killpg(self.running[name].pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(self.running[name].pid, signal.SIGCONT)
        return True

    def mend(self) -> None:
        """A supervisor: whatever is gone is started again."""
        for name, start in (
            ("redis", self.start_redis),
            ("worker", self.start_worker),
            ("beat", self.start_beat),
        ):
            if self.running[name].poll() is not None:
                start()

    # --- those who look ---

    def watch(self, address: str, rights: list[Any]) -> None:
        """Ask for a page and for decisions, again and again, from now on."""
        self.threads = [
            threading.Thread(target=self._browse, args=(address,)),
            threading.Thread(target=self._probe, args=(rights,)),
        ]
        for thread in self.threads:
            thread.start()

    def _browse(self, address: str) -> None:
        while not self.is_over.wait(0.1):
            began = time.monotonic()
            try:
                with urllib.request.urlopen(f"{address}/catalogue/", timeout=20) as page:  # noqa: S310 -- loopback
                    page.read()
            except urllib.error.HTTPError:
                self.broken += 1
            except OSError:
                self.errors += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self.pages += 1

    def _probe(self, rights: list[Any]) -> None:
        try:
            while not self.is_over.wait(0.02):
                right, at = random.choice(rights), world.now()
                try:
                    said = decide_one(right.subscription.guid, right.capability, at).verdict
                except Exception:  # no answer is no allow
                    self.errors += 1
                    connections.close_all()
                    continue
                self.wrong += said.allowed is not (at < right.ends_at)
                self.asked += 1
        finally:
            connections.close_all()

    def close(self) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(30)
        for name in reversed(self.running):
            if self.running[name].poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(self.running[name].pid, signal.SIGCONT)
                self.kill(name)


@contextmanager
def rig() -> Iterator[Rig]:
    found = Rig()
    try:
        yield found
    finally:
        found.close()


def ending(number: int, over_s: float) -> list[AccessGrant]:
    """So many customers whose rights end one after the other, from a moment ahead on, within so many seconds."""
    first = world.now() + timedelta(seconds=2)
    rights = world.customers(number, first)
    for place, right in enumerate(rights):
        right.ends_at = first + timedelta(seconds=over_s * place / number)
    AccessGrant.objects.bulk_update(rights, ["ends_at"], batch_size=500)
    return list(AccessGrant.objects.select_related("subscription").order_by("pk"))


def drain() -> None:
    """Bring all to its end in this process, with the clock ahead where leases, pauses and waits have to run out."""
    close_ended(world.now())
    OutboundMessage.objects.filter(state=MessageState.HELD).update(state=MessageState.QUEUED)
    for step in range(1, 60):
        MailSwitch.objects.update(paused_until=None)
        deliver(world.now() + timedelta(hours=3 * step))
        if not OutboundMessage.objects.filter(state__in=["queued", "sending"]).exists():
            break


def books(number: int, sink: world.Sink) -> dict[str, int]:
    """What is wrong with the books of rights that ended, each of a customer with one contact: nothing."""
    closed = AccessGrant.objects.filter(closed_at__isnull=False).count()
    audited = list(AuditEvent.objects.filter(action="right.closed").values_list("target_ref", flat=True))
    fed = list(Change.objects.filter(kind="ended").values_list("subscription_guid", flat=True))
    told = OutboundMessage.objects.filter(kind="access_ended")
    mails = OutboundMessage.objects.exclude(address="")  # warnings of these ends among them
    return {
        "not closed": number - closed,
        "audit lost or doubled": abs(number - len(audited)) + len(audited) - len(set(audited)),
        "feed lost or doubled": abs(number - len(fed)) + len(fed) - len(set(fed)),
        "notices lost or doubled": abs(number - told.count()),
        "sent but never taken": max(0, mails.filter(state=MessageState.SENT).count() - len(sink.taken)),
        "more than 3 of one": sum(times > 3 for times in sink.taken.values()),
        "not at an end": mails.exclude(state__in=["sent", "quarantined", "not_needed"]).count(),
    }


def unresolved_at(moment: datetime) -> int:
    """Rights over at a moment that no job has closed."""
    return AccessGrant.objects.filter(closed_at__isnull=True, ends_at__lte=moment).count()
