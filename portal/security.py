"""What browsers and finders of faults tell us: reports of the content policy, and whom to write to (RFC 9116)."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from applications import clock

log = structlog.get_logger("portal.security")
LONGEST_REPORT = 8_000
DIRECTIVE = re.compile(r"[a-z-]{1,40}")


@csrf_exempt  # browsers send reports without a token; nothing but a log line comes of them
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """One line with the directive only: the addresses in a report hold what anybody cares to send."""
    if int(request.headers.get("Content-Length") or 0) > LONGEST_REPORT:
        return HttpResponse(status=413)
    try:
        directive = json.loads(request.body)["csp-report"]["violated-directive"].split()[0]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return HttpResponse(status=400)
    if not DIRECTIVE.fullmatch(directive):
        return HttpResponse(status=400)
    log.warning("content_policy_violated", directive=directive)
    return HttpResponse(status=204)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    expires = (clock.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}",
        f"Preferred-Languages: {', '.join(code for code, _name in settings.LANGUAGES)}",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("csp-report", csp_report, name="csp-report"),
    path(".well-known/security.txt", security_txt, name="security-txt"),
]
