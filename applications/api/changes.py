"""`/api/v1/changes` and `/api/v1/changes/ack`: the feed, and what a gateway confirms of it (design §7)."""

import json
import threading
import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from applications import clock
from applications.actions.gateway import acknowledge
from applications.api.authentication import needs_caller
from applications.api.decisions import fails_closed
from applications.api.problems import only, problem
from applications.queries.change import START, Cursor, Page, feed_end, read_cursor, read_feed, write_cursor
from applications.queries.change import snapshot as read_snapshot
from applications.queries.decision import instant
from applications.queries.gateway import Caller

MOST = 1000
USUAL = 200
LONGEST_S = 25
LOOKS_EVERY_S = 0.5
WAITING_AT_ONCE = 4
_places = threading.BoundedSemaphore(WAITING_AT_ONCE)


@csrf_exempt
@only("GET", takes=("after", "limit", "wait"))
@fails_closed
@needs_caller
def changes(request: HttpRequest, caller: Caller) -> HttpResponse:
    """GET `after` (a cursor, none for the beginning), `limit` (at most 1,000) and `wait` (seconds, at most 25).

    With `wait` an empty answer is held back until something changes. Few may wait at once in one process; who finds
    no place is answered at once and polls.
    """
    text = request.GET.get("after", "")
    after = read_cursor(text) if text else START
    if after is None:
        return problem("invalid_cursor", "Send a cursor as the feed gave it, or none to begin.")
    rows, wait = _number(request, "limit", USUAL, MOST), _number(request, "wait", 0, LONGEST_S)
    if rows is None or wait is None:
        return problem("invalid_number", "`limit` and `wait` are whole numbers.")
    page = _wait(sorted(caller.services), after, max(1, rows), wait)
    response = JsonResponse(
        {
            "changes": page.rows,
            "cursor": write_cursor(page.cursor),
            "has_more": page.more,
            "evaluated_at": instant(clock.now()),
        }
    )
    response["Cache-Control"] = "no-store"
    return response


def _number(request: HttpRequest, name: str, usual: int, most: int) -> int | None:
    """A whole number of the query, at most `most`; `usual` when it is not there, None when it is none."""
    text = request.GET.get(name)
    if text is None:
        return usual
    return min(most, int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _wait(services: list[str], after: Cursor, rows: int, seconds: int) -> Page:
    page = read_feed(services, after, rows, clock.now())
    if page.rows or not seconds or not _places.acquire(blocking=False):
        return page
    try:
        end = time.monotonic() + seconds
        while not page.rows and time.monotonic() < end:
            time.sleep(LOOKS_EVERY_S)
            page = read_feed(services, after, rows, clock.now())
    finally:
        _places.release()
    return page


@csrf_exempt
@only("GET", takes=("after",))
@fails_closed
@needs_caller
def snapshot(request: HttpRequest, caller: Caller) -> HttpResponse:
    """GET the allows that rest on a right, page by page (`after` as given out), to start from.

    The first page's `cursor` is where to go on in the feed when all pages are read.
    """
    cursor = feed_end()
    after = _number(request, "after", 0, 2**62)
    if after is None:
        return problem("invalid_number", "Send `after` as the page before gave it, or none to begin.")
    now = clock.now()
    rows, following = read_snapshot(sorted(caller.services), after, USUAL, now)
    body = {
        "decisions": rows,
        "after": following,
        "cursor": write_cursor(cursor),
        "evaluated_at": instant(now),
    }
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


@csrf_exempt
@only("POST")
@fails_closed
@needs_caller
def acknowledge_changes(request: HttpRequest, caller: Caller) -> HttpResponse:
    """POST `{"cursor": "…"}`: everything up to and with it is obeyed. Only forwards; twice is no harm."""
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
