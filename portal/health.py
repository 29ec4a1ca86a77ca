"""`/healthz`: this process answers. `/readyz`: it can do its work; 503 when not.

A duty that has fallen silent, or a gateway that is not reached, is named as an alarm and does not make the site unready:
access is right without any worker (P1), and taking the web processes away would only add to the trouble.
"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from applications import clock
from applications.queries import duty, gateway

_seen = {"migrated": False}  # what is applied stays applied: the plan is worked out until it was empty once


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    checks = {"database": "ok", "migrations": "ok"}
    alarms: list[str] = []
    last: dict[str, str | None] = {}
    try:
        if not is_migrated():
            checks["migrations"] = "not applied"
        else:
            runs = duty.last_runs()
            last = {name.value: at.isoformat() if at else None for name, at in runs.items()}
            now = clock.now()
            silent = [f"silent: {name.value}" for name in duty.silent(runs, now)]
            alarms = [*silent, *gateway.alarms(now)]
    except DatabaseError:
        checks = {"database": "no answer", "migrations": "unknown"}
    ready = set(checks.values()) == {"ok"}
    body = {"ready": ready, "checks": checks, "alarms": alarms, "last_runs": last}
    return JsonResponse(body, status=200 if ready else 503)


def is_migrated() -> bool:
    if not _seen["migrated"]:
        executor = MigrationExecutor(connection)
        _seen["migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _seen["migrated"]


urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
