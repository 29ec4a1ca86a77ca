"""Problem documents (RFC 9457): every input gets an answer or one of these."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

TITLES = {
    "unauthenticated": (401, "A key is needed"),
    "out_of_scope": (403, "This key is for other services"),
    "invalid_subscription": (400, "Not a subscription id"),
    "invalid_capability": (400, "Not a capability code"),
    "invalid_instant": (400, "Not an instant"),
    "at_not_allowed": (403, "Only staff may ask about another instant"),
    "invalid_body": (400, "Not the body that is expected"),
    "invalid_include": (400, "Nothing that can be included"),
    "invalid_number": (400, "Not a number"),
    "invalid_cursor": (400, "Not a cursor of this feed"),
    "unknown_parameter": (400, "Not a parameter of this call"),
    "bad_request": (400, "Not a request that can be read"),
    "too_many": (413, "Too many items"),
    "too_large": (413, "Too large"),
    "not_found": (404, "Nothing is here"),
    "method": (405, "This method is not allowed here"),
    "unavailable": (503, "No answer possible now"),
}


def problem(code: str, detail: str = "", **extra: Any) -> JsonResponse:
    """`application/problem+json` with `type`, `title`, `status`, `detail`; never echoes what was sent."""
    status, title = TITLES[code]
    body = {
        "type": f"{settings.SITE_URL}/api/v1/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
    }
    if detail:
        body["detail"] = detail
    response = JsonResponse(body | extra, status=status, content_type="application/problem+json")
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="access decisions"'
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What the API by itself answers to an address it does not have."""
    return problem("not_found")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem("bad_request")


def unavailable(request: HttpRequest) -> HttpResponse:
    return problem("unavailable")


def only(*methods: str, takes: Collection[str] | None = None) -> Callable[[View[P]], View[P]]:
    """Answer 405 with a problem document to every other method, whoever asks; 400 to a query that names something
    else than `takes`, so that a slip of the pen is not taken for a wish that was granted.
    """

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                response = problem("method", f"Use {' or '.join(methods)}.")
                response["Allow"] = ", ".join(methods)
                return response
            if takes is not None and not set(request.GET) <= set(takes):
                return problem("unknown_parameter", f"There are: {', '.join(takes)}.")
            return view(request, *args, **kwargs)

        return guarded

    return wrap
