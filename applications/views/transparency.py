"""Floor 6: the public page of counts, and the same as JSON."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from applications import clock
from applications.queries.policy import edition_in_force
from applications.queries.transparency import transparency
from applications.rules.transparency import LEAST, MEASURES
from applications.views.pages import public_page

LABELS = {
    "received": _("Received"),
    "approved": _("Approved"),
    "denied": _("Denied"),
    "revoked": _("Revoked"),
}


@public_page("GET")
def page(request: HttpRequest) -> HttpResponse:
    edition, now = edition_in_force(), clock.now()
    rows = [
        {
            "quarter": str(row.quarter),
            "service": edition.services[row.service].name.to(get_language()),
            "counts": [(LABELS[name], row.counts[name]) for name in MEASURES],
            "days": row.days,
        }
        for row in transparency(edition, now)
        if row.service in edition.services
    ]
    context = {"rows": rows, "labels": [LABELS[name] for name in MEASURES], "least": LEAST, "now": now}
    return render(request, "public/transparency.html", context)


@public_page("GET")
def data(request: HttpRequest) -> HttpResponse:
    edition = edition_in_force()
    rows: list[dict[str, Any]] = [
        {"service": row.service, "quarter": str(row.quarter), **row.counts, "median_days": row.days}
        for row in transparency(edition, clock.now())
    ]
    note = f"null: fewer than {LEAST}, or hidden so that such a count cannot be worked out"
    return JsonResponse({"unit": "requested capabilities", "note": note, "rows": rows})
