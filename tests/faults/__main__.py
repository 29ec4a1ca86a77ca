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
    from tests.faults import scenarios as s  # noqa: PLC0415 -- it needs Django set up

    rng = random.Random(seed)

    def many(usual: int) -> int:
        return max(1, round(usual * times))

    runs = {
        "broken": lambda: s.broken_variant(12),
        "F1": lambda: s.f1_kill_the_ends(rng, many(40)),
        "F1mail": lambda: s.f13_kill_the_delivery(rng, many(40)),
        "F13": lambda: s.f13_kill_the_delivery(rng, many(10), rude=0.05),
        "F16": lambda: s.f16_cross_the_deadline(rng, many(5)),
        "F17": lambda: s.f17_everything_twice(rng, many(3)),
        "F18": lambda: s.f18_no_job_at_all(rng, many(1)),
        "F20": lambda: s.f20_two_at_once(rng, many(500)),
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
