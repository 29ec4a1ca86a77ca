"""Make `.venv` what the lock says; instant when it already is.

Standard library only: it runs before anything is installed. A bare Debian has no ensurepip and its pip
refuses to install outside an environment, hence `--without-pip` and `pip --python`.

    python3 scripts/env.py base     what the site needs to run
    python3 scripts/env.py dev      that, and what checks and tests need
    python3 scripts/env.py lock     work the locks out anew
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
OLDEST_PYTHON = (3, 11)


def pip(python: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *arguments], check=True)


def stamp_of(lock: Path) -> str:
    """What an environment was made from: the interpreter and the exact bytes of the lock."""
    return f"{sys.version} {hashlib.sha256(lock.read_bytes()).hexdigest()}"


def is_ready(name: str) -> bool:
    # The larger lock holds the smaller one at the same versions, so `dev` also serves who asks for `base`.
    for candidate in ("dev",) if name == "dev" else ("base", "dev"):
        stamp = VENV / f".stamp-{candidate}"
        if stamp.exists() and stamp.read_text() == stamp_of(REQUIREMENTS / f"{candidate}.txt"):
            return (VENV / "bin" / "python").exists()
    return False


def install(name: str) -> None:
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "env.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # `make -j` and two terminals: the second waits and finds it done
        if is_ready(name):
            return
        lock = REQUIREMENTS / f"{name}.txt"
        if made_by_another_python():
            shutil.rmtree(VENV)
        if not (VENV / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)
        for old in VENV.glob(".stamp-*"):
            old.unlink()
        pip(
            VENV / "bin" / "python",
            "install",
            "-qq",  # errors only
            "--disable-pip-version-check",
            "--require-hashes",
            "--only-binary=:all:",
            "--requirement",
            str(lock),
        )
        (VENV / f".stamp-{name}").write_text(stamp_of(lock))


def made_by_another_python() -> bool:
    """After an upgrade of the system's Python the old environment points at another interpreter."""
    configuration = VENV / "pyvenv.cfg"
    if not configuration.exists():
        return False
    wanted = ".".join(str(part) for part in sys.version_info[:3])
    return f"version = {wanted}" not in configuration.read_text().splitlines()


def lock() -> None:
    """Resolve for every platform, with hashes, naming no index; `base` takes the versions `dev` chose."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        pip(Path(folder) / "bin" / "python", "install", "--quiet", "uv")
        uv = [
            str(Path(folder) / "bin" / "uv"),
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--generate-hashes",
        ]
        uv += ["--no-header", "--no-annotate", f"--python-version={OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]}"]
        for name, extra in (("dev", []), ("base", ["--constraint", "dev.txt"])):
            call = [*uv, f"{name}.in", "--output-file", f"{name}.txt", *extra, *sys.argv[2:]]
            subprocess.run(call, cwd=REQUIREMENTS, check=True)


def main() -> None:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"this needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer")
    what = sys.argv[1] if len(sys.argv) > 1 else "dev"
    if what == "lock":
        lock()
    elif what in ("base", "dev"):
        install(what)
    else:
        sys.exit(f"unknown: {what} (one of base, dev, lock)")


if __name__ == "__main__":
    main()
