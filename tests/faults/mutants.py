"""`python -m tests.faults.mutants`: small wrongs, each planted in a private copy of the tree; the grace year has to
find each. `YEARS=…` (30) is how many it may live for it, `ONLY=text` takes those whose name holds the text.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEST = "tests/property/test_grace_year.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str


RULE, ACCESS, ENDS = "rules/access.py", "actions/access.py", "actions/deadlines.py"
REMINDERS, RIGHTS, COMPARE = "actions/reminders.py", "actions/rights.py", "rules/policy/compare.py"
READS = "queries/deadlines.py"
MUTANTS = (
    Mutant(
        "an end is inclusive",
        RULE,
        "self.starts_at <= at < self.stops_at",
        "self.starts_at <= at <= self.stops_at",
    ),
    Mutant("a right starts a moment late", RULE, "self.starts_at <= at < self", "self.starts_at < at < self"),
    Mutant(
        "a revocation is not seen",
        RULE,
        "self.ends_at if self.revoked_at is None else min(self.ends_at, self.revoked_at)",
        "self.ends_at",
    ),
    Mutant(
        "a suspension is not seen", RULE, "return start <= at and (end is None or at < end)", "return False"
    ),
    Mutant(
        "a suspension never ends",
        RULE,
        "return start <= at and (end is None or at < end)",
        "return start <= at",
    ),
    Mutant("grace goes before an approval", RULE, "    (Basis.APPROVAL, AccessReason.APPROVED),\n", ""),
    Mutant(
        "the end told forgets suspensions",
        RULE,
        "    for start, end in facts.suspensions:\n        instants.append(start)\n",
        "    for start, end in ():\n        instants.append(start)\n",
    ),
    Mutant("what ends now is not due", READS, 'g.ends_at <= %(now)s"', 'g.ends_at < %(now)s"'),
    Mutant(
        "what ended is closed again and again",
        READS,
        'DUE = "g.closed_at IS NULL AND ',
        'DUE = "g.revoked_at IS NULL AND ',
    ),
    Mutant("who lost nothing is told too", ENDS, "AND NOT g.closed_covered\nGROUP", "\nGROUP"),
    Mutant("one feed row is missing", ENDS, "WHERE {closed}\n", "WHERE {closed} AND NOT g.closed_covered\n"),
    Mutant(
        "a right taken back covers",
        READS,
        "o.ends_at > g.ends_at AND (o.revoked_at IS NULL OR o.revoked_at > g.ends_at)",
        "o.ends_at > g.ends_at",
    ),
    Mutant(
        "grace moves though it is over",
        ACCESS,
        "            ends_at__gt=now,\n        )\n        ends = ",
        "        )\n        ends = ",
    ),
    Mutant(
        "an earlier end comes without notice",
        COMPARE,
        "min(open_until, max(end, activated_at + timedelta(days=edition.limits.earlier_end_days)))",
        "end",
    ),
    Mutant("a later end waits too", COMPARE, "    if end >= open_until:\n        return end\n", ""),
    Mutant(
        "an extension begins at once",
        RIGHTS,
        "starts_at, ends_at = max(now, proposal.deadline_at),",
        "starts_at, ends_at = proposal.deadline_at,",
    ),
    Mutant(
        "a revocation spares what starts later",
        RIGHTS,
        "capability=capability, revoked_at__isnull=True, ends_at__gt=now",
        "capability=capability, revoked_at__isnull=True, ends_at__gt=now, starts_at__lte=now",
    ),
    Mutant(
        "a move keeps the approval",
        RIGHTS,
        "        approvals, edition=edition, by=by, second",
        "        [], edition=edition, by=by, second",
    ),
    Mutant(
        "a covered end is warned of",
        REMINDERS,
        "MAX(CASE WHEN {covered} THEN 0 ELSE 1 END)",
        "MAX(1)",
    ),
    Mutant(
        "the announcement is skipped",
        REMINDERS,
        "        if now >= edition.day_starts_at(gate.announced_on):",
        "        if now < edition.day_starts_at(gate.announced_on):",
    ),
    Mutant(
        "an older step goes out after a newer",
        REMINDERS,
        "after = now + ordered[number - 1] * DAY if number else now",
        "after = now",
    ),
)


def copied(place: Path) -> None:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)


def is_killed(place: Path, years: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--timeout", "600", TEST],
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "GRACE_YEARS": years},
        capture_output=True,
        check=False,
    )
    return done.returncode != 0


def main() -> int:
    years, only = os.environ.get("YEARS", "30"), os.environ.get("ONLY", "")
    survived = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        place = Path(temporary)
        copied(place)
        if is_killed(place, years):
            print("the grace year fails without any mutant", file=sys.stderr)
            return 2
        for mutant in MUTANTS:
            if only not in mutant.name:
                continue
            file, began = place / "applications" / mutant.file, time.monotonic()
            right = file.read_text(encoding="utf-8")
            if right.count(mutant.old) != 1:
                print(f"{mutant.name}: its place is gone", file=sys.stderr)
                return 2
            file.write_text(right.replace(mutant.old, mutant.new), encoding="utf-8")
            killed = is_killed(place, years)
            file.write_text(right, encoding="utf-8")
            survived += [] if killed else [mutant.name]
            print(
                f"{'killed' if killed else 'SURVIVED':9} {mutant.name}  {time.monotonic() - began:.0f} s",
                flush=True,
            )
    print(f"{len(survived)} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
