"""`/api/v1/token`: OAuth 2 client credentials (RFC 6749 §4.4) → a bearer token of five minutes."""

import base64
import binascii
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from applications import clock
from applications.actions.gateway import key_hash
from applications.api.decisions import fails_closed
from applications.api.problems import only
from applications.api.tokens import ACCESS_LASTS, access_token
from applications.queries.gateway import Caller, client_of


@csrf_exempt
@only("POST")
@fails_closed
def token(request: HttpRequest) -> HttpResponse:
    """POST `grant_type=client_credentials` with the gateway's name and key, as Basic or as form fields.

    `scope` may narrow the token to some of the gateway's services.
    """
    if request.POST.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", 400)
    name, secret = _credentials(request)
    if not name.isprintable():  # a NUL is nothing that a database can be asked about
        name = ""
    now = clock.now()
    found = client_of(name, key_hash(secret), now) if name and secret else None
    if found is None:
        return _refused("invalid_client", 401)
    caller, key_id = found
    wanted = request.POST.get("scope", "").split()
    if not set(wanted) <= caller.services:
        return _refused("invalid_scope", 400)
    narrowed = Caller(caller.gateway_id, frozenset(wanted) or caller.services)
    response = JsonResponse(
        {
            "access_token": access_token(narrowed, key_id, now),
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LASTS.total_seconds()),
            "scope": " ".join(sorted(narrowed.services)),
        }
    )
    response["Cache-Control"] = "no-store"
    return response


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _blank, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id", "")[:80], request.POST.get("client_secret", "")[:200]
    try:
        name, _colon, secret = base64.b64decode(value[:1000], validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _refused(code: str, status: int) -> HttpResponse:
    """The form that RFC 6749 §5.2 asks for."""
    response = JsonResponse({"error": code}, status=status)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="access decisions"'
    return response
