"""What was kept long enough goes, warned before where somebody loses something, and nothing of whom a hold protects."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command

from applications.actions.privacy import place_hold
from applications.enums import MailEventKind, MessageKind, MessageState, Role, State
from applications.jobs.retention import forget, would_forget
from applications.models import (
    Application,
    AuditEvent,
    Customer,
    Invitation,
    JoinRequest,
    MailEvent,
    OutboundMessage,
    PolicyEdition,
    Submission,
    User,
)
from applications.rules.privacy import PERIODS
from tests import cases, factories
from tests.clock import Clock
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
OLD = NOW - timedelta(days=3000)


def mails_end() -> None:
    OutboundMessage.objects.filter(finished_at__isnull=True).update(state=MessageState.SENT, finished_at=NOW)


@pytest.fixture
def closed(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> Application:
    made = cases.case(nordlys, by=owner, now=OLD)
    Application.objects.filter(pk=made.pk).update(state=State.WITHDRAWN, closed_at=OLD)
    return made


def test_a_case_is_warned_of_then_emptied_thirty_days_later(closed: Application, owner: User) -> None:
    assert would_forget(NOW)["cases_warned"] == 1
    assert not OutboundMessage.objects.exists(), "a preview changes nothing"
    forget(NOW)
    forget(NOW + DAY)
    warning = OutboundMessage.objects.get()
    assert (warning.kind, warning.user) == (MessageKind.RETENTION_WARNING, owner)
    later = NOW + timedelta(days=31)
    forget(later)
    assert Submission.objects.get().answers, "the mail is still waiting"
    mails_end()
    assert would_forget(later)["cases_emptied"] == 1
    assert forget(later)["cases_emptied"] == 1
    assert Submission.objects.get().answers == {}
    assert AuditEvent.objects.get().action == "application.emptied"
    assert forget(later + DAY)["cases_emptied"] == 0


def test_a_case_whose_right_holds_or_whose_customer_is_held_stays(
    closed: Application, nordlys: Customer, lead: User
) -> None:
    item = closed.items.get()
    right = factories.right(item.subscription, item.capability, item=item)
    assert would_forget(NOW)["cases_warned"] == 0
    right.delete()
    placed = place_hold(customer=nordlys, reason="Court", by=lead, now=NOW)
    assert would_forget(NOW)["cases_warned"] == 0
    placed.delete()
    assert would_forget(NOW)["cases_warned"] == 1


def test_where_nobody_can_be_told_the_time_runs_all_the_same(closed: Application, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    forget(NOW)
    assert OutboundMessage.objects.get().last_error == "nobody"
    assert forget(NOW + timedelta(days=30))["cases_emptied"] == 1


def test_a_person_who_comes_back_is_kept_and_warned_anew(edition_row: PolicyEdition) -> None:
    person = factories.person("gone@nordlys.example", now=OLD)
    forget(NOW)
    mails_end()
    later = NOW + timedelta(days=20)
    User.objects.filter(pk=person.pk).update(last_login=later)
    assert would_forget(NOW + timedelta(days=40)) == dict.fromkeys(would_forget(NOW), 0) | {"sessions": 0}
    years = later + timedelta(days=800)
    forget(years)
    assert OutboundMessage.objects.count() == 2
    mails_end()
    assert forget(years + timedelta(days=31))["people_erased"] == 1
    person.refresh_from_db()
    assert person.erased_at == years + timedelta(days=31)


def test_members_and_staff_are_never_idle(owner: User, lead: User) -> None:
    User.objects.update(joined_at=OLD)
    assert would_forget(NOW)["people_warned"] == 0


def test_what_is_merely_old_is_emptied_or_deleted(nordlys: Customer, owner: User, settings: object) -> None:
    sent = {"state": MessageState.SENT, "kind": MessageKind.ANNOUNCEMENT, "queued_at": OLD, "due_at": OLD}
    for key, at in (("old", OLD), ("new", NOW)):
        OutboundMessage.objects.create(
            key=key, address="a@b.example", body="Hello", finished_at=at, customer=nordlys, **sent
        )
        MailEvent.objects.create(
            event_id=key, message_key=key, kind=MailEventKind.DELIVERED, reported_at=at, settled_at=at
        )
        Invitation.objects.create(
            customer=nordlys,
            email=f"{key}@b.example",
            role=Role.VIEWER,
            token_hash=key,
            invited_at=at,
            expires_at=at + DAY,
        )
        JoinRequest.objects.create(
            customer=nordlys, user=owner, requested_at=at, answered_at=at, answered_by=owner, accepted=False
        )
    Session.objects.create(session_key="old", session_data="x", expire_date=datetime(2020, 1, 1, tzinfo=UTC))
    assert forget(NOW)["messages_emptied"] == 1
    assert list(OutboundMessage.objects.order_by("key").values_list("key", "body", "address")) == [
        ("new", "Hello", "a@b.example"),
        ("old", "", ""),
    ]
    assert [one.event_id for one in MailEvent.objects.all()] == ["new"]
    assert [one.token_hash for one in Invitation.objects.all()] == ["new"]
    assert JoinRequest.objects.count() == 1
    assert not Session.objects.exists()


def test_the_command_says_beforehand_what_it_would_do(closed: Application, clock: Clock) -> None:
    out = io.StringIO()
    call_command("retention", "--dry-run", "--json", "--as-of", "2031-01-01T00:00:00Z", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["cases_warned"], told["dry_run"]) == (1, True)
    call_command("retention", stdout=out)
    assert OutboundMessage.objects.count() == 1
    assert PERIODS["case"].warned == timedelta(days=30)
