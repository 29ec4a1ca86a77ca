"""The decision API by itself (`portal.wsgi_api`): it starts alone, needs no broker, and only reads the database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from applications.actions.gateway import create_key
from applications.models import Customer, PolicyEdition
from applications.rules.policy import Edition
from tests import factories

ROOT = Path(__file__).resolve().parents[3]
KEY = "lap_" + "s" * 43
ASK = """
import io, json, sys
from portal.wsgi_api import application
said = {}
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/v1/access-decisions", "SERVER_NAME": "localhost",
           "SERVER_PORT": "80", "HTTP_HOST": "localhost", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
           "wsgi.url_scheme": "http",
           "QUERY_STRING": f"subscription_id={sys.argv[1]}&capability=face.identification",
           "HTTP_AUTHORIZATION": "Bearer " + sys.argv[2]}
body = b"".join(application(environ, lambda status, headers: said.update(status=status)))
heavy = sorted({name.partition(".")[0] for name in sys.modules} & {"celery", "kombu", "redis", "allauth"})
print(json.dumps({"status": said["status"], "body": json.loads(body), "heavy": heavy}))
"""


@pytest.fixture
def reader() -> str:
    """A role that may read every table and write none; answers its DATABASE_URL for the test's database."""
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS reading")
        cursor.execute("CREATE ROLE reading LOGIN")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reading")
    url = os.environ["DATABASE_URL"].replace("postgres@", "reading@", 1)
    return url.rpartition("/")[0] + "/" + str(connection.settings_dict["NAME"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("config.getoption('--db') != 'postgresql'", reason="about a role of PostgreSQL")
def test_alone_with_a_role_that_only_reads(
    reader: str, edition_row: PolicyEdition, edition: Edition, nordlys: Customer
) -> None:
    create_key("edge-1", ["face"], secret=KEY[4:], edition=edition, now=factories.NOW)
    held = factories.subscription(nordlys)
    factories.right(held, "face.identification", ends_at=factories.NOW.replace(year=2099))
    with psycopg.connect(reader) as plain, pytest.raises(psycopg.errors.InsufficientPrivilege):
        plain.execute("DELETE FROM applications_accessgrant")
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(held.guid), KEY],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": reader, "DJANGO_SETTINGS_MODULE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["status"], answer["body"]["reason"], answer["heavy"]) == ("200 OK", "approved", [])
