"""What the pages of members share: signed in, expected errors become pages and messages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from applications import exceptions

View = Callable[..., HttpResponse]


def public_page(*methods: str) -> Callable[[View], View]:
    """A page for everybody, with these methods (HEAD goes with GET)."""

    def wrap(view: View) -> View:
        return require_http_methods(_with_head(methods))(_answered(view))

    return wrap


def member_page(*methods: str) -> Callable[[View], View]:
    """A page for people who signed in; what it loads decides what they see. Never kept by a cache."""

    def wrap(view: View) -> View:
        return never_cache(require_http_methods(_with_head(methods))(login_required(_answered(view))))

    return wrap


def refuse(request: HttpRequest, error: exceptions.PortalError, to: str, *args: Any) -> HttpResponse:
    """Say on the next page why it was not done."""
    messages.error(request, error.message)
    return redirect(to, *args)


def _with_head(methods: tuple[str, ...]) -> list[str]:
    return [*methods, *(["HEAD"] if "GET" in methods else [])]


def _answered(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except exceptions.NotFound:
            raise Http404 from None
        except exceptions.NoEdition:
            return render(request, "errors/no_edition.html", status=503)

    return answer
