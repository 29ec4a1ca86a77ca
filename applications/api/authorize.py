"""`/api/v1/authorize`: a decision told by the status alone, as the sub-requests of proxies want it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from applications import clock
from applications.api.authentication import needs_caller
from applications.api.decisions import HELP, fails_closed, read_pair
from applications.api.problems import only, problem
from applications.api.service_error import as_service_error
from applications.queries.decision import decide_one
from applications.queries.gateway import Caller


@csrf_exempt
@only("GET")
@fails_closed
@needs_caller
def authorize(request: HttpRequest, caller: Caller) -> HttpResponse:
    """GET with `X-Subscription-Id` and `X-Capability`: 204 allow, 403 deny, 503 no answer.

    A 403 carries the body that the service should answer; a 204 the header fields to add while grace lasts.
    `X-Access-Reason` says why on both. Never by a query: the one that a proxy passes on is the caller's own.
    """
    pair = read_pair(request.headers.get("X-Subscription-Id"), request.headers.get("X-Capability"))
    if isinstance(pair, str):
        return problem(pair, HELP[pair])
    decision = decide_one(*pair, clock.now())
    capability = decision.edition.capability(decision.capability)
    if not caller.may_ask(capability.service if capability else None):
        return problem("out_of_scope")
    told = as_service_error(decision)
    response = JsonResponse(told["body"], status=told["status"]) if told["body"] else HttpResponse(status=204)
    for name, value in told["headers"].items():
        response[name] = value
    response["X-Access-Reason"] = decision.verdict.reason.value
    response["Cache-Control"] = "no-store"
    return response
