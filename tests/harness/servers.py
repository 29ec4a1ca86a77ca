"""PostgreSQL and Redis of a test run, from nothing in about a second, gone with the run that started them.

Both are children of the test run and get a signal when it dies, however it dies. They listen on unix sockets
only, in a folder with a short name (the path of a socket holds 107 characters).
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from scripts import packages

STARTUP_S = 60


def folder() -> Path:
    """A short temporary folder that others may enter (PostgreSQL runs as another user)."""
    place = Path(tempfile.mkdtemp(prefix="lap-", dir="/tmp"))
    place.chmod(0o755)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def start_postgresql(place: Path, *settings: str, data: Path | None = None) -> str:
    """Start a server with the given settings and answer its DATABASE_URL. `data` stays when the run is over."""
    packages.ensure(["postgresql"])
    binaries = packages.postgresql_bin()
    home = place / "pg"
    home.mkdir()
    kept = data or home
    kept.mkdir(parents=True, exist_ok=True)
    as_other: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        other = pwd.getpwnam("postgres")
        for one in {home, kept}:
            os.chown(one, other.pw_uid, other.pw_gid)
        as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    made = [*as_other, f"{binaries}/initdb", "-D", f"{kept}/data", "-U", "postgres", "-A", "trust", "-N"]
    # A known collation: the tests' order of names does not depend on the machine's language.
    if not (kept / "data").exists():
        made += ["-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=home)
    options = ["listen_addresses=", f"unix_socket_directories={home}", "max_connections=100", "fsync=off"]
    options += ["synchronous_commit=off", "full_page_writes=off", "log_min_messages=fatal", *settings]
    run = [*as_other, "setpriv", "--pdeathsig", "INT", f"{binaries}/postgres", "-D", f"{kept}/data"]
    for option in options:
        run += ["-c", option]
    ready = [f"{binaries}/pg_isready", "-q", "-h", str(home), "-U", "postgres"]
    start(run, home, signal.SIGINT, lambda: subprocess.run(ready, check=False).returncode == 0)
    return f"postgres://postgres@{quote(str(home), safe='')}/postgres"


def start_redis(place: Path) -> str:
    """Start a server that keeps nothing and answer its REDIS_URL."""
    packages.ensure(["redis"])
    socket = place / "redis.sock"
    run = [
        "setpriv",
        "--pdeathsig",
        "TERM",
        str(packages.redis_server()),
        "--port",
        "0",
        "--unixsocket",
        str(socket),
    ]
    run += ["--save", "", "--appendonly", "no", "--dir", str(place), "--daemonize", "no"]
    start(run, place, signal.SIGTERM, socket.exists)
    return f"redis+socket://{socket}"


def start(command: list[str], place: Path, stop_by: signal.Signals, is_ready: Callable[[], bool]) -> None:
    log = (place / "log.txt").open("wb")
    # A session of its own: an interrupt at the keyboard reaches the tests, and the server through atexit.
    process = subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        cwd=place,
        start_new_session=True,
    )
    log.close()
    atexit.register(stop, process, stop_by)
    until = time.monotonic() + STARTUP_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"{command[-1]} did not start:\n{(place / 'log.txt').read_text(errors='replace')}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
