"""A person's own data through the pages: notices once, a copy with nothing of others, erasure after an explanation."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import StreamingHttpResponse
from django.test import Client

from applications.actions import application as drafts_of
from applications.actions import evidence, message
from applications.actions.submission import submit
from applications.enums import MessageKind
from applications.models import Acceptance, AuditEvent, Customer, Decision, Flag, Note, PolicyEdition, User
from applications.queries import privacy
from tests import drafts, factories, files
from tests.clock import Clock
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("edition_row")]
Enter = Callable[[User], Client]
HIDDEN = "canary-between-staff"


@pytest.fixture(autouse=True)
def _place(settings: LazySettings, tmp_path: Path, clock: Clock) -> None:
    settings.MEDIA_ROOT = tmp_path


def opened(answer: Any) -> dict[str, bytes]:
    """The files of a downloaded archive, after its manifest proved them."""
    assert isinstance(answer, StreamingHttpResponse)
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as found:
        named = {name: found.read(name) for name in found.namelist()}
    for line in named.pop("MANIFEST.sha256").decode().splitlines():
        summed, _, name = line.partition("  ")
        assert hashlib.sha256(named[name]).hexdigest() == summed
    return named


@pytest.fixture
def world(
    nordlys: Customer,
    owner: User,
    colleague: User,
    stranger: User,
    reviewer: User,
    edition_row: PolicyEdition,
) -> None:
    """A case of the owner's, with what staff wrote among themselves, and one of a stranger's."""
    edition = factories.read_file()
    for person, of in ((owner, nordlys), (stranger, stranger.memberships.get().customer)):
        ids = {"subscription-ids": [drafts.KIOSKS if person == owner else drafts.GATES]}
        made = drafts.draft(of, person, edition_row, drafts.answers(subscriptions=ids))
        content = {"content": BytesIO(files.PDF), "size": len(files.PDF)}
        evidence.attach(
            application=made, name=f"{person.pk}.pdf", edition=edition, by=person, now=NOW, **content
        )
        submit(application=made, edition=edition, by=person, now=NOW)
        drafts_of.add_message(
            application=made, body=f"Ask freja@nordlys.example or {person.email}", by=person, now=NOW
        )
        Note.objects.create(application=made, author=reviewer, internal=True, body=HIDDEN, written_at=NOW)
        Flag.objects.create(
            application=made, submission_number=9, rule=HIDDEN, effect="ask", note=HIDDEN, raised_at=NOW
        )
        Decision.objects.create(application=made, outcomes={}, words=HIDDEN, return_note=HIDDEN)
        Decision.objects.create(
            application=made, outcomes={}, letter=HIDDEN, decided_at=NOW, decided_by=reviewer,
            letter_due_at=NOW + timedelta(minutes=10),
        )  # fmt: skip
    message.queue(MessageKind.ACCOUNT_NOTICE, key="n", to=colleague, now=NOW, customer=nordlys)


def test_a_copy_is_all_of_the_person_and_nothing_of_others(
    world: None, sign_in: Enter, owner: User, stranger: User, reviewer: User
) -> None:
    named = opened(sign_in(owner).post("/accounts/data/copy/"))
    whole = b" ".join(named.values()).decode()
    assert json.loads(named["applications.user.json"])[0]["email"] == owner.email
    assert json.loads(named["applications.submission.json"])[0]["submitted_by"] == "you"
    assert [one["action"] for one in json.loads(named["record.json"])][-1] == "data.copied"
    assert "f…@nordlys.example" in whole
    assert [name for name in named if name.startswith("files/")] == [
        name for name in named if name.endswith(f"{owner.pk}.pdf")
    ]
    assert files.PDF in named.values()
    for foreign in (
        "freja@",
        stranger.email,
        stranger.name,
        HIDDEN,
        reviewer.email,
        owner.password,
        drafts.GATES,
    ):
        assert foreign not in whole, foreign


def test_an_owner_takes_the_organisation_and_others_may_not(
    world: None, sign_in: Enter, owner: User, colleague: User, stranger: User, nordlys: Customer, clock: Clock
) -> None:
    address = f"/accounts/data/copy/{nordlys.pk}/"
    named = opened(sign_in(owner).post(address))
    whole = b" ".join(named.values()).decode()
    assert {"applications.accessgrant.json", "applications.note.json", "applications.section.json"} <= set(
        named
    )
    assert not [name for name in named if "flag" in name or "review" in name]
    for foreign in (
        HIDDEN,
        "freja@",
        stranger.email,
        drafts.GATES,
        '"risk"',
        "application.decide",
        "not_needed",
    ):
        assert foreign not in whole, foreign
    assert sign_in(owner).post(address).url == "/accounts/data/", "once an hour"
    clock.forward(hours=1, seconds=1)
    assert opened(sign_in(owner).post(address))
    assert AuditEvent.objects.filter(action="data.copied", customer_ref=nordlys.pk).count() == 2
    assert sign_in(colleague).post(address).url == "/accounts/data/"
    absent = sign_in(stranger).post("/accounts/data/copy/999999/")
    foreign_one = sign_in(stranger).post(address)
    assert (absent.status_code, foreign_one.status_code) == (404, 404)


def test_a_copy_and_an_erasure_ask_again_who_it_is(client: Client, owner: User) -> None:
    client.force_login(owner)
    session = client.session
    session.update(factories.authenticated(owner, ago=timedelta(minutes=6)))
    session.save()
    for address in ("/accounts/data/copy/", "/accounts/data/erase/"):
        answer = client.post(address, {"sure": "on"})
        assert "/accounts/reauthenticate/" in answer.url
    owner.refresh_from_db()
    assert owner.erased_at is None
    assert not AuditEvent.objects.exists()


def test_erasing_is_explained_then_done_and_signs_out(
    sign_in: Enter, owner: User, colleague: User, nordlys: Customer
) -> None:
    client = sign_in(owner)
    shown = client.get("/accounts/data/erase/").content.decode()
    assert "Hand over first" in shown
    refused = client.post("/accounts/data/erase/", {"sure": "on"})
    assert (refused.status_code, "would be left without an owner" in refused.content.decode()) == (422, True)
    colleague.memberships.update(role="owner")
    assert "nothing of its access changes" in client.get("/accounts/data/erase/").content.decode()
    assert client.post("/accounts/data/erase/", {}).status_code == 422
    assert client.post("/accounts/data/erase/", {"sure": "on"}).url == "/"
    assert client.get("/accounts/data/").status_code == 302
    owner.refresh_from_db()
    assert owner.erased_at == NOW


def test_a_new_version_is_shown_once_and_then_never_again(
    sign_in: Enter, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(owner).get("/applications/").status_code == 200
    monkeypatch.setitem(privacy.NOTICES, "terms", "2030-01-01")
    client = sign_in(owner)
    sent_on = client.get("/applications/?x=1")
    assert sent_on.url == "/accounts/notices/?next=%2Fapplications%2F%3Fx%3D1"
    page = client.get(sent_on.url).content.decode()
    assert "2030-01-01" in page
    assert "Privacy notice" not in page
    assert client.post("/accounts/notices/", {"next": "/applications/?x=1"}).url == "/applications/?x=1"
    assert client.get("/applications/").status_code == 200
    assert sign_in(owner).get("/applications/").status_code == 200
    assert Acceptance.objects.get(version="2030-01-01").accepted_at == NOW
    assert AuditEvent.objects.get().data == {"notice": "terms", "version": "2030-01-01"}
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:x"):
        assert client.post("/accounts/notices/", {"next": elsewhere}).url == "/accounts/start/"
