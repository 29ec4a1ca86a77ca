"""The record at the desk: trails, who had access, archives that prove themselves, erasures and holds by two people."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from applications.actions import audit, decision
from applications.enums import Settlement, State
from applications.models import Application, AuditEvent, Customer, Erasure, LegalHold, PolicyEdition, User
from applications.rules import answers as said
from tests import cases, factories
from tests.cases import case, flag, same_for_all
from tests.clock import Clock
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]


def taken(client: Client, reference: str) -> tuple[bytes, dict[str, bytes]]:
    answer = client.post(f"/admin/queue/{reference}/archive.zip")
    assert answer.status_code == 200
    whole = answer.getvalue()
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        return whole, {name: found.read(name) for name in found.namelist()}


@pytest.fixture
def decided(nordlys: Customer, owner: User, reviewer: User, edition_row: PolicyEdition) -> Application:
    made = case(nordlys, by=owner, reference="LA-7F3K-92QD", state=State.IN_REVIEW, holder=reviewer)
    flag(made, "minors", settled=Settlement.CURED, by=reviewer)
    made.submissions.update(digest=said.digest(cases.ANSWERS, "s"), salt="s")
    made.section_reviews.create(
        section="people", verdict="fine", note="Read twice", reviewed_at=NOW, reviewed_by=reviewer
    )
    audit.record("application.claim", by=reviewer, now=NOW, application_id=made.pk, customer_id=nordlys.pk)
    decision.decide(
        made, outcomes=same_for_all(made), edition=factories.read_file(), words="", by=reviewer, now=NOW
    )
    return Application.objects.get(pk=made.pk)


def test_an_archive_is_whole_proves_itself_and_stays_the_same(
    enter: Enter, decided: Application, lead: User, auditor: User, edition_row: PolicyEdition, clock: Clock
) -> None:
    whole, named = taken(enter(auditor), decided.reference)
    for line in named.pop("MANIFEST.sha256").decode().splitlines():
        summed, _, name = line.partition("  ")
        assert hashlib.sha256(named[name]).hexdigest() == summed
    frozen = json.loads(named["answers-1.json"])
    assert frozen["sha256"] == said.digest(frozen["answers"], frozen["salt"])
    assert named["edition.toml"].decode() == edition_row.text
    told = json.loads(named["decision.json"])
    assert told["edition"]["sha256"] == hashlib.sha256(named["edition.toml"]).hexdigest()
    assert [one["action"] for one in json.loads(named["trail.json"])][-1] == "application.decide"
    assert json.loads(named["verdicts.json"])["sections"][0]["note"] == "Read twice"
    assert named["letter.pdf"].startswith(b"%PDF")
    assert set(named) == {
        "decision.json", "answers-1.json", "edition.toml", "files.json", "verdicts.json", "trail.json", "letter.txt",
        "letter.pdf",
    }  # fmt: skip
    clock.forward(days=40)
    assert taken(enter(lead), decided.reference)[0] == whole, "the same decision is the same bytes"
    assert list(AuditEvent.objects.filter(action="archive.taken").values_list("actor", flat=True)) == [
        auditor.key, lead.key,
    ]  # fmt: skip


def test_who_may_not_and_what_is_not_there(
    enter: Enter, decided: Application, waiting_case: Application, reviewer: User, operator: User, lead: User
) -> None:
    address = f"/admin/queue/{decided.reference}/archive.zip"
    assert enter(reviewer).post(address).status_code == 403
    assert enter(operator).post(address).status_code == 403
    assert enter(lead).post(f"/admin/queue/{waiting_case.reference}/archive.zip").status_code == 404
    assert not AuditEvent.objects.filter(action="archive.taken").exists()


@pytest.fixture
def waiting_case(nordlys: Customer, owner: User) -> Application:
    return case(nordlys, by=owner, reference="LA-8G4M-11AB", asks=(("face.identification", "FC3"),))


def test_a_report_is_downloaded_by_those_who_read_the_record(
    enter: Enter, nordlys: Customer, auditor: User, operator: User, reviewer: User
) -> None:
    factories.right(factories.subscription(nordlys), "face.identification")
    sent = {"on": f"{NOW:%F}", "customer": ""}
    for person in (auditor, operator):
        client = enter(person)
        assert client.get("/admin/record/access/").status_code == 200
        lines = list(
            csv.reader(io.StringIO(client.post("/admin/record/access.csv", sent).getvalue().decode()))
        )
        assert [line[2] for line in lines] == ["customer", nordlys.name]
    assert AuditEvent.objects.filter(action="report.taken").count() == 2
    refused = enter(auditor).post("/admin/record/access.csv", {"on": "31 June"})
    assert (refused.status_code, "This is not a date" in refused.content.decode()) == (400, True)
    assert enter(reviewer).post("/admin/record/access.csv", sent).status_code == 403


@pytest.mark.parametrize("count", [1, 60])
def test_a_trail_reads_in_pages(
    enter: Enter, nordlys: Customer, auditor: User, owner: User, count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(count):
        audit.record(
            "invited", by=owner, now=NOW, customer_id=nordlys.pk, data={"role": f"r{number}"}, reason="Why"
        )
    client = enter(auditor)
    with django_assert_num_queries(5):
        page = client.get(f"/admin/record/customers/{nordlys.pk}/")
    shown = page.content.decode()
    assert f"role: r{count - 1}" in shown
    assert "invited a colleague" in shown
    assert owner.name in shown
    assert shown.count("invited a colleague") == min(count, 50)
    older = client.get(
        f"/admin/record/customers/{nordlys.pk}/?before={AuditEvent.objects.earliest('pk').pk + 10}"
    )
    assert older.content.decode().count("invited a colleague") == min(count, 10)
    assert client.get(f"/admin/record/customers/{nordlys.pk}/?before=x").status_code == 404


def test_trails_of_people_and_applications(
    enter: Enter, decided: Application, auditor: User, reviewer: User, operator: User
) -> None:
    client = enter(auditor)
    for address in (f"record/people/{reviewer.pk}/", f"queue/{decided.reference}/record/"):
        shown = client.get(f"/admin/{address}").content.decode()
        assert "took the case" in shown, address
        assert "decided" in shown, address
    assert client.get("/admin/record/people/999999/").status_code == 404
    assert enter(operator).get(f"/admin/queue/{decided.reference}/record/").status_code == 403


def test_a_hold_and_an_erasure_go_through_two_people(
    enter: Enter, nordlys: Customer, operator: User, lead: User, auditor: User, reviewer: User
) -> None:
    address = f"/admin/privacy/customers/{nordlys.pk}/"
    clerk, head = enter(operator), enter(lead)
    assert head.post(f"{address}hold/", {"reason": ""}).status_code == 400
    head.post(f"{address}hold/", {"reason": "Court order 7"})
    assert "Court order 7" in clerk.get("/admin/privacy/").content.decode()
    clerk.post(f"{address}ask/", {"reason": "By letter"})
    assert not Erasure.objects.exists()
    clerk.post(f"{address}lift/")
    clerk.post(f"{address}lift/")
    assert LegalHold.objects.get().lifted_at is None, "the same person twice"
    head.post(f"{address}lift/")
    assert LegalHold.objects.get().lifted_by == lead
    clerk.post(f"{address}ask/", {"reason": "By letter"})
    clerk.post(f"{address}erase/")
    nordlys.refresh_from_db()
    assert nordlys.erased_at is None
    head.post(f"{address}erase/")
    nordlys.refresh_from_db()
    assert (nordlys.erased_at, nordlys.name) == (NOW, f"#{nordlys.pk}")
    assert "Rights, outcomes and the record stay" in head.get(address).content.decode()
    assert enter(auditor).get(address).status_code == 200
    assert enter(reviewer).get(address).status_code == 403
    assert enter(auditor).post(f"{address}erase/").status_code == 403


def test_an_operator_erases_a_person_by_address(
    enter: Enter, colleague: User, operator: User, lead: User
) -> None:
    sent = {"address": "nobody@nordlys.example", "reason": "By letter of 2 May"}
    client = enter(operator)
    refused = client.post("/admin/privacy/person/", sent)
    assert (refused.status_code, "Nobody here has this address" in refused.content.decode()) == (400, True)
    assert enter(lead).post("/admin/privacy/person/", sent).status_code == 403
    assert client.post("/admin/privacy/person/", {**sent, "address": colleague.email}).status_code == 302
    colleague.refresh_from_db()
    assert colleague.erased_at == NOW
    event = AuditEvent.objects.get(action="person.erased")
    assert (event.actor, event.reason and event.reason.text) == (operator.key, "By letter of 2 May")
    assert client.get(f"/admin/record/people/{colleague.pk}/").status_code == 200


def test_taking_something_away_asks_again_who_it_is(operator: User, nordlys: Customer) -> None:
    client = Client()
    client.force_login(operator)
    session = client.session
    session.update(factories.authenticated(operator, ago=timedelta(minutes=6)))
    session.save()
    for address in ("privacy/person/", f"privacy/customers/{nordlys.pk}/erase/", "record/access.csv"):
        assert "/accounts/reauthenticate/" in client.post(f"/admin/{address}").url
