"""What is private of one customer comes out nowhere: a mark in every private field, and everybody else looks (P9).

The fields are those of `rules.inventory`, so a new one is marked without a word here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection, models
from django.db.models import Q

from applications.jobs.delivery import deliver
from applications.models import AuditReason, Customer, MailDomain, Note, SectionReview, User
from applications.rules.inventory import INVENTORY
from applications.rules.privacy import Holding
from tests.factories import NOW
from tests.integration.census.asking import BEARER, Census, path
from tests.integration.census.declared import DOORS

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="who sees what is no matter of the vendor"),
]
MARK, BETWEEN_STAFF = "wanda-canary", "hush-canary"
FREE_TEXT = ("description", "retention", "notice", "consent", "applicant-name")
# Read by machines, or no word of a person: a mark would only break them.
UNMARKED = {
    ("applications.user", "password"),  # what sessions are bound to
    ("account.emailaddress", "email"),
    ("applications.maildomain", "domain"),
    ("mfa.authenticator", "data"),
}


def marked(value: Any, mark: str) -> Any:
    """The same answers, with the mark in what was written freely."""
    if isinstance(value, dict):
        return {
            k: mark if k in FREE_TEXT and isinstance(v, str) else marked(v, mark) for k, v in value.items()
        }
    return value


def plant(of: Customer) -> Iterator[str]:
    """Put a mark into each private field of each row of the customer; names the fields."""
    for label, holding in INVENTORY.items():
        model = apps.get_model(label)
        if not holding.customer and label != "applications.user":
            continue
        ours = model.objects.filter(belongs_to(holding, of, label)).distinct()
        for name, kind in holding.fields().items():
            field = model._meta.get_field(name)
            if kind == "operational" or (label, name) in UNMARKED or field.choices or field.unique:
                continue
            mark = BETWEEN_STAFF if kind == "internal" else MARK
            if isinstance(field, models.JSONField):
                for row in ours:
                    model.objects.filter(pk=row.pk).update(**{name: marked(getattr(row, name), mark)})
            elif isinstance(field, models.EmailField) or name in ("email", "address"):
                for row in ours:
                    model.objects.filter(pk=row.pk).update(**{name: f"{mark}-{row.pk}@nordlys.example"})
            elif isinstance(field, (models.CharField, models.TextField)) and (field.max_length or 99) >= 20:
                ours.update(**{name: mark})
            else:
                continue
            if ours.exists():
                yield f"{label}.{name}"


def belongs_to(holding: Holding, of: Customer, label: str) -> Q:
    if label == "applications.user":
        return Q(memberships__customer=of)
    value = of.pk if holding.customer in ("pk", "events__customer_ref") else of
    return Q(**{holding.customer: value})


@pytest.fixture
def planted(census: Census, nordlys: Customer, reviewer: User) -> list[str]:
    application = nordlys.applications.get(reference=census.own["case"]["reference"])
    Note.objects.create(
        application=application, author=reviewer, internal=True, body=BETWEEN_STAFF, written_at=NOW
    )
    SectionReview.objects.create(
        application=application,
        section="people",
        verdict="ok",
        note="x",
        reviewed_by=reviewer,
        reviewed_at=NOW,
    )
    application.flags.update(note="x")
    AuditReason.objects.update(text=BETWEEN_STAFF)
    return list(plant(nordlys))


def test_no_mark_reaches_another_customer_the_public_a_gateway_or_the_log(
    census: Census, planted: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert len(planted) > 12, planted
    seen, asked = [], 0
    for route, door in DOORS.items():
        if door.about in BEARER or route.startswith("admin/applications/"):
            continue
        for role in ("stranger", "anonymous", "gateway"):
            for method, policy in (("GET", door.get), ("POST", door.post)):
                if policy is None:
                    continue
                data = {**door.sends, "q": "wanda"} if method == "POST" else None
                got = census.ask(role, method, path(route, census.own.get(door.about, {})), data)
                asked += 1
                if "-canary" in got.body.decode("utf-8", "replace") + str(got.response.headers):
                    seen.append(f"{role} {method} {route}")
    assert not seen, "\n".join(seen)
    assert asked > 200
    assert "-canary" not in caplog.text


def test_what_staff_write_among_themselves_reaches_no_applicant(census: Census, planted: list[str]) -> None:
    owners_own = shown = 0
    seen = []
    for route, door in DOORS.items():
        if route.startswith(("admin/", "api/")) or door.get is None or door.about in BEARER:
            continue
        for role in ("owner", "editor", "viewer"):
            got = census.ask(role, "GET", path(route, census.own.get(door.about, {})))
            text = got.body.decode("utf-8", "replace")
            shown += MARK in text
            owners_own += 1
            if BETWEEN_STAFF in text:
                seen.append(f"{role} {route}")
    assert not seen, "\n".join(seen)
    assert shown > 10, "the marks of their own are seen, or this looks at nothing"


def test_each_mail_holds_the_marks_of_its_own_customer_only(
    census: Census, planted: list[str], nordlys: Customer
) -> None:
    ours = set(MailDomain.objects.filter(customer=nordlys).values_list("domain", flat=True))
    deliver(NOW)
    assert len(mail.outbox) > 2
    for one in mail.outbox:
        said = str(one.message())
        assert BETWEEN_STAFF not in said, one.subject
        theirs = all(address.rpartition("@")[2] in ours for address in one.recipients())
        assert theirs or "-canary" not in said, one.subject
