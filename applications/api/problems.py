"""Problem documents (RFC 9457): every input gets an answer or one of these."""

from collections.abc import Callable
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
    "invalid_body": (400, "Not the JSON that is expected"),
    "too_many": (413, "Too many items"),
    "invalid_cursor": (400, "Not a cursor of this feed"),
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


def only(*methods: str) -> Callable[[View[P]], View[P]]:
    """Answer 405 with a problem document to every other method, whoever asks."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method in methods:
                return view(request, *args, **kwargs)
            response = problem("method", f"Use {' or '.join(methods)}.")
            response["Allow"] = ", ".join(methods)
            return response

        return guarded

    return wrap
