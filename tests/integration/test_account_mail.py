"""From the button to the link in the mail and back: links are made at the moment of handing over, and kept nowhere."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from applications.actions import team
from applications.enums import MessageKind, MessageState, Role
from applications.jobs.delivery import deliver
from applications.models import Customer, Membership, OutboundMessage, User
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("edition_row", "frozen_clock")
NEW = "mira@havfisk.example"


@pytest.fixture(autouse=True)
def _mail(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.SITE_URL = "https://portal.example"


def link(to: str) -> str:
    """The path of the link in the one mail to this address; it stands under the site's own name."""
    deliver(NOW)
    (sent,) = (one for one in mail.outbox if one.to == [to])
    mail.outbox.clear()
    (path,) = set(re.findall(r"https://portal\.example(/accounts/\S+/)", str(sent.body)))
    row = OutboundMessage.objects.filter(address=to).latest("pk")
    assert row.state == MessageState.SENT
    assert path not in f"{row.body} {row.context} {row.subject}"
    return path


def test_the_link_to_confirm() -> None:
    data = {"name": "Mira Solheim", "email": NEW, "password1": factories.PASSWORD}
    Client().post(reverse("account_signup"), data)
    Client().post(link(NEW))
    assert User.objects.get(email=NEW).emailaddress_set.get().verified  # type: ignore[attr-defined]


def test_the_link_to_a_new_password(owner: User) -> None:
    Client().post(reverse("account_reset_password"), {"email": owner.email})
    client = Client()
    page = client.get(link(owner.email), follow=True)
    new = "a wholly new sentence"
    client.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    owner.refresh_from_db()
    assert owner.check_password(new)


def test_the_link_of_an_invitation(nordlys: Customer, owner: User) -> None:
    team.invite(by=owner, customer=nordlys, email=NEW, role=Role.VIEWER, now=NOW)
    mira = factories.person(NEW)
    client = Client()
    client.force_login(mira)
    client.post(link(NEW))
    assert Membership.objects.get(user=mira).role == Role.VIEWER


@pytest.mark.parametrize("door", ["known at sign-up", "unknown at reset"])
def test_the_other_mails_of_the_door_say_what_to_do(owner: User, door: str) -> None:
    if door == "known at sign-up":
        data = {"name": "X", "email": owner.email, "password1": factories.PASSWORD}
        Client().post(reverse("account_signup"), data)
    else:
        Client().post(reverse("account_reset_password"), {"email": NEW})
    deliver(NOW)
    (sent,) = mail.outbox
    assert sent.to == [owner.email if door == "known at sign-up" else NEW]
    assert "https://portal.example/accounts/" in str(sent.body)


def test_a_notice_reaches_the_person(owner: User) -> None:
    client = Client()
    client.post(reverse("account_login"), {"login": owner.email, "password": factories.PASSWORD})
    new = "a wholly new sentence"
    data = {"oldpassword": factories.PASSWORD, "password1": new, "password2": new}
    client.post(reverse("account_change_password"), data)
    assert OutboundMessage.objects.get().kind == MessageKind.ACCOUNT_NOTICE
    deliver(NOW)
    (sent,) = mail.outbox
    assert "Your password was changed." in str(sent.body)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "localhost:99999x"]
)
def test_a_forged_host_is_refused_and_makes_no_mail(owner: User, host: str) -> None:
    page = Client().post(reverse("account_reset_password"), {"email": owner.email}, headers={"host": host})
    assert page.status_code == 400
    assert not OutboundMessage.objects.exists()


def test_a_forwarded_host_changes_no_link(owner: User) -> None:
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-server": "evil.example"}
    Client().post(reverse("account_reset_password"), {"email": owner.email}, headers=forged)
    assert link(owner.email).startswith("/accounts/password/reset/key/")
