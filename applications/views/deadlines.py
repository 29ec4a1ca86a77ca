"""Floor 6: deadlines at the desk: what ends when, previews, books, held notices, who was never reached."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from applications import charts, clock
from applications.actions import books as actions
from applications.actions import deadlines as notices
from applications.exceptions import NotAllowed, NotFound, NotPossibleNow
from applications.models import DeadlinePreview, JobRun
from applications.permissions import Can, can
from applications.queries import books as queries
from applications.queries import forecast
from applications.queries.deadlines import preview_numbers
from applications.queries.policy import edition_in_force
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff


@staff(Can.SEE_CUSTOMERS, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """The instants at which grace or several rights end, what waits for two people, and who was never reached."""
    now = clock.now()
    context = {
        "title": _("Deadlines"),
        "now": now,
        "deadlines": queries.deadlines(now),
        "held": queries.held_runs(),
        "unreached": queries.nobody_reached(),
        "may_operate": can(request.user, Can.OPERATE),
        "you": request.user,
    }
    return page(request, "admin/deadlines/index.html", context)


@staff(Can.SEE_CUSTOMERS, "GET")
def deadline(request: StaffRequest, *, at: str) -> HttpResponse:
    """One deadline: previews (and, asked for by `?count`, whom it would touch now), warnings sent, and the books."""
    ends_at, now = _instant(at), clock.now()
    edition = edition_in_force()
    previews = queries.latest_previews(ends_at)
    found = queries.books(ends_at, edition)
    if not found.planned and not previews:
        raise NotFound
    context = {
        "title": _("Deadline"),
        "at": at,
        "ends_at": ends_at,
        "now": now,
        "books": found,
        "names": {code: service.name for code, service in edition.services.items()},
        "numbers": preview_numbers(ends_at, known_at=now) if "count" in request.GET else None,
        "previews": previews[:10],
        "chart": _chart(previews),
        "labels": [str(_STANDINGS[name]) for name in forecast.STANDINGS],
        "days": list(reversed(forecast.by_day(previews))),
        "projection": forecast.project(previews[0] if previews else None, now=now),
        "warnings": queries.warnings(ends_at),
        "oldest": queries.oldest_open(ends_at),
        "may_operate": can(request.user, Can.OPERATE),
        "you": request.user,
    }
    return page(request, "admin/deadlines/deadline.html", context)


_STANDINGS = {
    "approved": _lazy("Approved"),
    "in_review": _lazy("In review"),
    "submitted": _lazy("Submitted"),
    "draft": _lazy("Draft"),
    "denied": _lazy("Denied"),
    "not_applied": _lazy("Not applied"),
}


@staff(Can.SEE_CUSTOMERS, "GET")
def forecast_csv(request: StaffRequest, *, at: str) -> HttpResponse:
    """The days of the forecast as CSV; only dates and counts, so nothing in it can be a formula."""
    ends_at = _instant(at)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="forecast-{ends_at:%Y-%m-%d}.csv"'
    writer = csv.writer(response)
    writer.writerow(["day", *forecast.STANDINGS])
    for preview, counts in forecast.by_day(queries.latest_previews(ends_at, 400)):
        writer.writerow([f"{preview.made_at:%F}", *counts])
    return response


def _chart(previews: list[DeadlinePreview]) -> charts.Chart | None:
    """How many customers would lose something, by the day of the preview."""
    if len(previews) < 2:
        return None
    points = [
        (f"{one.made_at:%d %b}", float(one.customers), str(one.customers)) for one in reversed(previews)
    ]
    return charts.line_chart(
        _("Customers who would lose something, day by day"),
        points,
        head=(_("Preview of"), _("Customers")),
    )


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def arm(request: StaffRequest, *, preview: int) -> HttpResponse:
    """The first person proposes a preview as the reference; the second arms it."""
    found = DeadlinePreview.objects.filter(pk=preview).first()
    if found is None:
        raise NotFound
    step = actions.arm if found.proposed_at else actions.propose_arming
    said = _("Armed.") if found.proposed_at else _("Proposed. A second operator arms it.")
    _do(request, lambda: step(found, by=request.user, now=clock.now()), said)
    return redirect("admin:deadline", at=written(found.ends_at))


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def release(request: StaffRequest, *, run: int) -> HttpResponse:
    """The first person proposes to let held notices go; the second lets them go."""
    found = JobRun.objects.filter(pk=run).first()
    if found is None:
        raise NotFound
    now = clock.now()
    if found.release_proposed_at is None:
        proposed = _("Proposed. A second operator lets them go.")
        _do(request, lambda: notices.propose_release(run=found, by=request.user, now=now), proposed)
    else:
        gone = _("The notices go out.")
        _do(request, lambda: notices.release_held(run=found, by=request.user, now=now), gone)
    return redirect("admin:deadlines")


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def close(request: StaffRequest, *, at: str) -> HttpResponse:
    ends_at = _instant(at)
    _do(
        request,
        lambda: actions.close_deadline(ends_at, edition=edition_in_force(), by=request.user, now=clock.now()),
        _("Closed: the books balance."),
    )
    return redirect("admin:deadline", at=at)


def _do(request: StaffRequest, act: Callable[[], Any], said: str) -> None:
    """One action; what hinders it is said on the next page."""
    try:
        act()
    except (NotPossibleNow, NotAllowed) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)


def written(at: datetime) -> str:
    """An instant as it stands in an address."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant(text: str) -> datetime:
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Http404
    return at.astimezone(UTC)
