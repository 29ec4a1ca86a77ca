"""What staff must do more than others: a second factor before any page, and shorter sessions. Real time, always."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from applications.models import User
from applications.queries.privacy import due_notices

log = structlog.get_logger("portal.signin")
Next = Callable[[HttpRequest], HttpResponse]

IDLE_S = 30 * 60
ABSOLUTE_S = 8 * 60 * 60
BEGAN, SEEN, NOTICES = "signed_in_at", "seen_at", "notices_due"
SEEN_STEP_S = 60
# What somebody without a second factor may reach: their account (to get one), the way out, what is public anyhow.
OPEN_TO_ALL = ("/accounts/", "/i18n/", "/theme/", "/demo/", "/healthz", "/readyz", "/metrics")
BEHIND_NOTICES = (
    "/applications/",
    "/access/",
    "/accounts/start/",
    "/accounts/team/",
    "/accounts/organisation/",
)


@receiver(user_logged_in)
def session_begins(request: HttpRequest, user: User, **_: Any) -> None:
    request.session[BEGAN] = request.session[SEEN] = time.time()
    if due_notices(user):
        request.session[NOTICES] = True


class Notices:
    """Shows a new version of a notice once, before the pages of an organisation; asks the database only while due."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asks = request.method == "GET" and request.path.startswith(BEHIND_NOTICES)
        if asks and SESSION_KEY in request.session and request.session.get(NOTICES):
            if due_notices(request.user):  # type: ignore[arg-type]  # the session says who
                return _to("account-notices", request)
            del request.session[NOTICES]
        return self.get_response(request)


class StaffSessions:
    """Staff: out after 30 minutes without a request and after 8 hours; no page without a second factor."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = self._refuse(request) if SESSION_KEY in request.session else None
        response = refusal or self.get_response(request)
        if request.method == "POST" and request.path == reverse("account_logout"):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        user = request.user
        if not user.is_authenticated or not user.is_staff:
            return None
        if over := _is_over(request):
            log.info("session_over", user=user.pk, why=over)
            logout(request)
            messages.info(request, _WORDS[over]())
            return _to("account_login", request)
        if has_second_factor(request) or request.path.startswith(OPEN_TO_ALL):
            return None
        log.info("second_factor_missing", user=user.pk)
        if request.path.startswith("/api/"):
            return HttpResponse(
                "A second factor is needed.\n", status=403, content_type="text/plain; charset=utf-8"
            )
        messages.warning(request, _("Before you go on, add a passkey or an authenticator app."))
        return HttpResponseRedirect(reverse("mfa_index"))


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session showed a passkey, a code of an authenticator app, or a recovery code."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def _is_over(request: HttpRequest) -> str:
    now, session = time.time(), request.session
    began, seen = session.setdefault(BEGAN, now), session.setdefault(SEEN, now)
    if now - began >= ABSOLUTE_S:
        return "absolute"
    if now - seen >= IDLE_S:
        return "idle"
    if now - seen >= SEEN_STEP_S:  # not at each request: a row written for every page read
        session[SEEN] = now
    return ""


_WORDS: dict[str, Callable[[], str]] = {
    "absolute": lambda: _("You were signed in for 8 hours. Sign in again to go on."),
    "idle": lambda: _("You were away for 30 minutes. Sign in again to go on."),
}


def _to(name: str, request: HttpRequest) -> HttpResponseRedirect:
    target = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': target})}")
