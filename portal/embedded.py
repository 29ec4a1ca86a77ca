"""The embedded run: one process that is site, worker and schedule, on SQLite and a broker that needs no server.

A gunicorn configuration: `gunicorn -c python:portal.embedded portal.wsgi`. One worker process with threads; after it
has started, a solo Celery worker and the schedule run in it as threads on `memory://`. Due work is found in the
database, so a message that is lost with the process costs one period (design §4).
"""

import os
import threading
from types import ModuleType
from typing import Any

from celery import Celery, beat
from celery.worker import state as worker_state
from django.conf import settings

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = 1
worker_class = "gthread"
threads = 8
timeout = 60
graceful_timeout = 5
control_socket_disable = True
loglevel = "warning"
proc_name = "limited-access-portal"

DEMO_PERIOD_S = 5.0
_running: dict[str, Any] = {}


def post_worker_init(worker: Any) -> None:
    """Start worker and schedule once the application is loaded (Django is set up by then)."""
    app = celery_app()
    if settings.DEMO:  # whoever jumps ahead wants to see what it does
        for entry in app.conf.beat_schedule.values():
            entry["schedule"] = min(entry["schedule"], DEMO_PERIOD_S)
    consumer = app.Worker(pool="solo", concurrency=1, loglevel="WARNING", quiet=True)
    schedule = beat.Service(app, max_interval=1)
    _running.update(consumer=consumer, schedule=schedule)
    for name, target in (("worker", consumer.start), ("schedule", schedule.start)):
        threading.Thread(target=_quietly, args=(target,), name=name, daemon=True).start()


def _quietly(start: Any) -> None:
    try:
        start()
    except SystemExit:
        return  # how a solo worker says that it has stopped


def worker_exit(server: Any, worker: Any) -> None:
    """Stop both: nothing keeps the process alive after Ctrl-C."""
    if schedule := _running.get("schedule"):
        schedule.stop()
    if consumer := _running.get("consumer"):
        worker_state.should_stop = True
        consumer.stop()


def celery_app() -> Celery:
    module: ModuleType = __import__("portal.celery", fromlist=["app"])
    app: Celery = module.app
    return app
