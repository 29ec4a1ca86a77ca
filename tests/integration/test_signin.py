"""What staff must do more than others, and what a person can do for their own account."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.enums import MessageKind
from applications.models import OutboundMessage, User
from portal import signin
from portal.accounts import enrol_totp, totp_code
from tests import factories

pytestmark = pytest.mark.usefixtures("edition_row", "frozen_clock")
SignIn = Callable[[User], Client]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def enter(user: User, client: Client | None = None, password: str = factories.PASSWORD) -> Client:
    client = client or Client()
    client.post(reverse("account_login"), {"login": user.email, "password": password})
    return client


def events() -> list[str]:
    notices = OutboundMessage.objects.filter(kind=MessageKind.ACCOUNT_NOTICE).order_by("pk")
    return [notice.context["event"] for notice in notices]


# --- Staff ---


def test_staff_without_a_second_factor_get_no_page_but_enrolment(reviewer: User) -> None:
    client = enter(reviewer)
    for path in ("/admin/", "/", reverse("application-list"), "/admin/queue/LA-0000-0000/"):
        page = client.get(path)
        assert (page.status_code, page.headers["Location"]) == (302, reverse("mfa_index")), path
    assert client.get("/api/v1/access-decisions").status_code == 403
    assert client.get(reverse("mfa_index")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_staff_enrol_and_go_on(reviewer: User) -> None:
    client = enter(reviewer)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    done = client.post(reverse("mfa_activate_totp"), {"code": totp_code(secret)})
    assert done.status_code == 302
    assert client.get("/").status_code == 200
    assert "totp_activated" in events()


def test_staff_sign_in_with_a_code(reviewer: User) -> None:
    enrol_totp(reviewer, SECRET)
    client = enter(reviewer)
    assert "_auth_user_id" not in client.session
    before = client.session.session_key
    page = client.post(reverse("mfa_authenticate"), {"code": totp_code(SECRET)})
    assert page.headers["Location"] == reverse("account-start")
    assert client.session.session_key != before
    assert client.get(reverse("account-start")).headers["Location"] == "/admin/"


def test_a_code_works_once(reviewer: User) -> None:
    enrol_totp(reviewer, SECRET)
    code = totp_code(SECRET)
    first, second = enter(reviewer), enter(reviewer)
    with time_machine.travel(time.time(), tick=False):
        code = totp_code(SECRET)
        assert first.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
        assert second.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
    assert "_auth_user_id" not in second.session


def test_the_secret_is_not_in_the_database(reviewer: User) -> None:
    enrol_totp(reviewer, SECRET)
    assert SECRET not in str(Authenticator.objects.get().data)


def test_enrolling_again_replaces(reviewer: User) -> None:
    for _ in range(2):
        enrol_totp(reviewer, SECRET)
    assert Authenticator.objects.count() == 1


def test_staff_who_remove_their_factor_need_one_again(reviewer: User) -> None:
    enrol_totp(reviewer, SECRET)
    Authenticator.objects.all().delete()
    assert enter(reviewer).get("/admin/").headers["Location"] == reverse("mfa_index")


def test_customers_need_no_second_factor(owner: User) -> None:
    assert enter(owner).get(reverse("team")).status_code == 200


@pytest.mark.parametrize(
    ("step_s", "steps", "alive"),
    [(29 * 60, 3, True), (31 * 60, 1, False), (25 * 60, 19, True), (25 * 60, 20, False)],
    ids=["active", "idle", "under 8 hours", "over 8 hours"],
)
def test_sessions_of_staff_end(sign_in: SignIn, reviewer: User, step_s: int, steps: int, alive: bool) -> None:
    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        client = sign_in(reviewer)
        for _ in range(steps):
            clock.shift(step_s)
            page = client.get(reverse("account_email"))
    assert (page.status_code == 200) is alive
    if not alive:
        assert page.headers["Location"] == f"{reverse('account_login')}?next=%2Faccounts%2Femail%2F"
        assert "Sign in again to go on." in client.get(page.headers["Location"]).content.decode()


def test_a_customers_session_is_not_cut_by_the_rules_of_staff(sign_in: SignIn, owner: User) -> None:
    with time_machine.travel(time.time(), tick=False) as clock:
        client = sign_in(owner)
        clock.shift(2 * signin.IDLE_S)
        assert client.get(reverse("team")).status_code == 200


def test_reading_pages_writes_no_session_row_each_time(sign_in: SignIn, reviewer: User) -> None:
    client = sign_in(reviewer)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("account_email"))
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}


# --- Everybody ---


def test_every_page_of_the_account_has_our_look(sign_in: SignIn, owner: User) -> None:
    client = sign_in(owner)
    for name in (
        "account_email",
        "account_change_password",
        "mfa_index",
        "usersessions_list",
        "account_logout",
        "mfa_list_webauthn",
        "account_reauthenticate",
    ):
        page = client.get(reverse(name))
        assert page.status_code == 200, name
        assert len(re.findall("<h1>", page.content.decode())) == 1, name
        assert "Limited Access Portal" in page.content.decode(), name


def reauthenticated(client: Client, password: str = factories.PASSWORD) -> Client:
    client.post(reverse("account_reauthenticate"), {"password": password})
    return client


@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"])
def test_pages_of_the_second_factor_ask_again(owner: User, name: str) -> None:
    enrol_totp(owner, SECRET)
    client = signed_in_a_while_ago(owner)
    asked = client.get(reverse(name))
    assert asked.status_code == 302
    page = reauthenticated(client).get(reverse(name), follow=True)
    assert page.status_code == 200


def test_recovery_codes_let_in_once(owner: User, sign_in: SignIn, django_capture_on_commit_callbacks) -> None:
    enrol_totp(owner, SECRET)
    client = reauthenticated(sign_in(owner))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_generate_recovery_codes"))
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert len(codes) == 10
    assert not any(code in str(Authenticator.objects.values_list("data")) for code in codes)
    for expected in (302, 200):
        assert enter(owner).post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == expected
    assert "recovery_codes_generated" in events()


def test_a_person_sees_and_ends_their_other_sessions(owner: User) -> None:
    here, elsewhere = enter(owner), enter(owner, Client(HTTP_USER_AGENT="Elsewhere/1.0"))
    page = here.get(reverse("usersessions_list")).content.decode()
    assert "Elsewhere/1.0" in page
    assert "signed in at 2 places" in page
    here.post(reverse("usersessions_list"))
    assert elsewhere.get(reverse("team")).status_code == 302
    assert here.get(reverse("team")).status_code == 200
    assert UserSession.objects.count() == 1


def test_a_changed_password_ends_other_sessions_and_is_told(owner: User) -> None:
    here, elsewhere = enter(owner), enter(owner)
    new = "a wholly new sentence"
    data = {"oldpassword": factories.PASSWORD, "password1": new, "password2": new}
    here.post(reverse("account_change_password"), data)
    assert elsewhere.get(reverse("team")).status_code == 302
    assert here.get(reverse("team")).status_code == 200
    assert events() == ["password_changed"]


def signed_in_a_while_ago(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session.update(factories.authenticated(user, ago=timedelta(minutes=6)))
    session.save()
    return client


def test_another_address_needs_a_fresh_sign_in_and_tells_the_old_one(owner: User) -> None:
    client = signed_in_a_while_ago(owner)
    data = {"email": "henrik@second.example", "action_add": ""}
    assert (
        client.post(reverse("account_email"), data)
        .headers["Location"]
        .startswith(reverse("account_reauthenticate"))
    )
    assert not EmailAddress.objects.filter(email="henrik@second.example").exists()
    reauthenticated(client).post(reverse("account_email"), data)
    added = EmailAddress.objects.get(email="henrik@second.example")
    assert not added.verified
    EmailAddress.objects.filter(pk=added.pk).update(verified=True)
    client.post(reverse("account_email"), {"email": added.email, "action_primary": ""})
    owner.refresh_from_db()
    assert owner.email == "henrik@second.example"
    notice = OutboundMessage.objects.get(kind=MessageKind.ACCOUNT_NOTICE)
    assert (notice.context["event"], notice.address) == ("email_changed", "henrik@nordlys.example")


def test_free_mail_is_no_second_address(owner: User, sign_in: SignIn) -> None:
    client = reauthenticated(sign_in(owner))
    page = client.post(reverse("account_email"), {"email": "henrik@gmail.com", "action_add": ""})
    assert "free-mail" in page.context["form"].errors["email"][0]
