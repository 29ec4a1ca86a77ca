"""The API explained to people: overview, how to put the gate into a gateway, reference, and each problem.

Everything shown is what the tests run: the examples are made from the description that `/api/v1/openapi.json` gives,
and the configuration of proxies is the files in `clients/`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from applications.api.openapi import Part, document, example_decision
from applications.api.problems import TITLES
from applications.enums import AccessReason, WebhookKind
from applications.queries.decision import next_step
from applications.rules import rehearsal
from applications.rules.webhooks import payload

HELP = {
    "unauthenticated": _("Send a key or a token that is still good. An operator makes keys, at the desk."),
    "out_of_scope": _("The key is for other services. An operator can add services to the gateway."),
    "invalid_subscription": _("Send the subscription's GUID. An API key, a tenant or a resource is none."),
    "invalid_capability": _("Send a code as the catalogue has it."),
    "invalid_instant": _("Write an instant with its zone, such as 2023-07-01T00:00:00Z."),
    "at_not_allowed": _("Gateways ask about now. Staff may ask about another instant, signed in."),
    "invalid_body": _(
        "Send the body that the reference shows. The field index names the item, counted from 0."
    ),
    "invalid_include": _("Ask for service_error, token, or both."),
    "invalid_number": _("Send digits, or leave it out."),
    "unknown_parameter": _("Leave it out, or see the reference for its name."),
    "bad_request": _("Something on the way, or the client, garbled it. See what was sent."),
    "too_large": _("Ask in several calls."),
    "not_found": _("See the reference for the addresses there are."),
    "too_many": _("Ask in several calls."),
    "invalid_cursor": _("Send a cursor as the feed gave it out. Without one the feed begins anew."),
    "method": _("The header field Allow says which methods there are."),
    "unavailable": _("Ask again after a second. Until an answer comes, refuse."),
}
"""What a person does about each problem."""


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    context = {
        "ask": _operations()[0]["curl"],
        "answer": _pretty(example_decision(settings.SITE_URL)),
        "call": _pretty(json.loads(payload(WebhookKind.ENDED, "731.19", "2023-07-01T00:00:04Z"))),
        "reasons": _reasons(),
        "ending": rehearsal.ENDING_GUID,
        "problems": _problems(),
    }
    return render(request, "api/overview.html", context)


def _reasons() -> list[dict[str, Any]]:
    """The closed list: each reason, what it means, whether it allows, and the subscription that rehearses it."""
    return [
        {
            "code": reason.value,
            "label": reason.label,
            "allows": rehearsal.is_allowed(reason),
            "subscription": rehearsal.GUIDS[reason],
            "step": next_step(reason, "face.identification"),
        }
        for reason in AccessReason
    ]


def _problems() -> list[dict[str, Any]]:
    return [
        {"code": code, "status": status, "title": title, "help": HELP[code]}
        for code, (status, title) in TITLES.items()
    ]


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """What stands at the `type` of a problem document."""
    found = next((one for one in _problems() if one["code"] == code), None)
    if found is None:
        raise Http404
    return render(request, "api/problem.html", {"problem": found})


@require_safe
def gateway(request: HttpRequest) -> HttpResponse:
    context = {
        "nginx_server": _file("nginx/server.conf"),
        "nginx_gate": _file("nginx/gate.conf"),
        "envoy": _fence("envoy/README.md", "yaml"),
        "python": _fence("python/README.md", "python"),
    }
    return render(request, "api/gateway.html", context)


@cache
def _file(name: str) -> str:
    return (Path(settings.BASE_DIR) / "clients" / name).read_text(encoding="utf-8")


def _fence(name: str, language: str) -> str:
    """The first example in this language of a description."""
    return _file(name).partition(f"```{language}\n")[2].partition("```")[0]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    schemas = {
        name: [_field(key, part, key in schema["required"]) for key, part in schema["properties"].items()]
        for name, schema in document(settings.SITE_URL)["components"]["schemas"].items()
    }
    return render(request, "api/reference.html", {"operations": _operations(), "schemas": schemas})


def _operations() -> list[dict[str, Any]]:
    site = settings.SITE_URL
    return [
        _operation(site, method, path, operation)
        for path, methods in document(site)["paths"].items()
        for method, operation in methods.items()
    ]


def _operation(site: str, method: str, path: str, operation: Part) -> dict[str, Any]:
    media, sent = next(iter(operation.get("requestBody", {"content": {"": {}}})["content"].items()))
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [
            {**_field(one["name"], one["schema"], one["required"]), "help": one.get("description", "")}
            for one in operation.get("parameters", [])
        ],
        "fields": [
            _field(name, part, name in sent["schema"]["required"])
            for name, part in sent.get("schema", {"properties": {}})["properties"].items()
        ],
        "responses": _responses(operation["responses"]),
        "curl": _curl(site, method, path, operation, media, sent.get("example")),
    }


def _responses(answers: Part) -> list[dict[str, str]]:
    """Answers that look alike stand in one line with all their statuses."""
    alike: dict[tuple[str, str], list[str]] = {}
    for status, answer in answers.items():
        alike.setdefault((answer["description"], _form_of(answer)), []).append(status)
    return [
        {"status": ", ".join(sorted(statuses)), "description": description, "form": form}
        for (description, form), statuses in alike.items()
    ]


def _form_of(answer: Part) -> str:
    """The name of the schema an answer has, if it has one of those listed."""
    schema = next(iter(answer.get("content", {"": {}}).values())).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _field(name: str, schema: Part, required: bool) -> dict[str, Any]:
    return {"name": name, "kind": _kind(schema), "required": required}


def _kind(schema: Part) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema["type"] == "array":
        return f"[{_kind(schema['items'])}]"
    return str(schema.get("format") or schema["type"])


def _curl(site: str, method: str, path: str, operation: Part, media: str, example: Any) -> str:
    """The example as somebody would type it; a test runs each."""
    given = [one for one in operation.get("parameters", []) if "example" in one]
    query = urlencode({one["name"]: one["example"] for one in given if one["in"] == "query"})
    lines = [f'curl "{site}{path}{"?" + query if query else ""}"']
    if operation.get("security") == []:
        lines.append('-u "$NAME:$KEY"')
    else:
        lines.append('-H "Authorization: Bearer $KEY"')
    lines += [f'-H "{one["name"]}: {one["example"]}"' for one in given if one["in"] == "header"]
    if example is not None:
        as_json = media == "application/json"
        lines.append(f'-H "Content-Type: {media}"')
        lines.append(f"-d '{json.dumps(example) if as_json else urlencode(example)}'")
    elif method == "post":
        lines.append("-X POST")
    return " \\\n  ".join(lines)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2)
