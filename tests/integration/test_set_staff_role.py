"""The command that makes people staff."""

import json
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from applications.enums import Source, StaffRole, State
from applications.models import Application, AuditEvent, Customer, PolicyEdition, User
from tests import factories

pytestmark = pytest.mark.usefixtures("frozen_clock")


def run(address: str, role: str) -> dict[str, object]:
    out = StringIO()
    call_command("set_staff_role", address, role, "--json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


def test_somebody_becomes_a_reviewer_is_signed_out_and_it_stands_in_the_record(db: None) -> None:
    rosa = factories.person("rosa@vendor.example")
    store = SessionStore()
    store.create()
    UserSession.objects.create(user=rosa, ip="127.0.0.1", session_key=store.session_key, user_agent="x")
    assert run(" Rosa@Vendor.example", "reviewer") == {"role": "reviewer", "changed": True}
    rosa.refresh_from_db()
    assert rosa.staff_role == StaffRole.REVIEWER
    assert not Session.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.action, event.source, event.actor) == ("staff_role_changed", Source.COMMAND, None)
    assert event.data == {"person": str(rosa.key), "from": "", "to": "reviewer"}


def test_the_same_role_again_changes_nothing(reviewer: User) -> None:
    assert run(reviewer.email, "reviewer") == {"role": "reviewer", "changed": False}
    assert not AuditEvent.objects.exists()


def test_who_reviews_no_more_holds_no_case(
    reviewer: User, nordlys: Customer, owner: User, edition_row: PolicyEdition
) -> None:
    case = Application.objects.create(
        reference="LA-0000-0001",
        customer=nordlys,
        state=State.IN_REVIEW,
        state_changed_at=factories.NOW,
        created_at=factories.NOW,
        saved_at=factories.NOW,
        submitted_at=factories.NOW,
        edition=edition_row,
        assigned_to=reviewer,
        assigned_at=factories.NOW,
    )
    run(reviewer.email, "none")
    case.refresh_from_db()
    assert (case.state, case.assigned_to) == (State.SUBMITTED, None)


@pytest.mark.parametrize("address", ["nobody@vendor.example", "", "\x00"])
def test_who_has_no_account_signs_up_first(db: None, address: str) -> None:
    with pytest.raises(CommandError, match="signs up first"):
        run(address, "lead")


def test_an_unconfirmed_or_closed_account_gets_no_power(db: None) -> None:
    rosa = factories.person("rosa@vendor.example")
    EmailAddress.objects.update(verified=False)
    with pytest.raises(CommandError, match="signs up first"):
        run(rosa.email, "lead")
    EmailAddress.objects.update(verified=True)
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="signs up first"):
        run(rosa.email, "lead")
