"""Turns what the environment says into what Django wants: database options, mail backend, logs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from portal.logs import where_it_failed, without_address

SQLITE_OPTIONS = {
    # Measured with two writers: the defaults, and WAL alone, answer "database is locked", these do not.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}


def database(found: Mapping[str, Any], timeout_s: int) -> dict[str, Any]:
    """`found` with what makes each vendor dependable; SQLite and PostgreSQL only."""
    if found["ENGINE"].endswith("sqlite3"):
        name = str(found["NAME"])
        if name != ":memory:":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        return {**found, "OPTIONS": {**found.get("OPTIONS", {}), **SQLITE_OPTIONS}}
    limits = {
        "statement_timeout": timeout_s * 1000,
        "lock_timeout": min(timeout_s, 10) * 1000,
        "idle_in_transaction_session_timeout": 2 * timeout_s * 1000,
        "jit": "off",  # compiling a plan took longer than any statement of ours
    }
    options = {
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "application_name": "portal",
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }
    return {
        **found,
        # A connection a thread, checked before use; a pool would be one more thing that holds dead ones.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**options, **found.get("OPTIONS", {})},
    }


def email(url: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for one address; dependable delivery is the outbox's work."""
    parts = urlsplit(url)
    if parts.scheme.startswith("smtp"):
        return {
            "EMAIL_BACKEND": "portal.bounded_smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname or "localhost",
            "EMAIL_PORT": parts.port or {"smtps": 465, "smtp+tls": 587}.get(parts.scheme, 25),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        }
    backend = {"console": "console", "file": "filebased", "memory": "locmem", "null": "dummy"}[parts.scheme]
    found = {"EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend"}
    return {**found, "EMAIL_FILE_PATH": parts.path} if backend == "filebased" else found


def celery(redis_url: str, var_dir: Path) -> dict[str, Any]:
    """Celery's settings for a broker; without one, worker and schedule run in the process of the site."""
    visibility_timeout_s = 600  # said twice to Celery: the transport and the worker must agree
    transport: dict[str, Any] = {"polling_interval": 0.05}
    if redis_url:
        transport = {
            "visibility_timeout": visibility_timeout_s,
            "global_keyprefix": "portal:",
            "socket_timeout": 5,  # the default waits for a dead peer for ever
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
        }
    return {
        "CELERY_BROKER_URL": redis_url or "memory://",
        "CELERY_BROKER_TRANSPORT_OPTIONS": transport,
        "CELERY_VISIBILITY_TIMEOUT": visibility_timeout_s,
        "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": True,
        "CELERY_TASK_DEFAULT_QUEUE": "portal",
        "CELERY_TASK_SERIALIZER": "json",
        "CELERY_EVENT_SERIALIZER": "json",
        "CELERY_ACCEPT_CONTENT": ["json"],
        "CELERY_TASK_IGNORE_RESULT": True,
        "CELERY_TASK_PUBLISH_RETRY": False,
        "CELERY_TASK_TIME_LIMIT": 120,  # far below the visibility timeout
        "CELERY_TASK_SOFT_TIME_LIMIT": 100,
        "CELERY_TIMEZONE": "UTC",
        "CELERY_ENABLE_UTC": True,
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
        "CELERY_WORKER_MAX_TASKS_PER_CHILD": 500,
        "CELERY_WORKER_MAX_MEMORY_PER_CHILD": 300_000,  # kilobytes
        "CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT": 20,
        "CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS": True,
        "CELERY_WORKER_ENABLE_REMOTE_CONTROL": False,
        "CELERY_WORKER_HIJACK_ROOT_LOGGER": False,
        "CELERY_BEAT_SCHEDULE_FILENAME": str(var_dir / "schedule"),
    }


def logging_config(level: str, format: str) -> dict[str, Any]:
    """One line an event on standard error. Ids only: what people typed never becomes part of a log line."""
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Any] = (
        [where_it_failed, structlog.processors.JSONRenderer()]
        if format == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            }
        },
        "filters": {"without_address": {"()": lambda: without_address}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["without_address"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        # The line for each request comes from portal.middleware, without the query string.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.request": {"level": "ERROR"},
            "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False},
        },
    }
