"""Known faults of what we depend on. What could not be audited never passes as clean.

python -m scripts.audit      0: audited, nothing known · 1: a fault is known · 3: not audited
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
CLEAN, FAULTY, NOT_AUDITED = 0, 1, 3


def ask() -> tuple[str, str]:
    """What pip-audit says of the lock: its JSON (nothing, when it gave up) and its errors.

    `--strict`: without it a run that could look nothing up ends as if all were well.
    """
    program = str(ROOT / ".venv" / "bin" / "pip-audit")
    options = ["--strict", "--require-hashes", "--disable-pip", "--timeout=10", "--progress-spinner=off"]
    done = subprocess.run(
        [program, *options, "--format=json", f"--requirement={LOCK}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


def judge(answer: str, errors: str, locked: int) -> tuple[int, str]:
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        why = (errors.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return NOT_AUDITED, f"NOT AUDITED, the data could not be reached: {why}"
    looked_at = [one for one in packages if "vulns" in one]
    if len(looked_at) < locked:
        return NOT_AUDITED, f"NOT AUDITED: {len(looked_at)} of {locked} packages were looked up"
    known = [f"{one['name']} {one['version']}: {fault['id']}" for one in looked_at for fault in one["vulns"]]
    if known:
        return FAULTY, "\n".join(known)
    return CLEAN, f"{len(looked_at)} packages audited, nothing known"


def main() -> None:
    locked = sum(not line[0].isspace() and "==" in line for line in LOCK.read_text().splitlines() if line)
    code, said = judge(*ask(), locked)
    print(said)
    sys.exit(code)


if __name__ == "__main__":
    main()
