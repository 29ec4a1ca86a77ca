"""Show that each import contract can fail: plant one violation at a time in a copy, and see that contract break.

A contract that nothing can break is decoration; run by `make check`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = re.compile(r"^(.+?) (KEPT|BROKEN)\b", re.M)

# The name of a contract (pyproject.toml) -> the file that gets a line, and the line.
VIOLATIONS: dict[str, tuple[str, str]] = {
    "Each floor imports only lower floors, and entrances do not import each other": (
        "applications/rules/access.py",
        "import applications.models",
    ),
    "Actions build on each other in one direction": (
        "applications/actions/audit.py",
        "import applications.actions.transition",
    ),
    "The product never imports the site": ("applications/models/user.py", "import portal.env"),
    "Rules know no framework, database, clock, files or network": (
        "applications/rules/access.py",
        "import django.utils",
    ),
    "Celery is known to tasks.py alone": ("applications/actions/message.py", "import celery"),
    "Only entrances read the clock": ("applications/actions/message.py", "import applications.clock"),
    "An access decision needs the database alone": ("applications/queries/decision.py", "import redis"),
}


def results(copy: Path) -> dict[str, str]:
    """Contract -> KEPT or BROKEN, as lint-imports prints them; leaves when it cannot tell."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(CONTRACTS.findall(done.stdout))
    if not found:
        sys.exit(f"lint-imports says nothing about any contract:\n{done.stdout[-300:]}{done.stderr}")
    return found


def main() -> None:
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("applications", "portal"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        contracts = results(copy)
        problems += [f"no violation is known for: {name}" for name in contracts if name not in VIOLATIONS]
        problems += [f"no such contract: {name}" for name in VIOLATIONS if name not in contracts]
        for contract, (name, line) in VIOLATIONS.items():
            path = copy / name
            before = path.read_text() if path.exists() else None
            path.write_text(f"{before or ''}\n{line}\n")
            if results(copy).get(contract) != "BROKEN":
                problems.append(f"{line!r} in {name} does not break: {contract}")
            path.unlink() if before is None else path.write_text(before)
    print("\n".join(problems) or f"{len(VIOLATIONS)} contracts, each seen to break")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
