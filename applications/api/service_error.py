"""What a service may answer its own caller: the body of a refusal, and headers while grace lasts (promise P10).

The vendor's outer text said "Invalid request" and its HTTP 299 broke SDKs; ours names the feature and links to the
form, and a right that will end is told by standard header fields instead.
"""

from typing import Any

from django.conf import settings
from django.utils.http import http_date

from applications.enums import AccessReason
from applications.queries.decision import Decision

_RETIRED = "Feature is not supported, the attribute or capability has been retired: {feature}. See {link}"
_MISSING = (
    "Feature is not supported, missing approval for one or more of the following features: {feature}. {step}"
)


def as_service_error(decision: Decision) -> dict[str, Any]:
    """`status`, `headers` and `body` for the service's own answer; status and body are None on an allow."""
    verdict = decision.verdict
    if verdict.allowed:
        return {"status": None, "headers": _leaving(decision), "body": None}
    if verdict.reason is AccessReason.ERROR:
        return {
            "status": 503,
            "headers": {"Retry-After": "1"},
            "body": _body("ServiceUnavailable", "Ask again."),
        }
    capability = decision.edition.capability(decision.capability)
    feature = (capability.api_feature or str(capability.name)) if capability else decision.capability
    text = _RETIRED if verdict.reason is AccessReason.RETIRED else _MISSING
    step = decision.as_json()["next_step"] or ""
    link = f"{settings.SITE_URL}/check/?capability={decision.capability}"
    message = text.format(feature=feature, step=step, link=link)
    return {"status": 403, "headers": {}, "body": _body("UnsupportedFeature", message)}


def _body(inner: str, message: str) -> dict[str, Any]:
    return {
        "error": {
            "code": "InvalidRequest",
            "message": "Invalid request has been sent.",
            "innererror": {"code": inner, "message": message},
        }
    }


def _leaving(decision: Decision) -> dict[str, str]:
    """`Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` while only grace covers the call."""
    verdict = decision.verdict
    if verdict.reason is not AccessReason.GRACE or verdict.ends_at is None:
        return {}
    capability = decision.edition.capability(decision.capability)
    since = capability.gated_at if capability else None
    link = f"{settings.SITE_URL}/applications/new/?capability={decision.capability}"
    headers = {
        "Sunset": http_date(verdict.ends_at.timestamp()),
        "Link": f'<{link}>; rel="sunset"; type="text/html"',
    }
    return {"Deprecation": f"@{int(since.timestamp())}", **headers} if since else headers
