"""`make run`: the whole portal on this machine with demo data, from one command, until Ctrl-C.

Makes what is missing (database, policy, demo data, static files), keeps what is there, then serves site, worker and
schedule from one process: SQLite and a broker that needs no server. PORT chooses the port.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


def main() -> int:
    port = read_port()
    if port is None:
        print("PORT must be a number from 1 to 65535, for example: make run PORT=8001", file=sys.stderr)
        return 2
    if is_busy(port):
        print(
            f"Port {port} is in use. Stop what uses it, or choose another: make run PORT={port + 1}",
            file=sys.stderr,
        )
        return 1
    environment = {**os.environ, **settings(port)}
    for step in (
        ("migrate", "--verbosity", "0"),
        ("collectstatic", "--noinput", "--verbosity", "0"),
        ("seed_demo",),
    ):
        done = subprocess.run([PYTHON, "manage.py", *step], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            print(f"`manage.py {step[0]}` did not work; the message is above.", file=sys.stderr)
            return done.returncode
    return serve(port, environment)


def read_port() -> int | None:
    text = os.environ.get("PORT", "") or "8000"
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 65536 else None


def is_busy(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if family == socket.AF_INET or error.errno == 98:
                return True
    return False


def settings(port: int) -> dict[str, str]:
    """The environment of the demo; a key of its own is made once and kept beside its database."""
    place = Path(os.environ.get("VAR_DIR") or ROOT / "var" / "demo")
    place.mkdir(parents=True, exist_ok=True)
    key = place / "secret-key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(48))
    return {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEMO": "1",
        "DEBUG": "0",
        "SECRET_KEY": key.read_text(),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SITE_URL": f"http://localhost:{port}",
        "DATABASE_URL": f"sqlite:///{place / 'portal.sqlite3'}",
        "REDIS_URL": "",
        "EMAIL_URL": "null:",
        "VAR_DIR": str(place),
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "console",
        "BIND": f"127.0.0.1:{port}",
    }


def serve(port: int, environment: dict[str, str]) -> int:
    command = [PYTHON, "-m", "gunicorn", "-c", "python:portal.embedded", "portal.wsgi"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    stop = {"asked": False}

    def ask_to_stop(_signal: int, _frame: object) -> None:
        stop["asked"] = True
        server.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    if wait_until_it_answers(port, server):
        say(port)
    code = server.wait()
    print("\nStopped.")
    return 0 if stop["asked"] else code or 1


def wait_until_it_answers(port: int, server: subprocess.Popen[bytes], seconds: int = 60) -> bool:
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def say(port: int) -> None:
    site = f"http://localhost:{port}"
    print(
        f"""
The portal runs at {site}

  {site}/                 what it is, and where customers begin
  {site}/admin/           the review desk: the queue comes first
  {site}/demo/mailbox/    every mail it sent, and who can sign in (password and code)

Sign in as henrik@nordlys.example (a customer), rosa@vendor.example (reviewer), lena@vendor.example (lead)
or omar@vendor.example (operator: can jump ahead in time). Password of all: correct horse battery staple
Ctrl-C stops it; the data stays in var/demo.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
