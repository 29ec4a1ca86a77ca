"""Answers of the API as people paste them: JSON, log lines, SDK exceptions, statuses; and what must never come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.rules.decoder import LONGEST, decode
from applications.rules.policy import Edition, read_edition
from tests.factories import read_file

NOT_APPROVED = {
    "error": {
        "code": "InvalidRequest",
        "message": "Invalid request has been sent.",
        "innererror": {
            "code": "UnsupportedFeature",
            "message": "Feature is not supported, missing approval for one or more of the following features: "
            "Identification,Verification. Please apply for access at https://aka.ms/facerecognition",
        },
    }
}
AS_JSON = json.dumps(NOT_APPROVED)
KEY = "0123456789abcdef0123456789abcdef"
LONG_KEY = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3dEf6hIj9kLmACOG"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLXNvbWUtbGVuZ3Ro"
SEALED = "eyJhbGciOiJkaXIifQ..aXY1aXY1aXY1aXY1.Y2lwaGVydGV4dC10aGF0LW11c3QtZ28.dGFnLXRhZw"


@pytest.mark.parametrize(
    ("text", "cause", "capabilities"),
    [
        (AS_JSON, "missing-approval", ["face.identification", "face.verification"]),
        (
            json.dumps(NOT_APPROVED, indent=4),
            "missing-approval",
            ["face.identification", "face.verification"],
        ),
        (
            f"ERROR body={json.dumps(AS_JSON)}",
            "missing-approval",
            ["face.identification", "face.verification"],
        ),
        (
            "HttpResponseError: (UnsupportedFeature) missing approval for one or more of the following features: "
            "Verification. Please apply",
            "missing-approval",
            ["face.verification"],
        ),
        (
            "UnsupportedFeature when calling PersonGroup - Identify",
            "missing-approval",
            ["face.identification"],
        ),
        ("Unsupported\u200bFeature", "missing-approval", []),
        (
            '{"error":{"code":"UnsupportedFeature","message":"The following attributes are deprecated: '
            'emotion, gender, headPose"}}',
            "retired-attribute",
            ["face.emotion", "face.gender"],
        ),
        (
            "GET ?returnFaceAttributes=age,glasses,smile 403 deprecated attribute",
            "retired-attribute",
            ["face.age", "face.smile"],
        ),
        ("401", "wrong-key", []),
        ("HTTP/1.1 401 Unauthorized", "wrong-key", []),
        (
            '{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API '
            'endpoint."}}',
            "wrong-key",
            [],
        ),
        ("299", "warning-299", []),
        ('Warning: 299 - "limited access"', "warning-299", []),
        ("Response status code 299", "warning-299", []),
        (
            "Face APIs are not supported for Cognitive Service resources created after 06/21/2022",
            "multi-service-after-cut",
            [],
        ),
        (
            "azure.core.exceptions.HttpResponseError: (InvalidRequest) Invalid request has been sent.",
            "older-sdk",
            ["face.face-id"],
        ),
        ("Liveness session: token refused, 403 Forbidden", "liveness-wrong-subscription", ["face.liveness"]),
        (
            "POST /face/v1.0/detect?returnFaceLandmarks=true → 403 Invalid request has been sent.",
            "face-id-default",
            ["face.face-id"],
        ),
        (
            "FaceClient.face.detect_with_url(url) raised APIErrorException: Invalid request has been sent.",
            "face-id-default",
            ["face.face-id"],
        ),
        (
            "POST /face/v1.0/detect?returnFaceId=false → Invalid request has been sent.",
            "older-sdk",
            ["face.face-id"],
        ),
        ("Feature not available on the free tier", "free-tier", []),
    ],
)
def test_known_causes(edition: Edition, text: str, cause: str | None, capabilities: list[str]) -> None:
    found = decode(text, edition)
    assert (found.cause and found.cause.code) == cause
    assert [capability.code for capability in found.capabilities] == capabilities
    assert found.cause not in found.near


def test_every_cause_of_the_edition_is_met_above(edition: Edition) -> None:
    marks = next(mark for mark in test_known_causes.pytestmark if mark.name == "parametrize")
    assert {case[1] for case in marks.args[1]} - {None} == set(edition.causes)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("403", 403),
        (" 403 Forbidden", 403),
        ("HTTP/1.1 500 Internal", 500),
        ("http 299", 299),
        ('{"statusCode": 401}', 401),
        ("status_code=429", 429),
        ("Response status code does not indicate success: 403 (Forbidden)", None),
        ("client said 403 forbidden", 403),
        ("took 403 ms", None),
        ("error 4031", None),
        ("", None),
    ],
)
def test_http_status(edition: Edition, text: str, status: int | None) -> None:
    assert decode(text, edition).http_status == status


def test_a_bare_status_with_several_causes_offers_what_is_near(edition: Edition) -> None:
    found = decode("403", edition)
    assert found.cause is None
    assert [cause.code for cause in found.near] == ["face-id-default", "missing-approval", "older-sdk"]


@pytest.mark.parametrize("text", ["", "   ", "hello world", "\x00\x01", "{", "[" * 5000, "🙂" * 100, "﷽"])
def test_unknown_text_says_so(edition: Edition, text: str) -> None:
    found = decode(text, edition)
    assert (found.cause, found.capabilities, found.near) == (None, (), ())


def test_what_looks_alike_is_near(edition: Edition) -> None:
    found = decode("The resources you created do not work with cognitive search", edition)
    assert found.cause is None
    assert [cause.code for cause in found.near] == ["multi-service-after-cut"]


@pytest.mark.parametrize("secret", [KEY, KEY.upper(), LONG_KEY, TOKEN, SEALED])
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "Ocp-Apim-Subscription-Key: {}",
        "Authorization: Bearer {}",
        '{{"key1":"{}","error":{{"code":"401"}}}}',
        "https://x.example/face?subscription-key={}&a=b",
        "key={};{}",
    ],
)
def test_a_secret_never_comes_out(edition: Edition, secret: str, around: str) -> None:
    found = decode(around.format(secret, secret), edition)
    assert found.had_secret
    assert secret not in repr(found)
    assert not any(part in found.masked for part in secret.split(".") if len(part) > 8)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("?sv=2021&sig=abc%2Fdefghij%3D&se=1", "?sv=2021&***&se=1"),
        ("AccountName=x;AccountKey=abcdefgh+/abcdefghij==;", "AccountName=x;***;"),
        ('"apiKey": "notHexButSecret99"', '"***"'),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: ***"),
        ("dc4d27d9-ea49-4921-938f-7782a774e151", "dc4d27d9-ea49-4921-938f-7782a774e151"),
    ],
)
def test_masked(edition: Edition, text: str, masked: str) -> None:
    assert decode(text, edition).masked == masked


def test_the_text_is_cut(edition: Edition) -> None:
    assert len(decode("x " * LONGEST, edition).masked) == LONGEST
    assert decode("x" * LONGEST + AS_JSON, edition).cause is None


@given(st.text(max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    found = decode(text, read_file())
    assert found.cause not in found.near


def test_another_editions_causes_and_features() -> None:
    """Causes name features, and features name capabilities, by data alone."""
    file = Path(__file__).parents[2] / "editions" / "harbour.toml"
    found = decode(
        "No approval. Features: SpeakerIdentification", read_edition(file.read_text(encoding="utf-8"))
    )
    assert found.cause is not None
    assert (found.cause.code, found.cause.link) == ("geen-toegang", "apply")
    assert [capability.code for capability in found.capabilities] == ["voice.speaker-identification"]
