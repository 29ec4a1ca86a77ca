"""`make check`: what can be said about the code without running it. Everything runs; the exit tells."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

# As an operator would set them, so that Django's own deployment checks see the real thing.
PRODUCTION = {
    "SECRET_KEY": "production-like-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ",
    "ALLOWED_HOSTS": "portal.example",
    "DEBUG": "0",
    "DEMO": "0",
}
NOT_AUDITED = 3  # scripts.audit could not reach its data
CHECKS: dict[str, list[str]] = {
    "lint": ["ruff", "check", "--quiet", "--output-format=concise", "."],
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary"],
    "import contracts": ["lint-imports"],
    "import contracts can fail": ["python", "-m", "scripts.break_contracts"],
    "migrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
    "deployment": ["python", "manage.py", "check", "--deploy", "--fail-level=WARNING"],
    "files": ["python", "-m", "scripts.scan"],
    "secrets": ["python", "-m", "scripts.secrets_scan"],
    "known faults": ["python", "-m", "scripts.audit"],
}


def run(name: str, command: list[str], environment: dict[str, str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = {0: "ok  ", NOT_AUDITED: "none"}.get(done.returncode, "FAIL")
    print(f"{said} {name:26} {time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode != 0:
        print((done.stdout + done.stderr).strip() or f"exit {done.returncode}", flush=True)
    # What could not be looked up is said and is no pass; `make audit` fails for it.
    return said != "FAIL"


def main() -> None:
    with tempfile.TemporaryDirectory() as var:
        environment = {
            **os.environ,
            **PRODUCTION,
            "VAR_DIR": var,
            "DATABASE_URL": f"sqlite:///{var}/check.sqlite3",
        }
        results = [run(name, command, environment) for name, command in CHECKS.items()]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
