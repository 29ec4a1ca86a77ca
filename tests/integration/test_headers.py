"""What every answer carries, errors included, and what every request leaves in the log."""

import io
import json
import logging
import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from structlog.stdlib import ProcessorFormatter

from portal.urls import urlpatterns as site_addresses

CANARY = "Wanda Canary"


def with_nonce(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.csp_nonce}")


def cacheable(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={"Cache-Control": "public, max-age=60"})


def broken(request: HttpRequest, word: str) -> HttpResponse:
    raise RuntimeError(CANARY)


urlpatterns = [
    *site_addresses,
    path("nonce/", with_nonce),
    path("cacheable/", cacheable),
    path("broken/<str:word>/", broken),
]


@pytest.fixture
def site(settings):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status"), [("/nonce/", 200), ("/none/", 404), ("/broken/x/", 500), ("/healthz", 200)]
)
def test_every_answer_is_locked_down(site, address, status):
    response = site.get(address)
    assert response.status_code == status
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert "camera=()" in response.headers["Permissions-Policy"]
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_nonce_is_in_the_policy_and_another_each_time(site):
    answers = [site.get("/nonce/") for _ in range(2)]
    nonces = [answer.content.decode() for answer in answers]
    assert nonces[0] != nonces[1]
    for answer, nonce in zip(answers, nonces, strict=True):
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_view_that_knows_better_may_be_cached(site):
    assert site.get("/cacheable/").headers["Cache-Control"] == "public, max-age=60"


def test_error_page_keeps_the_error_to_itself(site):
    assert CANARY.encode() not in site.get("/broken/x/").content


@pytest.mark.parametrize(
    ("sent", "status"), [("cross-site", 403), ("same-origin", 200), ("none", 200), (None, 200)]
)
def test_unsafe_request_from_another_site_is_refused(site, sent, status):
    headers = {"Sec-Fetch-Site": sent} if sent else {}
    assert site.post("/nonce/", headers=headers).status_code == status


def test_reading_from_another_site_is_allowed(site):
    assert site.get("/nonce/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [record.msg for record in caplog.records if record.name == "portal.request"]


def test_log_line_names_the_route_and_not_what_was_typed(site, caplog):
    with caplog.at_level(logging.INFO):
        site.get(f"/broken/{CANARY}/?name={CANARY}")
    [line] = lines(caplog)
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "broken/<str:word>/",
        500,
    )
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"])
    assert CANARY not in json.dumps(line)


@pytest.mark.parametrize("host", ["testserver", "evil.example"])
def test_no_line_at_all_repeats_the_address(site, host):
    [handler] = [
        found for found in logging.getLogger().handlers if isinstance(found.formatter, ProcessorFormatter)
    ]
    stream = io.StringIO()
    before = handler.setStream(stream)
    site.get(f"/broken/{CANARY}/?name={CANARY}", headers={"Host": host})
    handler.setStream(before)
    said = stream.getvalue()
    assert '"portal.request"' in said
    assert '"RuntimeError"' in said or "Invalid HTTP_HOST header" in said
    assert CANARY not in said
    assert "evil.example" not in said


def test_made_up_method_is_not_copied_into_the_log(site, caplog):
    with caplog.at_level(logging.INFO):
        site.generic("X\x1b[31mRED", "/nonce/")
    assert [line["method"] for line in lines(caplog)] == ["other"]


def test_health_is_not_logged(site, caplog):
    with caplog.at_level(logging.INFO):
        site.get("/healthz")
    assert lines(caplog) == []
