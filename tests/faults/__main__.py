"""`python -m tests.faults`: ONLY=F16 for one, SEED=… to repeat a run, QUICK=1 for a minute, FULL=1 for more."""

from __future__ import annotations

import json
import os
import random
import sys
import time

import django
from django.core.management import call_command

from tests.faults import world


def main() -> int:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    only = os.environ.get("ONLY", "")
    times = 5.0 if os.environ.get("FULL") == "1" else 0.25 if os.environ.get("QUICK") == "1" else 1.0
    print(f"seed {seed}", flush=True)
    world.prepare()
    django.setup()
    call_command("migrate", verbosity=0)
    from tests.faults import broker as b  # noqa: PLC0415 -- they need Django set up
    from tests.faults import calls as c  # noqa: PLC0415
    from tests.faults import outages as o  # noqa: PLC0415
    from tests.faults import scenarios as s  # noqa: PLC0415

    rng = random.Random(seed)

    def many(usual: int) -> int:
        return max(1, round(usual * times))

    runs = {
        "broken": lambda: s.broken_variant(12),
        "F1": lambda: s.f1_kill_the_ends(rng, 10 if times < 1 else many(200)),
        "F1mail": lambda: s.f13_kill_the_delivery(rng, 10 if times < 1 else many(200)),
        "F2": lambda: o.f2_die_at_every_statement(many(1)),
        "F3": lambda: b.f3_kill_the_child(many(10)),
        "F5": lambda: o.f5_throw_the_database_over(rng, many(20)),
        "F7": lambda: b.f7_kill_redis(many(40)),
        "F8": lambda: b.f8_freeze_redis(many(4)),
        "F9": lambda: b.f9_fill_redis(many(5)),
        "F10": lambda: o.f10_nobody_takes_mail(many(3)),
        "F12": lambda: o.f12_mail_server_hangs(many(12)),
        "F13": lambda: s.f13_kill_the_delivery(rng, many(10), rude=0.05),
        "F16": lambda: s.f16_cross_the_deadline(rng, 2 if times < 1 else many(20)),
        "F26": lambda: c.f26_call_and_be_killed(rng, many(40)),
        "agree": lambda: s.agree(rng, many(100_000)),
        "F17": lambda: s.f17_everything_twice(rng, many(3)),
        "F18": lambda: s.f18_no_job_at_all(rng, many(1)),
        "F20": lambda: s.f20_two_at_once(rng, many(500)),
        "F15": lambda: o.f15_the_clock_jumps(rng, many(30)),
        "F25": lambda: o.f25_restore_a_backup(many(3)),
        "F29": lambda: b.f29_soak(rng, 300 * times),
    }
    rows = []
    for name, run in runs.items():
        if only and name != only:
            continue
        began = time.monotonic()
        row = run()
        rows.append(row)
        said = "as it must" if row.is_fine else "WRONG"
        told = json.dumps({"wrong": row.wrong, **row.figures})
        print(
            f"{row.fault:8} {said:11} {row.trials:5}  {row.what}  {told}  {time.monotonic() - began:.0f} s",
            flush=True,
        )
    if not rows:
        print(f"no fault is called {only!r}: {', '.join(runs)}", file=sys.stderr)
        return 2
    return 0 if all(row.is_fine for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
