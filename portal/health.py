"""`/healthz`: this process answers. `/readyz`: it can do its work; 503 when not.

A duty that has fallen silent, a gateway that is not reached, a clock that is off: named as alarms, and the site stays
ready: access is right without any worker (P1), and taking the web processes away would only add to the trouble.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from applications import clock
from applications.enums import Duty
from applications.queries import duty, gateway

SKEW_S = 5
"""Seconds that the clock of this machine may be off that of the database before somebody has to look."""
_seen = {"migrated": False}  # what is applied stays applied: the plan is worked out until it was empty once


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    checks = {"database": "ok", "migrations": "ok"}
    named: list[str] = []
    last: dict[str, str | None] = {}
    try:
        if not is_migrated():
            checks["migrations"] = "not applied"
        else:
            runs = duty.last_runs()
            last = {name.value: at.isoformat() if at else None for name, at in runs.items()}
            named = alarms(runs, clock.now())
    except DatabaseError:
        checks = {"database": "no answer", "migrations": "unknown"}
    ready = set(checks.values()) == {"ok"}
    body = {"ready": ready, "checks": checks, "alarms": named, "last_runs": last}
    return JsonResponse(body, status=200 if ready else 503)


def alarms(runs: Mapping[Duty, datetime | None], now: datetime) -> list[str]:
    """What calls for a person, in codes, counts and ids."""
    found = [f"silent: {name.value}" for name in duty.silent(runs, now)]
    if late := duty.unanswered_emergencies(now):
        found.append(f"emergency without a second answer: {late}")
    if abs(skew := (clock.system_now() - duty.database_time()).total_seconds()) > SKEW_S:
        found.append(f"clock: {skew:+.0f} s from the database")
    return [*found, *gateway.alarms(now)]


def is_migrated() -> bool:
    if not _seen["migrated"]:
        executor = MigrationExecutor(connection)
        _seen["migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _seen["migrated"]


urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
