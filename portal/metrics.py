"""`/metrics` for a monitor with the token: how long each duty is silent, what waits, what calls for a person.

The text format of Prometheus. Numbers and codes only; each figure is one look at an index, whatever the years hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from applications import clock
from applications.queries import duty
from portal.health import alarms

Sample = tuple[str, float]
"""Labels as they are written, and the value."""


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Without a token set, or with another one, there is no such page."""
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        raise Http404
    now = clock.now()
    runs = duty.last_runs()
    found = duty.waiting(now)
    families: list[tuple[str, str, list[Sample]]] = [
        (
            "portal_duty_silent_seconds",
            "Time since the last good run of a duty; absent when there was none.",
            [(f'{{duty="{name.value}"}}', (now - at).total_seconds()) for name, at in runs.items() if at],
        ),
        (
            "portal_duty_silent",
            "1 for a duty without a good run for three of its periods.",
            [(f'{{duty="{name.value}"}}', float(name in duty.silent(runs, now))) for name in runs],
        ),
        ("portal_alarms", "What calls for a person, as /readyz names it.", [("", len(alarms(runs, now)))]),
        (
            "portal_waiting",
            "Rows that a duty or a person has still to deal with.",
            [(f'{{what="{what}"}}', count) for what, (count, _oldest) in found.items()],
        ),
        (
            "portal_waiting_oldest_seconds",
            "How long the oldest of them is overdue.",
            [
                (f'{{what="{what}"}}', max((now - oldest).total_seconds(), 0.0))
                for what, (_count, oldest) in found.items()
                if oldest
            ],
        ),
    ]
    return HttpResponse(
        "\n".join(_lines(families)) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _lines(families: list[tuple[str, str, list[Sample]]]) -> Iterator[str]:
    for name, meaning, samples in families:
        yield f"# HELP {name} {meaning}"
        yield f"# TYPE {name} gauge"
        for labels, value in samples:
            yield f"{name}{labels} {value:g}"


urlpatterns = [path("metrics", metrics, name="metrics")]
