"""`python -m tests.bench`: ONLY=name for one and what is measured with it, CUSTOMERS=… (100,000), ROUNDS=… (3).

PostgreSQL with fsync on. What is measured runs on a copy of a data set that var/bench keeps (`tests.bench.data`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import django
from django.core.management import call_command

from tests.bench import data
from tests.bench.measure import RESULTS, Result, publish
from tests.faults import world

SERVER = ("shared_buffers=1GB", "maintenance_work_mem=256MB", "max_wal_size=8GB", "checkpoint_timeout=30min")


def main() -> int:
    number, rounds = int(os.environ.get("CUSTOMERS") or 100_000), int(os.environ.get("ROUNDS") or 3)
    only = os.environ.get("ONLY", "")
    world.prepare(*SERVER, data=RESULTS.parent / "pg")
    os.environ["DEMO"] = "0"
    os.environ["DATABASE_TIMEOUT_S"] = "0"
    small = data.use(data.SMALL, "bench_small")
    os.environ["DATABASE_URL"] = data.use(number)
    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    from applications.actions.gateway import create_key  # noqa: PLC0415 -- these need Django set up
    from applications.queries.policy import edition_in_force  # noqa: PLC0415
    from tests.bench import applicant, beside, decisions, jobs, memory, others, pages, queued  # noqa: PLC0415

    edition, now = edition_in_force(), world.now()
    _gateway, key = create_key("bench", ["face"], secret="b" * 43, edition=edition, now=now)
    after = edition.gates["facial-recognition"].grace_ends_at
    groups: dict[tuple[str, ...], Callable[[], list[Result]]] = {
        (
            "queue_vs_stock_admin",
            "queue_deep_vs_first",
            "queue_1m_vs_10k",
            "search_vs_stock_admin",
            "search_50k_hits_vs_queue",
            "search_open_hits_vs_queue",
            "case_of_200_vs_case_of_1",
            "queue_cpu_vs_stock_admin",
            "search_cpu_vs_stock_admin",
            "queue_statements",
            "search_statements",
            "case_statements",
        ): lambda: pages.pages(now, rounds, small),
        applicant.NAMES: lambda: applicant.statements(now),
        decisions.NAMES: lambda: decisions.decisions(key, now, rounds),
        ("reminders_vs_insert_select",): lambda: [jobs.reminders_vs_insert_select(after, number, rounds)],
        ("ends_vs_one_statement",): lambda: [jobs.ends_vs_one_statement(after, number, rounds)],
        ("seal_cost",): lambda: [jobs.seal_cost(after, number, rounds)],
        ("ends_lock_p95_ms",): lambda: [beside.ends_lock(after, number, rounds)],
        ("decisions_beside_ends_p99",): lambda: [beside.decisions_beside_ends(key, after, number, rounds)],
        others.NAMES: lambda: others.others(now, rounds),
        memory.NAMES: lambda: memory.memory(after, number, rounds),
        ("ends_vs_queued",): lambda: [queued.ends_vs_queued(after, number, rounds)],
        ("ends_vs_row_by_row",): lambda: [jobs.ends_vs_row_by_row(after, number, rounds)],
    }
    known = [name for names in groups for name in names]
    if only and only not in known:
        print(f"no bench is called {only!r}: {', '.join(known)}", file=sys.stderr)
        return 2
    for names, run in groups.items():
        if not only or only in names:
            publish(run(), customers=number)
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
