"""What every answer carries and every request leaves in the log."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from applications.api.problems import problem

log = structlog.get_logger("portal.request")
Next = Callable[[HttpRequest], HttpResponse]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = ("GET", "HEAD", "POST")
API = "/api/v1/"
PERMISSIONS = ", ".join(
    [
        *(
            f"{name}=()"
            for name in (
                "accelerometer",
                "camera",
                "display-capture",
                "geolocation",
                "gyroscope",
                "magnetometer",
                "microphone",
                "midi",
                "payment",
                "usb",
            )
        ),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)


class RequestLog:
    """One line a request: route, status, who (an id). Never the address: it may hold what somebody typed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex)
        started = time.monotonic()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else None
        if route not in ("healthz", "readyz", "metrics") and (
            route is not None or response.status_code >= 400
        ):
            # The user is named only when something already looked: the log causes no query of its own.
            user = request.__dict__.get("_cached_user")
            log.info(
                "request",
                method=request.method
                if request.method in SAFE | {"POST", "PUT", "PATCH", "DELETE"}
                else "other",
                route=route,
                status=response.status_code,
                ms=round((time.monotonic() - started) * 1000),
                user=getattr(user, "pk", None),
            )
        return response


class Headers:
    """Headers that Django has no setting for; a view that set its own is left alone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Pages may be personal: nothing on the way keeps them, and Back after signing out shows nothing.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class Methods:
    """405 before anything else looks: no address of ours has another method, and TRACE would repeat cookies.

    Views of classes say themselves which they have; else a page for who signed in would redirect first.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS and not request.path.startswith(API):  # it says so by itself
            return HttpResponseNotAllowed(METHODS)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: tuple[Any, ...], _named: dict[str, Any]
    ) -> HttpResponse | None:
        of_class = getattr(view, "view_class", None)
        if of_class is None:
            return None
        had = [name for name in METHODS if hasattr(of_class, "get" if name == "HEAD" else name.lower())]
        return None if request.method in had else HttpResponseNotAllowed(had)


class RefuseCrossSite:
    """Second line behind the CSRF token: a browser says itself that another site sent an unsafe request."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE and request.headers.get("Sec-Fetch-Site") == "cross-site":
            log.warning("cross_site_refused")
            return HttpResponse(
                "Sent by another site: refused.\n", status=403, content_type="text/plain; charset=utf-8"
            )
        return self.get_response(request)


class BodyLimit:
    """Refuse a body that is too large before anything reads it: files only where files are taken."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META.get("CONTENT_LENGTH") or "0"
        takes_files = request.path.startswith("/applications/")
        most = settings.UPLOAD_MAX if takes_files else settings.BODY_MAX
        if not told.isdecimal() or int(told[:12]) > most:
            if request.path.startswith(API):
                return problem("too_large")
            return render(request, "413.html", status=413)
        return self.get_response(request)
