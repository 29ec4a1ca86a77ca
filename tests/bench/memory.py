"""How much memory a job takes while it works through everything: what it had after two batches, and at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta

from tests.bench.jobs import afresh
from tests.bench.measure import Result, of_rounds
from tests.faults.world import ROOT

NAMES = ("ends_memory_growth", "reminders_memory_growth")

_CHILD = """
import json, sys, django
django.setup()
from datetime import datetime
from unittest import mock
from applications.actions import deadlines, reminders
from applications.jobs.ends import close_ended
from applications.jobs.reminders import record_reminders

module, name, job = {
    "ends": (deadlines, "close_batch", close_ended),
    "reminders": (reminders, "record_batch", record_reminders),
}[sys.argv[1]]
real, sizes = getattr(module, name), []

def watched(*args, **words):
    done = real(*args, **words)
    status = open("/proc/self/status").read()
    sizes.append(int(status.partition("VmRSS:")[2].split()[0]))
    return done

with mock.patch.object(module, name, watched):
    job(datetime.fromisoformat(sys.argv[2]))
print(json.dumps([max(sizes[:2]), max(sizes), len(sizes)]))
"""


def memory(now: datetime, number: int, rounds: int) -> list[Result]:
    """Largest size of a process of its own in kB, of all batches against the first two; a tenth may be added."""
    found = []
    for name, at in (("ends", now), ("reminders", now - timedelta(days=30) + timedelta(hours=12))):
        last, early = [], []
        batches = 0
        for _ in range(rounds):
            afresh()
            command = (sys.executable, "-c", _CHILD, name, at.isoformat())
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            began, ended, batches = json.loads(done.stdout.splitlines()[-1])
            assert batches > 3, "too few batches to grow in"
            early.append(float(began))
            last.append(float(ended))
        found.append(
            of_rounds(
                f"{name}_memory_growth",
                "<= 1.1",
                last,
                early,
                higher_is_better=False,
                rights=number,
                batches=batches,
            )
        )
    return found
