"""The API described as OpenAPI 3.1, from the same lists that the code answers by."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from applications.api import changes, decisions
from applications.api.problems import TITLES, only
from applications.api.tokens import ACCESS_LASTS
from applications.enums import AccessReason, ChangeKind
from applications.rules import rehearsal

Part = dict[str, Any]

_GUID = {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
_CODE = {"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]{0,79}$"}
_INSTANT = {"type": "string", "format": "date-time"}
_CURSOR = {"type": "string", "pattern": "^[0-9]{1,18}[.][0-9]{1,18}$"}
_INCLUDE = {"type": "array", "items": {"type": "string", "enum": list(decisions.INCLUDES)}}
EXAMPLE_CAPABILITY = "face.identification"
EXAMPLE_SUBSCRIPTION = str(rehearsal.GUIDS[AccessReason.GRACE])


def _nullable(schema: Part) -> Part:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Part, *optional: str) -> Part:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _schemas() -> Part:
    decision = _object(
        {
            "subscription_id": _nullable(_GUID),
            "capability": _nullable(_CODE),
            "allowed": {"type": "boolean"},
            "reason": {"type": "string", "enum": [reason.value for reason in AccessReason]},
            "ends_at": _nullable(_INSTANT),
            "valid_for_s": {"type": "integer", "minimum": 0, "maximum": 60},
            "evaluated_at": _INSTANT,
            "edition": _nullable({"type": "string"}),
            "next_step": _nullable({"type": "string"}),
            "as_service_error": _ref("ServiceError"),
            "token": {"type": "string"},
        },
        "as_service_error",
        "token",
    )
    change = _object(
        {
            "cursor": _CURSOR,
            "at": _INSTANT,
            "kind": {"type": "string", "enum": [kind.value for kind in ChangeKind]},
            "service": _nullable({"type": "string"}),
            "subscription_id": _nullable(_GUID),
            "capability": _nullable(_CODE),
            "deadline": _nullable(_INSTANT),
            "decision": _nullable(_ref("Decision")),
        }
    )
    problem = _object(
        {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(TITLES)},
            "detail": {"type": "string"},
            "index": {"type": "integer"},
        },
        "detail",
        "index",
    )
    error = _object(
        {
            "status": _nullable({"type": "integer"}),
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": _nullable({"type": "object"}),
        }
    )
    return {"Decision": decision, "Change": change, "Problem": problem, "ServiceError": error}


def _json(schema: Part, description: str, media: str = "application/json", **more: Any) -> Part:
    return {"description": description, "content": {media: {"schema": schema, **more}}}


def _answers(schema: Part, description: str, *problems: int, **more: Any) -> Part:
    refused = {
        str(status): _json(_ref("Problem"), "A problem document", "application/problem+json")
        for status in (401, 405, *problems)
    }
    return {
        "200": _json(schema, description, **more),
        **refused,
        "503": _json(
            _ref("Decision"), "No answer possible now: a deny `error`, valid for 0 s. Treat it as none."
        ),
    }


def _query(name: str, schema: Part, description: str, *, required: bool = False, **more: Any) -> Part:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": description,
        **more,
    }


def example_decision(site: str) -> Part:
    """What the portal answers to the first example, word for word, when it is asked at this instant."""
    return {
        "subscription_id": EXAMPLE_SUBSCRIPTION,
        "capability": EXAMPLE_CAPABILITY,
        "allowed": True,
        "reason": "grace",
        "ends_at": "2023-06-14T14:40:00Z",
        "valid_for_s": 60,
        "evaluated_at": "2023-05-15T14:40:00Z",
        "edition": "2022-06-21",
        "next_step": f"Apply before access ends: {site}/applications/new/?capability={EXAMPLE_CAPABILITY}",
    }


def _decision_paths(site: str) -> Part:
    item = _object({"subscription_id": _GUID, "capability": _CODE})
    many = _object(
        {
            "items": {"type": "array", "maxItems": decisions.MOST_ITEMS, "items": item},
            "include": _INCLUDE,
            "at": _nullable(_INSTANT),
        },
        "include",
        "at",
    )
    example = {"items": [{"subscription_id": EXAMPLE_SUBSCRIPTION, "capability": EXAMPLE_CAPABILITY}]}
    decided = example_decision(site)
    one = {
        "operationId": "decide",
        "summary": "May this subscription use this capability, now?",
        "description": "A deny is a 200. Count `valid_for_s` from sending the question, on a monotonic clock.",
        "parameters": [
            _query(
                "subscription_id", _GUID, "The subscription.", required=True, example=EXAMPLE_SUBSCRIPTION
            ),
            _query(
                "capability",
                _CODE,
                "A code of the catalogue.",
                required=True,
                example=EXAMPLE_CAPABILITY,
            ),
            _query("at", _INSTANT, "Another instant; staff only."),
            _query("include", _INCLUDE, "`service_error`: what to answer; `token`: the decision signed."),
        ],
        "responses": _answers(_ref("Decision"), "The decision", 400, 403, example=decided),
    }
    batch = {
        "operationId": "decideMany",
        "summary": f"Up to {decisions.MOST_ITEMS} decisions, in the order asked",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": many, "example": example}},
        },
        "responses": _answers(
            _object({"items": {"type": "array", "items": _ref("Decision")}}),
            "The decisions",
            400,
            403,
            413,
            example={"items": [decided]},
        ),
    }
    return {"/api/v1/access-decisions": {"get": one, "post": batch}}


def _authorize_path() -> Part:
    """For sub-requests: the status is the answer."""
    names = {"X-Subscription-Id": (_GUID, EXAMPLE_SUBSCRIPTION), "X-Capability": (_CODE, EXAMPLE_CAPABILITY)}
    get = {
        "operationId": "authorize",
        "summary": "The decision as a status: 204 allow, 403 deny, 503 no answer",
        "description": "For sub-requests of nginx (`auth_request`) and Envoy (`ext_authz`).",
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": schema, "example": example}
            for name, (schema, example) in names.items()
        ],
        "responses": {
            "204": {"description": "Allowed. `Deprecation`, `Sunset` and `Link` while only grace covers it."},
            "403": {
                "description": "Denied, with what the service may answer; or a problem document (another service).",
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "application/problem+json": {"schema": _ref("Problem")},
                },
            },
            **{
                str(status): _json(_ref("Problem"), "A problem document", "application/problem+json")
                for status in (400, 401, 405)
            },
            "503": _json({"type": "object"}, "No answer possible now. Refuse."),
        },
    }
    return {"/api/v1/authorize": {"get": get}}


def _feed_paths() -> Part:
    page = _object(
        {
            "changes": {"type": "array", "items": _ref("Change")},
            "cursor": _CURSOR,
            "has_more": {"type": "boolean"},
            "evaluated_at": _INSTANT,
        }
    )
    start = _object(
        {
            "decisions": {"type": "array", "items": _ref("Decision")},
            "after": _nullable({"type": "integer"}),
            "cursor": _CURSOR,
            "evaluated_at": _INSTANT,
        }
    )
    number = {"type": "string", "pattern": "^[0-9]{1,8}$"}
    begun = {"type": "string", "pattern": "^([0-9]{1,18}[.][0-9]{1,18})?$"}
    return {
        "/api/v1/changes": {
            "get": {
                "operationId": "readChanges",
                "summary": "What may have changed, in commit order, each with what is true now",
                "parameters": [
                    _query("after", begun, "The last cursor read; none for the beginning."),
                    _query("limit", number, f"Rows, at most {changes.MOST}.", example="100"),
                    _query("wait", number, f"Seconds to wait for a change, at most {changes.LONGEST_S}."),
                ],
                "responses": _answers(page, "A page of the feed", 400),
            }
        },
        "/api/v1/changes/ack": {
            "post": {
                "operationId": "confirmChanges",
                "summary": "Everything up to and with this cursor is obeyed",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": _object({"cursor": _CURSOR}),
                            "example": {"cursor": "731.19"},
                        }
                    },
                },
                "responses": _answers(
                    _object({"cursor": _CURSOR, "moved": {"type": "boolean"}}), "Recorded", 400, 403, 413
                ),
            }
        },
        "/api/v1/snapshot": {
            "get": {
                "operationId": "readSnapshot",
                "summary": "Everything that a right allows now, to start from; then follow the feed",
                "parameters": [_query("after", number, "`after` of the page before.")],
                "responses": _answers(start, "A page of the snapshot", 400),
            }
        },
    }


def _token_path() -> Part:
    form = _object(
        {
            "grant_type": {"type": "string", "const": "client_credentials"},
            "client_id": {"type": "string"},
            "client_secret": {"type": "string"},
            "scope": {"type": "string"},
        },
        "client_id",
        "client_secret",
        "scope",
    )
    made = _object(
        {
            "access_token": {"type": "string"},
            "token_type": {"type": "string"},
            "expires_in": {"type": "integer", "maximum": int(ACCESS_LASTS.total_seconds())},
            "scope": {"type": "string"},
        }
    )
    refused = _json(_object({"error": {"type": "string"}}), "Refused, in the form of RFC 6749 §5.2")
    post = {
        "operationId": "getToken",
        "summary": "Client credentials → a bearer token of five minutes",
        "description": "The gateway's name and key, as HTTP Basic or as form fields.",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": form,
                    "example": {"grant_type": "client_credentials", "scope": "face"},
                }
            },
        },
        "responses": {**_answers(made, "The token", 413), "400": refused, "401": refused},
    }
    return {"/api/v1/token": {"post": post}}


@cache
def document(site: str) -> Part:
    """The whole description for a site at this address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Limited Access Portal: access decisions",
            "version": "1",
            "description": "May this subscription use this capability, now? Exact at the instant a right ends.",
        },
        "servers": [{"url": site}],
        "security": [{"key": []}],
        "paths": {**_decision_paths(site), **_authorize_path(), **_feed_paths(), **_token_path()},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A gateway's key, or a token."}
            },
        },
    }


@only("GET", "HEAD")
def openapi(request: HttpRequest) -> HttpResponse:
    response = JsonResponse(document(settings.SITE_URL))
    response["Cache-Control"] = "public, max-age=300"
    return response
