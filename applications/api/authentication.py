"""Who calls: a gateway by its key or a token, or staff by their session. What was verified is remembered a while."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from applications import clock
from applications.actions.gateway import PREFIX, key_hash, seen
from applications.api.problems import problem
from applications.api.tokens import read_access_token
from applications.queries.gateway import Caller, caller_of

REMEMBERED_S = 30.0
MOST = 10_000
LONGEST = 2000
_remembered: dict[str, tuple[float, Caller]] = {}

P = ParamSpec("P")
Guarded = Callable[Concatenate[HttpRequest, Caller, P], HttpResponse]


def caller(request: HttpRequest) -> Caller | None:
    """The caller, or None. A key or token that was good is trusted for REMEMBERED_S, on the monotonic clock."""
    key = _key(request)
    if key:
        return _by_key(key)
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and user.is_staff:
        return Caller(None, frozenset(), staff=True)
    return None


def _key(request: HttpRequest) -> str:
    scheme, _blank, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.headers.get("X-Api-Key", "").strip()


def _by_key(key: str) -> Caller | None:
    """By a gateway's key, or by a token that was made with one; both are verified once and then remembered."""
    if len(key) > LONGEST:
        return None
    digest = key_hash(key)
    moment = time.monotonic()
    known = _remembered.get(digest)
    if known and known[0] > moment:
        return known[1]
    _remembered.pop(digest, None)
    now = clock.now()
    left = REMEMBERED_S
    if key.startswith(PREFIX):
        found = caller_of(digest, now)
    else:
        read = read_access_token(key, now)
        found, left = (read[0], min(left, read[1] - now.timestamp())) if read else (None, 0.0)
    if found is None:
        return None
    if found.gateway_id is not None:
        # A role that only reads cannot keep it, and no answer depends on it.
        with suppress(DatabaseError):
            seen(found.gateway_id, now=now)
    if len(_remembered) >= MOST:
        _remembered.clear()
    _remembered[digest] = (moment + left, found)
    return found


def forget_callers() -> None:
    """Drop what is remembered (tests, and a key that was taken back in this process)."""
    _remembered.clear()


def needs_caller(view: Guarded[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer 401 with a problem document unless somebody known calls; hands the caller to the view."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        who = caller(request)
        if who is None:
            return problem("unauthenticated", "Send `Authorization: Bearer <key>`.")
        return view(request, who, *args, **kwargs)

    return guarded
