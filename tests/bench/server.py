"""A real gunicorn on loopback, and who asks it: as fast as it answers, or so many times a second."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.packages import nginx
from tests.bench.measure import share
from tests.faults.world import ROOT
from tests.processes.conftest import free_port, get, until

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Load:
    """What callers saw: answers a second, and how long each took (s)."""

    rate: float
    times: list[float]

    @property
    def p99(self) -> float:
        return share(self.times, 99)


class Front:
    """nginx as docs/site-nginx.conf has it, in front of the port of a server."""

    def __init__(self, behind: int) -> None:
        self.port = free_port()
        self.place = tempfile.TemporaryDirectory()
        text = (ROOT / "docs" / "site-nginx.conf").read_text()
        for published, here in {
            "127.0.0.1:8000": f"127.0.0.1:{behind}",
            "listen 443 ssl": f"listen 127.0.0.1:{self.port}",
        }.items():
            assert text.count(published) == 1
            text = text.replace(published, here)
        at = self.place.name
        paths = " ".join(
            f"{name}_temp_path {at}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = f"daemon off; master_process off; pid {at}/pid; error_log /dev/null;"
        main += "events { worker_connections 1024; }"
        Path(at, "nginx.conf").write_text(f"{main}\nhttp {{ access_log off; {paths}\n{text}\n}}\n")
        command = [str(nginx()), "-p", at, "-e", "stderr", "-c", f"{at}/nginx.conf"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(lambda: get(f"http://127.0.0.1:{self.port}/healthz")[0] == 200, "nginx", 20)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.place.cleanup()


class Server:
    """`application` behind one process of threads; `more` are further words for gunicorn."""

    def __init__(self, application: str, *more: str, settings: str, **environment: str) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "gunicorn", application, "-b", f"127.0.0.1:{self.port}"]
        command += more or (
            *("-k", "gthread", "--workers", "1", "--threads", str(CONNECTIONS), "--no-control-socket"),
            *("-c", "/dev/null", "--log-level", "error", "--keep-alive", "30"),
        )
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": settings, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: get(f"http://localhost:{self.port}/healthz")[0] == 200, "the server answers", 40)
        except AssertionError:
            self.stop()
            raise

    def cpu_s(self) -> float:
        """Processor time that the server's workers have used so far."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ticks = 0
        for child in children:
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def load(
        self,
        path: Callable[[int], str],
        headers: Mapping[str, str],
        *,
        lasts_s: float = 3.0,
        connections: int = CONNECTIONS,
        a_second: float | None = None,
        port: int | None = None,
        body: str | None = None,
    ) -> Load:
        """Ask over kept connections for a bounded while, by POST with a `body`; an answer that is not 200 ends the run.

        With `a_second` each question has its moment, and its time counts from there: who waits for a slow answer
        does not hide that the next one was late too.
        """
        began = time.monotonic()
        method = "GET" if body is None else "POST"
        end, times, failures = began + lasts_s, [list[float]() for _ in range(connections)], []

        def ask(which: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
            while True:
                number = len(times[which]) * connections + which
                due = time.monotonic() if a_second is None else began + number / a_second
                if due >= end:
                    break
                time.sleep(max(0.0, due - time.monotonic()))
                connection.request(method, path(number), body, {"Host": "localhost", **headers})
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    failures.append(response.status)
                    return
                times[which].append(time.monotonic() - due)
            connection.close()

        threads = [threading.Thread(target=ask, args=(which,)) for which in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        all_times = [one for each in times for one in each]
        return Load(len(all_times) / (time.monotonic() - began), all_times)
