"""`/api/v1/access-decisions`: may they, now? (design §6, §8)"""

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from applications import clock
from applications.api.authentication import needs_caller
from applications.api.problems import only, problem
from applications.api.service_error import as_service_error
from applications.api.tokens import decision_token
from applications.enums import AccessReason
from applications.exceptions import NoEdition
from applications.queries.decision import Decision, decide_many, decide_one, instant, next_step
from applications.queries.gateway import Caller

MOST_ITEMS = 1000
INCLUDES = ("service_error", "token")
YEARS = range(1970, 3000)  # of `at`: arithmetic about it stays possible
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}", re.ASCII)
log = logging.getLogger(__name__)

Pair = tuple[UUID, str]


def fails_closed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An error inside is a deny `error`, HTTP 503, valid for 0 s, with an alarm in the log (promise P1).

    What is wrong with the request itself is the caller's, and no alarm.
    """

    @wraps(view)
    def closed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RequestDataTooBig:
            return problem("too_large")
        except (SuspiciousOperation, MultiPartParserError, BadRequest, UnreadablePostError):
            return problem("bad_request")
        except (DatabaseError, NoEdition, ArithmeticError, LookupError, TypeError, ValueError, OSError):
            log.exception("decision_failed")
            return JsonResponse(no_answer(), status=503, headers={"Retry-After": "1"})

    return closed


def no_answer() -> dict[str, Any]:
    return {
        "subscription_id": None,
        "capability": None,
        "allowed": False,
        "reason": AccessReason.ERROR.value,
        "ends_at": None,
        "valid_for_s": 0,
        "evaluated_at": instant(clock.now()),
        "edition": None,
        "next_step": next_step(AccessReason.ERROR, ""),
    }


@csrf_exempt
@only("GET", "POST", takes=("subscription_id", "capability", "at", "include"))
@fails_closed
@needs_caller
def access_decisions(request: HttpRequest, caller: Caller) -> HttpResponse:
    """GET one decision, POST up to 1,000. A deny is a 200; a problem is a problem document."""
    if request.method == "GET":
        return _one(request, caller)
    return _many(request, caller)


def _one(request: HttpRequest, caller: Caller) -> HttpResponse:
    pair = read_pair(request.GET.get("subscription_id"), request.GET.get("capability"))
    if isinstance(pair, str):
        return problem(pair, HELP[pair])
    at = _at(request.GET.get("at"), caller)
    if isinstance(at, str):
        return problem(at)
    include = request.GET.getlist("include")
    if not _can_include(include):
        return problem("invalid_include")
    return _answer([decide_one(*pair, at)], caller, include, one=True)


def _many(request: HttpRequest, caller: Caller) -> HttpResponse:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return problem("invalid_body", 'Send {"items": [{"subscription_id", "capability"}, …]}.')
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return problem("invalid_body", 'Send {"items": [{"subscription_id", "capability"}, …]}.')
    if len(items) > MOST_ITEMS:
        return problem("too_many", f"At most {MOST_ITEMS} items.")
    at = _at(body.get("at"), caller)
    if isinstance(at, str):
        return problem(at)
    pairs: list[Pair] = []
    for index, item in enumerate(items):
        pair = read_pair(item.get("subscription_id"), item.get("capability"))
        if isinstance(pair, str):
            return problem(pair, HELP[pair], index=index)
        pairs.append(pair)
    include = body.get("include", [])
    if not isinstance(include, list) or not _can_include(include):
        return problem("invalid_include")
    return _answer(decide_many(pairs, at), caller, include, one=False)


def _can_include(include: list[Any]) -> bool:
    return all(name in INCLUDES for name in include)


def _answer(decisions: list[Decision], caller: Caller, include: list[str], *, one: bool) -> HttpResponse:
    """`include`: `service_error` adds what the service may answer, `token` the same decision signed."""
    for index, decision in enumerate(decisions):
        capability = decision.edition.capability(decision.capability)
        if not caller.may_ask(capability.service if capability else None):
            return problem("out_of_scope") if one else problem("out_of_scope", index=index)
    language = get_language()
    answers = [_form(decision, include, language) for decision in decisions]
    if one and decisions[0].verdict.reason is AccessReason.ERROR:  # the test subscription that rehearses it
        return JsonResponse(answers[0], status=503, headers={"Retry-After": "1", "Cache-Control": "no-store"})
    response = JsonResponse(answers[0] if one else {"items": answers})
    response["Cache-Control"] = "no-store"
    return response


def _form(decision: Decision, include: list[str], language: str | None) -> dict[str, Any]:
    answer = decision.as_json(language)
    if "service_error" in include:
        answer["as_service_error"] = as_service_error(decision)
    if "token" in include:
        answer["token"] = decision_token(decision)
    return answer


HELP = {
    "invalid_subscription": "A GUID such as dc4d27d9-ea49-4921-938f-7782a774e151. An API key is not one.",
    "invalid_capability": "A code of the catalogue such as face.identification.",
}


def read_pair(subscription: object, capability: object) -> Pair | str:
    """What is asked about, or the code of the problem with it."""
    if not isinstance(subscription, str) or not _GUID.fullmatch(subscription.strip()):
        return "invalid_subscription"
    if not isinstance(capability, str) or not _CODE.fullmatch(capability):
        return "invalid_capability"
    return UUID(subscription.strip()), capability


def _at(text: object, caller: Caller) -> datetime | str:
    """The instant asked about: now, or `at` for staff."""
    if text is None:
        return clock.now()
    if not caller.staff:
        return "at_not_allowed"
    try:
        at = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.year not in YEARS:
        return "invalid_instant"
    return at.astimezone(UTC)
