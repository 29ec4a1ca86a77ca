"""Faults under the production run: Redis killed, emptied, frozen, full; processes killed; all of it by chance."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import redis
from django.db import DatabaseError, connection, connections

from tests.faults import world
from tests.faults.rig import Rig, books, drain, ending, rig, unresolved_at
from tests.faults.scenarios import Row


def _under(name: str, what: str, times: int, seconds: float, fault: Callable[[Rig, int], bool]) -> Row:
    """Rights end all the while, web and decisions are asked, and the fault strikes so many times.

    It answers whether it struck: a run in which it never did, or nobody asked anything, shows nothing and is wrong.
    """
    world.empty()
    with world.sink() as sink, rig() as found:
        address = found.start_all()
        number = max(40, round(seconds * 12))
        rights = ending(number, seconds)
        found.watch(address, rights)
        began, struck = time.monotonic(), 0
        for turn in range(times):
            world.wait_until(
                world.now() + timedelta(seconds=max(0.0, seconds * turn / times - (time.monotonic() - began)))
            )
            struck += fault(found, turn)
            found.mend()
        last = max(right.ends_at for right in rights)
        world.wait_until(last)
        late = time.monotonic()
        while unresolved_at(last) and time.monotonic() - late < 90:
            found.mend()
            time.sleep(0.2)
        caught_up = time.monotonic() - late
        found.close()
        drain()
        wrong = books(number, sink) | {
            "wrong answers": found.wrong,
            "pages over 1 s": int(found.longest_s > 1.0),
            "broken pages": found.broken,
            "never struck": int(not struck),
            "nothing was asked": int(not found.asked or not found.pages),
        }
        figures = {
            "rights": number,
            "struck": struck,
            "duplicates": sum(sink.taken.values()) - len(sink.taken),
            "answers": found.asked,
            "pages": found.pages,
            "longest page s": round(found.longest_s, 2),
            "caught up by itself in s": round(caught_up, 1),
        }
    return Row(name, what, times, wrong, figures)


def f3_kill_the_child(times: int) -> Row:
    return _under(
        "F3",
        "kill -9 of the pool's process alone",
        times,
        3.0 * times,
        lambda found, _turn: found.kill_child_of("worker"),
    )


def f7_kill_redis(times: int) -> Row:
    def fault(found: Rig, turn: int) -> bool:
        if not turn % 2:
            return found.kill("redis")
        try:
            return bool(found.redis.flushall())
        except (OSError, redis.RedisError):  # it was killed a moment ago and does not listen yet
            return False

    return _under("F7", "kill -9 of Redis without a file, and FLUSHALL, in turns", times, 1.5 * times, fault)


def f8_freeze_redis(times: int, seconds: float = 10.0) -> Row:
    return _under(
        "F8",
        f"Redis frozen for {seconds:g} s",
        times,
        (seconds + 4) * times,
        lambda r, _n: r.freeze("redis", seconds),
    )


def f9_fill_redis(times: int, seconds: float = 4.0) -> Row:
    def fault(found: Rig, _turn: int) -> bool:
        found.redis.config_set("maxmemory-policy", "noeviction")
        found.redis.config_set("maxmemory", "1mb")
        time.sleep(seconds)
        return bool(found.redis.config_set("maxmemory", "0"))

    return _under("F9", f"Redis full for {seconds:g} s", times, (seconds + 3) * times, fault)


def f29_soak(rng: random.Random, seconds: float, every: float = 10.0) -> Row:
    """Faults of all kinds, one after the other, while rights end."""
    seen: dict[str, int] = {}
    memory: list[int] = []

    def fault(found: Rig, _turn: int) -> bool:
        kinds: dict[str, Callable[[], bool]] = {
            "worker killed": lambda: found.kill("worker"),
            "child killed": lambda: found.kill_child_of("worker"),
            "schedule killed": lambda: found.kill("beat"),
            "Redis killed": lambda: found.kill("redis"),
            "Redis frozen": lambda: found.freeze("redis", 3.0),
            "database thrown over": kill_a_backend,
        }
        name = rng.choice(sorted(kinds))
        try:
            struck = kinds[name]()
        except DatabaseError:  # the fault before this one is not over yet
            struck = False
        seen[name] = seen.get(name, 0) + struck
        memory.append(int(Path(f"/proc/{found.running['web'].pid}/statm").read_text().split()[1]) * 4)
        return struck

    row = _under(
        "F29", f"all of it by chance for {seconds:.0f} s", max(2, round(seconds / every)), seconds, fault
    )
    # A page that meets the moment in which the database recovers waits for it: measured, and not held to a second.
    row.wrong.pop("pages over 1 s")
    row.figures["broken pages"] = row.wrong.pop("broken pages")
    return Row(row.fault, row.what, row.trials, row.wrong, row.figures | seen | {"web kB": memory[-1:] or 0})


def kill_a_backend() -> bool:
    """`kill -9` of one server process: PostgreSQL throws everybody out and recovers from its log."""
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        others = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT pg_backend_pid()")
        mine = cursor.fetchone()[0]
    struck = False
    with suppress(ProcessLookupError):  # it ended by itself
        os.kill(random.choice(others) if others else mine, signal.SIGKILL)
        struck = True
    connections.close_all()
    return struck
