"""`/api/v1/changes` and `/api/v1/changes/ack`: the feed, and what a gateway confirms of it (design §7)."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from applications import clock
from applications.actions.gateway import acknowledge
from applications.api.authentication import needs_caller
from applications.api.decisions import fails_closed
from applications.api.problems import problem
from applications.queries.change import START, read_cursor, read_feed, write_cursor
from applications.queries.gateway import Caller

MOST = 1000
USUAL = 200


@csrf_exempt
@fails_closed
@needs_caller
def changes(request: HttpRequest, caller: Caller) -> HttpResponse:
    """GET `after` (a cursor, none for the beginning) and `limit` (at most 1,000)."""
    if request.method != "GET":
        return problem("method", "Use GET.")
    text = request.GET.get("after", "")
    after = read_cursor(text) if text else START
    if after is None:
        return problem("invalid_cursor", "Send a cursor as the feed gave it, or none to begin.")
    limit = request.GET.get("limit", "")
    rows = min(MOST, int(limit)) if limit.isascii() and limit.isdigit() and len(limit) < 9 else USUAL
    page = read_feed(sorted(caller.services), after, max(1, rows), clock.now())
    response = JsonResponse(
        {"changes": page.rows, "cursor": write_cursor(page.cursor), "has_more": page.more}
    )
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@fails_closed
@needs_caller
def acknowledge_changes(request: HttpRequest, caller: Caller) -> HttpResponse:
    """POST `{"cursor": "…"}`: everything up to and with it is obeyed. Only forwards; twice is no harm."""
    if request.method != "POST":
        return problem("method", "Use POST.")
    if caller.gateway_id is None:
        return problem("out_of_scope", "Only a gateway confirms changes.")
    try:
        body = json.loads(request.body)
        cursor = read_cursor(body["cursor"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        cursor = None
    if cursor is None:
        return problem("invalid_cursor", 'Send {"cursor": "<the last cursor you obeyed>"}.')
    moved = acknowledge(caller.gateway_id, cursor=cursor, now=clock.now())
    return JsonResponse({"cursor": write_cursor(cursor), "moved": moved})
