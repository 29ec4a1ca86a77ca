"""What checks and tests need from the system: named, found, and installed where that is allowed.

Standard library only. As root, or with a sudo that asks no password, what is missing is installed by apt;
else the names are printed and the exit is not 0. Nothing is ever skipped because a server is missing.

    python3 scripts/packages.py                      all of them
    python3 scripts/packages.py postgresql redis     some
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def postgresql_bin() -> Path | None:
    """The newest installed server's folder; Debian keeps these programs off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def redis_server() -> Path | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def nginx() -> Path | None:
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return Path(found) if found else None


def chromium() -> Path | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def font(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        return next(Path("/usr/share/fonts").rglob(name), None)

    return find


# name -> Debian packages, and how to see that it is there
NEEDS: dict[str, tuple[list[str], Callable[[], Path | None]]] = {
    "postgresql": (["postgresql"], postgresql_bin),
    "redis": (["redis-server"], redis_server),
    "chromium": (["chromium"], chromium),
    "nginx": (["nginx-light"], nginx),
    # Names and letters in other scripts must show as such in pictures of pages.
    "fonts": (["fonts-dejavu-core", "fonts-noto-core"], font("NotoSansArabic-Regular.ttf")),
    "fonts-cjk": (["fonts-droid-fallback"], font("DroidSansFallback*.ttf")),
}


def missing(names: Iterable[str]) -> list[str]:
    return [package for name in names for package in NEEDS[name][0] if NEEDS[name][1]() is None]


def ensure(names: Iterable[str]) -> None:
    """Install what is missing, or leave with a message that says what to install."""
    wanted = missing(names)
    if not wanted:
        return
    print("Installing", " ".join(wanted), file=sys.stderr)
    try:
        apt("update", "-qq")
        apt("install", "-qq", "--yes", "--no-install-recommends", *wanted)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Not installed: {error}", file=sys.stderr)
    still = missing(names)
    if still:
        sys.exit(f"Needed and not there: {' '.join(still)}. Install these and start again.")


def apt(*arguments: str) -> None:
    # Run level 1 keeps a package from starting its server: the tests start their own.
    environment = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    settings = [f"{name}={value}" for name, value in environment.items()]
    subprocess.run([*as_root, "env", *settings, "apt-get", *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in NEEDS]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)} (one of {', '.join(NEEDS)})")
    ensure(sys.argv[1:] or NEEDS)
