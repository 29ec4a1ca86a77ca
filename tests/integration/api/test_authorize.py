"""`/api/v1/authorize`: the status is the answer; and nginx in front of a service, as the example has it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from applications.actions.gateway import create_key
from applications.api import authentication, authorize
from applications.enums import AccessReason
from applications.models import Customer, GatewayKey, PolicyEdition
from applications.rules import rehearsal
from applications.rules.policy import Edition
from scripts.packages import nginx
from tests import factories
from tests.clients.portal import Portal
from tests.clock import Clock
from tests.processes.conftest import free_port, until

URL = "/api/v1/authorize"
KEY = "lap_" + "s" * 43
IDENTIFY = "/face/v1.0/identify"
GATE = Path(__file__).resolve().parents[3] / "clients" / "nginx" / "gate.conf"


@pytest.fixture
def known(edition_row: PolicyEdition, edition: Edition, clock: Clock) -> None:
    authentication.forget_callers()
    create_key("edge-1", ["face"], secret=KEY[4:], edition=edition, now=factories.NOW)


def ask(client: Client, reason: AccessReason, capability: str = "face.identification", **more: Any) -> Any:
    headers = {"X-Subscription-Id": str(rehearsal.GUIDS[reason]), "X-Capability": capability}
    return client.get(URL, headers={"Authorization": f"Bearer {KEY}", **headers}, **more)


@pytest.mark.usefixtures("known")
@pytest.mark.django_db
class TestAuthorize:
    def test_allow_is_a_204_that_tells_of_the_end_of_grace(self, client: Client) -> None:
        response = ask(client, AccessReason.GRACE)
        assert (response.status_code, response.content) == (204, b"")
        assert (response["X-Access-Reason"], response["Cache-Control"]) == ("grace", "no-store")
        assert response["Sunset"]

    def test_deny_is_a_403_with_the_service_s_answer(self, client: Client) -> None:
        response = ask(client, AccessReason.NOT_APPLIED)
        assert (response.status_code, response["X-Access-Reason"]) == (403, "not_applied")
        assert response.json()["error"]["innererror"]["code"] == "UnsupportedFeature"

    def test_a_query_is_never_the_question(self, client: Client) -> None:
        query = {
            "subscription_id": str(rehearsal.GUIDS[AccessReason.GRACE]),
            "capability": "face.identification",
        }
        assert ask(client, AccessReason.NOT_APPLIED, query_params=query).status_code == 403
        for headers in ({}, {"X-Capability": "face.identification"}, {"X-Subscription-Id": ""}):
            response = client.get(URL, headers={"X-Api-Key": KEY, **headers}, query_params=query)
            assert (response.status_code, response.json()["code"]) == (400, "invalid_subscription")

    def test_what_is_no_question(self, client: Client) -> None:
        assert client.get(URL).status_code == 401
        assert client.get(URL, headers={"X-Api-Key": KEY}).status_code == 400
        assert client.post(URL, headers={"X-Api-Key": KEY}).status_code == 405

    def test_other_services_are_out_of_scope(self, client: Client) -> None:
        response = ask(client, AccessReason.GRACE, "video-indexer.face-identification")
        assert (response.status_code, response.json()["code"]) == (403, "out_of_scope")

    def test_no_answer_is_a_503(self, client: Client) -> None:
        assert ask(client, AccessReason.ERROR).status_code == 503
        with mock.patch.object(authorize, "decide_one", side_effect=OperationalError):
            assert ask(client, AccessReason.GRACE).status_code == 503


class Service:
    """The dummy behind the gate; `served` says what got through."""

    def __init__(self) -> None:
        self.served: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.served.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"faces")

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()


CONF = """
daemon off; master_process off; pid {at}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {at}/b; proxy_temp_path {at}/p;
  fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;
  {server}
}}
"""
SERVER = GATE.with_name("server.conf")


def configuration(at: Path, portal: int, port: int, service: int) -> str:
    """The published example with this test's addresses in it; each place must be there to be put right."""
    text = SERVER.read_text()
    for published, here in {
        "10.0.0.5:8001": f"127.0.0.1:{portal}",
        "listen 443 ssl": f"listen 127.0.0.1:{port}",
        "$authenticated_subscription": "$http_x_authenticated",
        "portal.example": "localhost",
        "include /etc/nginx/gate-key.conf": f'set $gate_key "{KEY}"',
        "/etc/nginx/gate.conf": str(GATE),
        "your_service": f"127.0.0.1:{service}",
    }.items():
        assert text.count(published) == 1
        text = text.replace(published, here)
    return CONF.format(at=at, server=text)


Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


@pytest.fixture
def gated(tmp_path: Path, service: Service) -> Iterator[Callable[..., Callable[..., Answer]]]:
    """Start nginx in front of the service, with the portal at a port; what it answers can then be asked."""
    started: list[subprocess.Popen[bytes]] = []

    def start(portal: int) -> Callable[..., Answer]:
        port = free_port()
        text = configuration(tmp_path, portal, port, service.server.server_port)
        (tmp_path / "nginx.conf").write_text(text)
        command = [str(nginx()), "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        with (tmp_path / "log").open("wb") as log:
            started.append(subprocess.Popen(command, stderr=log, env={"PATH": os.environ["PATH"]}))

        def get(path: str, **headers: str) -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                return response.status, dict(response.headers), response.read()
            finally:
                connection.close()

        def listens() -> bool:
            try:
                return get("/")[0] == 404
            except OSError:
                return False

        until(listens, "nginx")
        return get

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def test_gate_in_nginx_against_the_portal(
    transactional_db: None, live_server: Any, known: None, gated: Any, service: Service, nordlys: Customer
) -> None:
    held = factories.subscription(nordlys)
    factories.right(held, "face.identification", ends_at=factories.NOW + timedelta(days=1))
    get = gated(live_server.thread.port)
    status, _headers, body = get(IDENTIFY, **{"X-Authenticated": str(held.guid)})
    assert (status, body, service.served) == (200, b"faces", [IDENTIFY])
    stranger = str(rehearsal.GUIDS[AccessReason.NOT_APPLIED])
    status, _headers, body = get(
        IDENTIFY + "?subscription_id=" + str(held.guid), **{"X-Authenticated": stranger}
    )
    assert (status, len(service.served)) == (403, 1)
    assert json.loads(body)["error"]["innererror"]["code"] == "UnsupportedFeature"
    GatewayKey.objects.update(expires_at=factories.NOW)
    authentication.forget_callers()
    assert get(IDENTIFY, **{"X-Authenticated": str(held.guid)})[0] == 503
    assert len(service.served) == 1


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    made.answer(URL, b"", 503)
    yield made
    made.kill()


def refused(get: Callable[..., Answer], service: Service) -> bool:
    status, headers, _body = get(IDENTIFY, **{"X-Authenticated": "x"})
    return (status, headers["Retry-After"], service.served) == (503, "1", [])


def test_gate_in_nginx_is_closed_by_an_error_and_while_the_portal_is_down(
    gated: Any, service: Service, portal: Portal
) -> None:
    get = gated(portal.server.server_port)
    assert refused(get, service)
    portal.kill()
    assert refused(get, service)


def test_gate_in_nginx_is_closed_by_a_frozen_portal(gated: Any, service: Service, portal: Portal) -> None:
    get = gated(portal.server.server_port)
    with portal.freeze():
        assert refused(get, service)
