"""Floor 5: before what cannot be undone, a person who signed in long ago shows again that it is them.

The times are those of the session and real, not the portal's clock. Nothing typed is lost: what was sent waits in
the session and is done as soon as the person has shown it (allauth's suspended request).
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

P = ParamSpec("P")

FOR_DECISIONS = timedelta(minutes=60)
FOR_POWERS = timedelta(minutes=5)
"""Roles, exports, mail change, revoking."""


def showed_themselves(request: HttpRequest, within: timedelta) -> bool:
    """Whether the person signed in, or confirmed that it is them, within this time."""
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < within.total_seconds()


def ask_again(request: HttpRequest) -> HttpResponse:
    """Send the person to show that it is them, and then on with what they sent."""
    return suspend_request(request, reverse("account_reauthenticate"))


def step_up(
    within: timedelta,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """Decorator of a view that takes `request`: a POST goes on only when the person showed themselves lately."""

    def wrap(
        view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "POST" and not showed_themselves(request, within):
                return ask_again(request)
            return view(request, *args, **kwargs)

        return guarded

    return wrap
