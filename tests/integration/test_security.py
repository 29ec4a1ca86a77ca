"""Reports of the content policy become one harmless log line, and finders of faults learn whom to write to."""

import json
import logging
from datetime import datetime

import pytest

CANARY = "Wanda Canary"


def report(client, directive, **more):
    body = json.dumps({"csp-report": {"violated-directive": directive, "blocked-uri": CANARY, **more}})
    return client.post("/csp-report", body, content_type="application/csp-report")


def lines(caplog):
    return [record.msg for record in caplog.records if record.name == "portal.security"]


def test_report_is_one_line_without_addresses(client, caplog):
    with caplog.at_level(logging.INFO):
        assert report(client, "script-src-elem 'self'").status_code == 204
    [line] = lines(caplog)
    assert (line["event"], line["directive"]) == ("content_policy_violated", "script-src-elem")
    assert CANARY not in json.dumps(line)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"csp-report": []}',
        b'{"csp-report": {"violated-directive": 5}}',
        b"[" * 5000,
        b"\xff",
    ],
)
def test_body_that_is_no_report_is_refused(client, caplog, body):
    with caplog.at_level(logging.INFO):
        assert client.post("/csp-report", body, content_type="application/json").status_code == 400
    assert lines(caplog) == []


@pytest.mark.parametrize("directive", ["", " ", "script-src\x1b[31m", "\u202e", "x" * 41])
def test_made_up_directive_stays_out_of_the_log(client, caplog, directive):
    with caplog.at_level(logging.INFO):
        assert report(client, directive).status_code == 400
    assert lines(caplog) == []


def test_long_report_is_refused_unread(client):
    assert report(client, "script-src", sample="x" * 8000).status_code == 413


def test_every_policy_names_the_place_for_reports(client):
    assert "report-uri /csp-report" in client.get("/healthz").headers["Content-Security-Policy"]


def test_security_txt_has_what_the_standard_asks_for(client, settings, frozen_clock):
    response = client.get("/.well-known/security.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.content.decode().splitlines())
    assert fields["Contact"] == settings.SECURITY_CONTACT == "mailto:portal@localhost"
    assert fields["Canonical"] == "http://localhost/.well-known/security.txt"
    assert 0 < (datetime.fromisoformat(fields["Expires"]) - frozen_clock).days < 365
