"""What a person may switch off, by the page and by one click in a mail program; the rest always comes."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from applications.actions import message
from applications.enums import OPTIONAL_KINDS, MessageKind, MessageState
from applications.jobs.delivery import deliver
from applications.models import AuditEvent, OutboundMessage
from applications.queries.account import stop_token
from tests import factories
from tests.factories import NOW
from tests.integration.test_public import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]


@pytest.fixture
def told(owner, nordlys, edition_row):
    """The owner is told about an application, by an optional mail and by one that is not."""
    application = factories.submitted(nordlys, edition_row)

    def tell(name):
        for kind in (MessageKind.APPLICATION_SUBMITTED, MessageKind.APPLICATION_LAPSED):
            message.queue(kind, key=f"{kind}:{name}", to=owner, now=NOW, application=application)
        deliver(NOW)

    return tell


def one_click(mail):
    return re.fullmatch(r"<(https?://[^>]+)>", mail.extra_headers["List-Unsubscribe"])[1]


def test_only_optional_mail_offers_to_end_it(told, mailoutbox, owner):
    told("a")
    by_subject = {mail.subject.split()[-1]: mail for mail in mailoutbox}
    optional, always = by_subject["received"], by_subject["lapsed"]
    assert optional.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one_click(optional) == settings.SITE_URL + reverse("mail-stop", args=[stop_token(owner)])
    assert reverse("mail-preferences") in optional.body
    assert "List-Unsubscribe" not in always.extra_headers
    assert reverse("mail-preferences") not in always.body


def test_one_click_ends_optional_mail_and_nothing_else(told, mailoutbox, owner, client):
    told("a")
    address = one_click(next(mail for mail in mailoutbox if "received" in mail.subject))
    path = address.removeprefix(settings.SITE_URL)
    assert "Switch off optional mail?" in text_of(client.get(path))
    owner.refresh_from_db()
    assert owner.wants_optional_mail
    strict = type(client)(enforce_csrf_checks=True)
    for _ in range(2):
        answer = strict.post(path, {"List-Unsubscribe": "One-Click"})
        assert "Optional mail is off" in text_of(answer)
    assert AuditEvent.objects.filter(action="mail_chosen", actor=owner.key).count() == 1
    mailoutbox.clear()
    told("b")
    assert [mail.subject.split()[-1] for mail in mailoutbox] == ["lapsed"]
    states = OutboundMessage.objects.filter(key__startswith=f"{MessageKind.APPLICATION_SUBMITTED}:b")
    assert [one.state for one in states] == [MessageState.NOT_NEEDED]


@pytest.mark.parametrize("token", ["x", "0" * 32 + ":forged", "\x00"])
def test_a_token_that_is_not_ours_is_absent(client, token):
    assert client.post(reverse("mail-stop", args=[token])).status_code == 404


def test_the_page_keeps_language_zone_and_choice(sign_in, owner):
    client, page = sign_in(owner), reverse("mail-preferences")
    shown = text_of(client.get(page))
    for kind in OPTIONAL_KINDS:
        assert str(kind.label) in shown
    assert "Reminder of an end" in shown
    client.post(page, {"language": "nl", "time_zone": "Asia/Tokyo"})
    owner.refresh_from_db()
    assert (owner.language, owner.time_zone, owner.wants_optional_mail) == ("nl", "Asia/Tokyo", False)
    refused = client.post(page, {"language": "xx", "time_zone": "Mars/Base\x00"})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"language", "time_zone"}


def test_who_is_not_signed_in_is_asked_to(client):
    page = reverse("mail-preferences")
    assert client.get(page).headers["Location"] == f"{reverse('account_login')}?next={page}"
