"""Problem documents (RFC 9457): every input gets an answer or one of these."""

from typing import Any

from django.http import JsonResponse

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
    body = {"type": f"/api/v1/problems/{code}", "title": title, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    response = JsonResponse(body | extra, status=status, content_type="application/problem+json")
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="access decisions"'
    return response
