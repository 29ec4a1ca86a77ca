"""What holds everywhere, whichever page: tokens on what changes something, cookies, sizes, what is not served."""

from __future__ import annotations

import ast
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from applications.actions import team
from applications.enums import Role
from applications.forms.team import OrganisationForm
from applications.jobs.delivery import deliver
from applications.models import AuditEvent, Customer, PolicyEdition, User
from tests import factories
from tests.unit.portal.test_settings import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("applications", "portal") for path in sorted((ROOT / folder).rglob("*.py"))]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())
SignIn = Callable[[User], Client]
pytestmark = [pytest.mark.django_db]


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield (
                    path,
                    node,
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""),
                )


# --- the source ---


def test_what_is_taken_for_safe_markup_is_reviewed() -> None:
    """Everything else goes through `format_html` or the templates' own escaping."""
    reviewed = {"applications/emails.py"}  # each piece is escaped beneath, and a test sends markup through it
    found = {
        str(path.relative_to(ROOT)) for path, _node, name in calls() if name in ("mark_safe", "SafeString")
    }
    assert found <= reviewed
    loose = re.compile(r"\|\s*safe\b|autoescape off|\|\s*safeseq\b")
    assert [str(path) for path in TEMPLATES if loose.search(path.read_text()) and path.suffix != ".txt"] == []


def test_no_statement_is_built_from_what_was_sent() -> None:
    names = {"raw", "extra", "RawSQL"}
    assert [(str(path), node.lineno) for path, node, name in calls() if name in names] == []
    spread = [
        (str(path), node.lineno)
        for path, node, name in calls()
        if name in ("filter", "exclude", "order_by", "annotate", "alias", "values", "aggregate")
        for word in [*node.args, *(one.value for one in node.keywords if one.arg is None)]
        if re.search(r"request\.|\.GET|\.POST|cleaned_data", ast.unparse(word))
    ]
    assert spread == []


def test_no_text_of_anybody_is_a_template_and_nothing_reads_xml_or_yaml() -> None:
    assert [str(path) for path, _node, name in calls() if name in ("from_string", "Template")] == []
    parsers = {"xml", "lxml", "yaml", "pickle", "marshal", "shelve"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            named = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {one.split(".")[0] for one in named} & parsers, path


def test_links_that_people_gave_are_https_and_tell_nothing_to_where_they_lead() -> None:
    given = re.compile(r"<a [^>]*href=\"{{[^}]*(website|url)[^}]*}}\"[^>]*>")
    loose = [
        f"{path.name}: {tag[0]}"
        for path in TEMPLATES
        for tag in given.finditer(path.read_text())
        if "website" in tag[0] and "noopener" not in tag[0]
    ]
    assert loose == []


@pytest.mark.parametrize(
    "typed",
    ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "java\tscript:x", "vbscript:x"],
)
def test_an_address_of_a_web_site_is_never_a_script(typed: str) -> None:
    form = OrganisationForm({"name": "N", "website": typed, "country": "DK", "sector": "commercial"})
    assert not form.is_valid()
    assert "website" in form.errors


# --- what is sent and kept ---


def test_each_cookie_is_strict(client: Client, owner: User, edition_row: PolicyEdition) -> None:
    """Here by plain http; that they are `__Host-` and Secure in production is a test of the settings."""
    client.get("/")
    client.get(reverse("account_login"))
    client.post(reverse("account_login"), {"login": owner.email, "password": factories.PASSWORD})
    client.post(reverse("set_language"), {"language": "nl"})
    client.post(reverse("theme"), {"theme": "dark"})
    assert {"session", "csrf", "language", "theme"} == set(client.cookies)
    for name, cookie in client.cookies.items():
        assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/", ""), name
        assert cookie["httponly"] or name == "theme", name  # a script reads it and it says light or dark


def test_passwords_are_hashed_as_is_asked_for_and_anew_at_the_next_sign_in(
    client: Client, owner: User, edition_row: PolicyEdition, settings: Any
) -> None:
    settings.PASSWORD_HASHERS = REAL_HASHERS
    User.objects.filter(pk=owner.pk).update(
        password=PBKDF2PasswordHasher().encode(factories.PASSWORD, "salt" * 6)
    )
    client.post(reverse("account_login"), {"login": owner.email, "password": factories.PASSWORD})
    owner.refresh_from_db()
    assert owner.password.startswith("argon2$argon2id$")


REAL_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]


def test_deployment_is_clean_and_argon2_comes_first(tmp_path: Path) -> None:
    place = {"VAR_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    environment = {**os.environ, **PRODUCTION, **place, "DEMO": "0", "DEBUG": "0"}
    del environment["SITE_URL"]  # the address of tests is plain http
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level=WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'"{REAL_HASHERS[0]}",\n' in (ROOT / "portal" / "settings.py").read_text()


@pytest.mark.parametrize("name", ["N\r\nBcc: eve@evil.example", "{{ settings.SECRET_KEY }}{% include 'x' %}"])
def test_a_name_writes_no_header_and_is_no_template(
    name: str, nordlys: Customer, owner: User, edition_row: PolicyEdition, frozen_clock: datetime
) -> None:
    Customer.objects.filter(pk=nordlys.pk).update(name=name)
    User.objects.filter(pk=owner.pk).update(name=name)
    nordlys.refresh_from_db()
    team.invite(by=owner, customer=nordlys, email="guest@nordlys.example", role=Role.VIEWER, now=frozen_clock)
    deliver(frozen_clock)
    [sent] = mail.outbox
    written = sent.message()
    assert sent.recipients() == ["guest@nordlys.example"]
    assert written["Bcc"] is None
    assert "\n" not in str(written["Subject"])
    assert name.splitlines()[0] in sent.body


# --- sizes and nonsense ---


def test_ten_thousand_fields_a_page_without_end_and_nesting_without_end(
    client: Client, sign_in: SignIn, owner: User, edition_row: PolicyEdition, frozen_clock: object
) -> None:
    signed_in = sign_in(owner)
    assert signed_in.post("/decode/", {f"f{n}": "x" for n in range(1001)}).status_code == 400
    for page in ("1000000000", "-1", "1e9", "\x00", "٣"):
        assert signed_in.get("/applications/", {"page": page}).status_code == 200, page
    deep = "[" * 10_000
    assert client.post("/api/v1/access-decisions", deep, content_type="application/json").status_code == 401
    assert client.get("/check/", {"q": "x" * 50_000}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config", "/.env", "/manage.py", "/pyproject.toml", "/requirements/base.txt", "/var/portal.sqlite3",
        "/db.sqlite3", "/backup.zip", "/static/../manage.py", "/media/x", "/files/x", "/server-status", "/debug/",
        "/docs/architecture.md", "/.well-known/none", "/__debug__/", "/static/",
    ],
)  # fmt: skip
def test_what_is_not_for_the_public_is_not_served(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_there_is_nobody_to_sign_in_as_at_first() -> None:
    assert not User.objects.exists()


# --- the record and the log ---


def test_the_database_refuses_to_change_the_record(edition_row: PolicyEdition) -> None:
    row = AuditEvent.objects.create(at=factories.NOW, action="x", source="clock")
    for change in (
        lambda: AuditEvent.objects.filter(pk=row.pk).update(action="y"),
        lambda: AuditEvent.objects.filter(pk=row.pk).delete(),
        lambda: connection.cursor().execute("DELETE FROM applications_auditevent"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert AuditEvent.objects.get(pk=row.pk).action == "x"


def test_each_refusal_is_a_line_that_says_who_and_where(
    sign_in: SignIn, stranger: User, edition_row: PolicyEdition, caplog: pytest.LogCaptureFixture
) -> None:
    client = sign_in(stranger)
    with caplog.at_level(logging.INFO):
        asked = [
            client.get(f"/{path}").status_code for path in ("admin/", "applications/LA-0000-0000/", "none/")
        ]
        asked.append(client.put("/").status_code)
    lines = [record.msg for record in caplog.records if record.name == "portal.request"]
    assert asked == [403, 404, 404, 405]
    assert [line["status"] for line in lines] == asked
    assert [line["user"] for line in lines[:2]] == [stranger.pk] * 2


@pytest.mark.parametrize(
    "typed", ["a\r\nlevel=error", "\x1b[31mred", '"}\n{"event": "forged"', "\u2028new line"]
)
def test_what_is_typed_makes_no_line_of_its_own(
    client: Client, edition_row: PolicyEdition, caplog: pytest.LogCaptureFixture, typed: str
) -> None:
    with caplog.at_level(logging.INFO):
        client.post(reverse("account_login"), {"login": typed, "password": typed})
        client.get(
            "/check/",
            {"q": typed},
            headers={"User-Agent": typed.encode("latin-1", "ignore").decode("latin-1")},
        )
    said = [json.dumps(record.msg, default=str) for record in caplog.records]
    assert said
    assert not any("forged" in line or "level=error" in line or "31m" in line for line in said)
