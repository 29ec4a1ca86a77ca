"""A person called Canary is erased: no table, no file's name and no line of a log knows them, and the seals hold."""

from __future__ import annotations

import base64
import zlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from applications.actions import application as drafts_of
from applications.actions import audit, erasure, evidence, message, privacy, team
from applications.actions.customer import welcome
from applications.actions.submission import submit
from applications.enums import AttentionCode, MessageKind, MessageState, Role, State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.jobs.sealing import seal_trail
from applications.models import (
    Application,
    Attention,
    AuditEvent,
    Contact,
    Customer,
    Decision,
    Evidence,
    Invitation,
    Membership,
    Note,
    OutboundMessage,
    PolicyEdition,
    User,
)
from applications.queries.audit import verify
from tests import cases, drafts, factories, files
from tests.factories import NOW

pytestmark = [pytest.mark.django_db]
NAME, ADDRESS, SECOND = "Quilla Canary-Vögel", "quilla.canary@nordlys.example", "q.canary@nordlys.example"
SIGNS = ("canary", "quilla", "vögel", "vogel")


def texts(value: object) -> str:
    """All that a cell may hide: bytes, and sessions, which are packed."""
    text = bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)
    packed = text.removeprefix(".").partition(":")[0]
    try:
        opened = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))).decode()
    except (ValueError, zlib.error):
        opened = ""
    return f"{text} {opened}".lower()


def traces() -> list[str]:
    """Where the canary still sings: table and value, in every table there is."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- the database's own list
            for row in cursor.fetchall():
                found += [
                    f"{table}: {text[:80]}"
                    for cell in row
                    if any(sign in (text := texts(cell)) for sign in SIGNS)
                ]
    return found


@pytest.fixture(autouse=True)
def place(settings: LazySettings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def canary(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, reviewer: User, operator: User
) -> User:
    """A member who left a trace wherever the product lets them."""
    Contact.objects.create(customer=nordlys, name=NAME, email=ADDRESS)
    person = factories.person(ADDRESS, NAME)
    welcome(by=person, address=ADDRESS, now=NOW)
    EmailAddress.objects.create(user=person, email=SECOND, verified=False)
    Authenticator.objects.create(user=person, type="webauthn", data={"name": NAME})
    SocialAccount.objects.create(user=person, provider="sso", uid=ADDRESS, extra_data={"name": NAME})
    session = SessionStore()
    session["account_authentication_methods"] = [{"method": "password", "email": ADDRESS}]
    session.create()
    UserSession.objects.create(
        user=person, session_key=session.session_key, ip="::1", user_agent=NAME, data={}
    )
    privacy.accept_notices(by=person, now=NOW)
    edition = factories.read_file()
    answers = drafts.answers(organisation={"applicant-name": NAME, "work-email": ADDRESS.upper()})
    made = drafts.draft(nordlys, person, edition_row, answers)
    part = {"application": made, "edition": edition, "by": person, "now": NOW}
    evidence.attach(name=f"CV of {NAME}.pdf", content=BytesIO(files.PDF), size=len(files.PDF), **part)
    Membership.objects.filter(user=person).update(role=Role.OWNER)
    submit(application=made, edition=edition, by=person, now=NOW)
    drafts_of.add_message(application=made, body=f"I am {NAME}, write to {SECOND}.", by=person, now=NOW)
    Note.objects.create(application=made, author=reviewer, internal=True, body=f"Ask {NAME}!", written_at=NOW)
    Decision.objects.create(application=made, outcomes={}, words=f"Dear {NAME}", return_note=ADDRESS)
    Attention.objects.create(customer=nordlys, code=AttentionCode.CLEANED, detail=NAME, raised_at=NOW)
    team.invite(by=owner, customer=nordlys, email=SECOND, role=Role.VIEWER, now=NOW)
    message.queue(MessageKind.MESSAGE_WRITTEN, key="k", to=person, now=NOW, application=made)
    message.queue(MessageKind.ACCOUNT_EXISTS, key="bare", to=SECOND, now=NOW)
    OutboundMessage.objects.filter(user=person).update(
        state=MessageState.SENT, subject=NAME, body=ADDRESS, finished_at=NOW
    )
    message.queue(MessageKind.JOIN_REQUESTED, key="other", to=owner, now=NOW, customer=nordlys)
    OutboundMessage.objects.filter(user=owner).update(body=f"{NAME} asks to join")
    other = team.invite(by=owner, customer=nordlys, email="x@nordlys.example", role=Role.VIEWER, now=NOW)
    audit.record("x", by=owner, now=NOW, customer_id=nordlys.pk, target=other, reason=f"{NAME} said so")
    return person


def test_an_erased_person_is_nowhere_and_the_record_holds(
    canary: User,
    owner: User,
    place: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {where.partition(":")[0] for where in traces()} >= {
        "applications_user", "applications_contact", "applications_section", "applications_submission",
        "applications_note", "applications_decision", "applications_attention", "applications_invitation",
        "applications_outboundmessage", "applications_auditreason", "applications_evidence", "applications_application",
        "account_emailaddress", "mfa_authenticator", "socialaccount_socialaccount", "usersessions_usersession",
        "django_session",
    }, "the test is blind"  # fmt: skip
    seal_trail(NOW)
    before = list(AuditEvent.objects.order_by("pk").values())
    assert erasure.erase_person(canary, by=canary, now=NOW + timedelta(days=1))
    assert traces() == []
    assert [path for path in place.rglob("*") if "canary" in path.name.lower()] == []
    assert "anary" not in caplog.text + "".join(capsys.readouterr())
    assert list(AuditEvent.objects.order_by("pk").values())[: len(before)] == before
    assert AuditEvent.objects.count() == len(before) + 1
    seal_trail(NOW + timedelta(days=1))
    assert verify().finding is None
    canary.refresh_from_db()
    assert (canary.is_active, canary.has_usable_password(), canary.email) == (
        False, False, f"{canary.key}@erased.invalid",
    )  # fmt: skip
    assert AuditEvent.objects.latest("pk").data["person"] == str(canary.key)
    others = OutboundMessage.objects.get(key__startswith="other")
    assert others.body == "[erased] asks to join"
    assert Membership.objects.get().user == owner
    assert not erasure.erase_person(canary, by=canary, now=NOW), "once is once"


def test_the_last_owner_hands_over_first_and_a_sole_member_may_go(
    owner: User, colleague: User, nordlys: Customer, operator: User
) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        erasure.erase_person(owner, by=owner, now=NOW)
    assert refused.value.code == "last_owner"
    owner.refresh_from_db()
    assert owner.erased_at is None
    assert not AuditEvent.objects.exists()
    with pytest.raises(NotAllowed):
        erasure.erase_person(owner, by=colleague, now=NOW)
    team.leave(by=colleague, customer=nordlys, now=NOW)
    assert erasure.erase_person(owner, by=owner, now=NOW)
    assert Attention.objects.get().code == AttentionCode.NO_CONTACT


def test_an_operator_erases_by_address_also_a_mere_contact(
    nordlys: Customer, operator: User, owner: User, reviewer: User
) -> None:
    Contact.objects.create(customer=nordlys, name=NAME, email=ADDRESS)
    message.queue(MessageKind.ANNOUNCEMENT, key="a", to=nordlys.contacts.get(), now=NOW, customer=nordlys)
    ask = {"reason": "By letter of 2 May", "by": operator, "now": NOW}
    with pytest.raises(InvalidInput):
        erasure.erase_address("nobody@nordlys.example", **ask)
    with pytest.raises(NotAllowed):
        erasure.erase_address(ADDRESS, **{**ask, "by": owner})
    erasure.erase_address(ADDRESS.upper(), **ask)
    assert traces() == []
    assert OutboundMessage.objects.get().state == MessageState.NOT_NEEDED
    with pytest.raises(NotPossibleNow) as refused:
        erasure.erase_address(reviewer.email, **ask)
    assert refused.value.code == "staff"


def test_a_hold_stops_erasing_until_two_people_lift_it(
    canary: User, nordlys: Customer, lead: User, operator: User
) -> None:
    with pytest.raises(NotAllowed):
        privacy.place_hold(customer=nordlys, reason="Court", by=operator, now=NOW)
    placed = privacy.place_hold(customer=nordlys, reason="Court order 7", by=lead, now=NOW)
    with pytest.raises(NotPossibleNow) as refused:
        erasure.erase_person(canary, by=canary, now=NOW)
    assert refused.value.code == "on_hold"
    assert User.objects.get(pk=canary.pk).erased_at is None
    privacy.propose_lift(placed=placed, by=lead, now=NOW)
    placed.refresh_from_db()
    with pytest.raises(NotAllowed):
        privacy.lift_hold(placed=placed, by=lead, now=NOW)
    privacy.lift_hold(placed=placed, by=operator, now=NOW)
    assert erasure.erase_person(canary, by=canary, now=NOW)


def test_a_customer_is_erased_by_two_people_once_nothing_of_it_is_in_use(
    canary: User, nordlys: Customer, owner: User, operator: User, lead: User, place: Path
) -> None:
    ask = {"customer": nordlys, "reason": "By letter", "by": operator, "now": NOW}
    with pytest.raises(NotPossibleNow) as refused:
        erasure.ask_to_erase(**ask)
    assert refused.value.code == "in_use"
    made = Application.objects.get()
    drafts_of.withdraw(application=made, by=owner, now=NOW)
    seal_trail(NOW)
    asked = erasure.ask_to_erase(**ask)
    with pytest.raises(NotAllowed):
        erasure.erase_customer(asked=asked, by=operator, now=NOW)
    erasure.erase_customer(asked=asked, by=lead, now=NOW)
    assert [where for where in traces() if "canary" in where] == []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- the database's own list
            for row in cursor.fetchall():
                assert "nordlys" not in str(row).lower(), table
    made.refresh_from_db()
    assert (made.state, made.erased_at, made.items.count()) == (State.WITHDRAWN, NOW, 2)
    assert Evidence.objects.get().removed_at == NOW
    assert Invitation.objects.count() == 0
    seal_trail(NOW)
    assert verify().finding is None


def test_what_was_written_in_a_case_can_be_emptied_and_its_outcome_stays(
    nordlys: Customer, owner: User, edition_row: PolicyEdition
) -> None:
    made = cases.case(nordlys, by=owner, state=State.SUBMITTED)
    erasure.empty_application(made, now=NOW)
    kept = made.submissions.get()
    assert (kept.answers, kept.digest, kept.erased_at) == ({}, "0" * 64, NOW)
    assert made.items.count() == 1
