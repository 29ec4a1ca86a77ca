"""The anchor of the decision API: an answer of the same size that asks nobody, behind the same middleware."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

ANSWER = {
    "subscription_id": "dc4d27d9-ea49-4921-938f-7782a774e151",
    "capability": "face.identification",
    "allowed": True,
    "reason": "grace",
    "ends_at": "2023-07-01T00:00:00Z",
    "valid_for_s": 60,
    "evaluated_at": "2023-05-15T14:40:00Z",
    "edition": "2022-06-21",
    "next_step": "Apply before access ends: http://localhost/applications/new/?capability=face.identification",
}


def constant(request: HttpRequest) -> HttpResponse:
    return JsonResponse(ANSWER)
