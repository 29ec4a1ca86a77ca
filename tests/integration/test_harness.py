"""The ground the other tests stand on: what was asked for is what runs, and each guard bites."""

import socket
import warnings
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.template import Context, Engine, Template

from tests.harness.guard import NetworkForbidden
from tests.harness.templates import FailOnUndefined


@pytest.mark.django_db
def test_runs_on_the_vendor_that_was_asked_for(request):
    assert connection.vendor == request.config.getoption("--db")


@pytest.mark.django_db
def test_sqlite_waits_for_its_turn_to_write():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("30s",)
    else:
        assert connection.transaction_mode == "IMMEDIATE"
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_broker_is_a_real_redis_of_our_own():
    path = urlsplit(settings.REDIS_URL).path
    with redis.Redis(unix_socket_path=path) as client:
        assert client.ping()
        assert client.info("server")["tcp_port"] == 0


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("8.8.8.8", 53)])
def test_other_machines_are_out_of_reach(address):
    with socket.socket() as client, pytest.raises(NetworkForbidden, match=address[0]):
        client.connect(address)


def test_other_machines_are_not_looked_up():
    with pytest.raises(NetworkForbidden, match=r"example\.org"):
        socket.create_connection(("example.org", 443))


def test_warnings_are_errors():
    with pytest.raises(UserWarning):
        warnings.warn("a warning", UserWarning, stacklevel=1)


@pytest.mark.parametrize(
    "source", ["{{ ghost }}", "{{ user.ghost }}", "{{ ghost|upper }}", "{% if 1 %}{{ ghost }}{% endif %}"]
)
def test_undefined_variable_of_ours_fails(source):
    with pytest.raises(pytest.fail.Exception, match="undefined template variable"):
        Template(source).render(Context({"user": object()}))


def test_undefined_variable_of_another_package_is_left_to_it(tmp_path):
    (tmp_path / "theirs.html").write_text("[{{ ghost|default:'none' }}{{ ghost }}]")
    engine = Engine(dirs=[tmp_path], string_if_invalid=FailOnUndefined())
    assert engine.get_template("theirs.html").render(Context()) == "[none]"
