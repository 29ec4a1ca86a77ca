"""Operators: an edition takes effect by two people after a preview; stuck messages and the switch of all mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from applications.actions import message
from applications.actions.policy import load_edition
from applications.enums import MessageKind, MessageState
from applications.models import AuditEvent, Customer, MailSwitch, OutboundMessage, PolicyEdition, User
from tests import factories
from tests.factories import NOW, edition_text

Enter = Callable[[User], Client]


@pytest.fixture
def later(operator: User) -> PolicyEdition:
    text = edition_text().replace('code = "2022-06-21"', 'code = "later"')
    text = text.replace("last_day = 2023-06-30", "last_day = 2023-09-30")
    return load_edition(text, source="later.toml", by=operator, now=NOW).row


def test_two_operators_activate_an_edition(enter: Enter, operator: User, later: PolicyEdition) -> None:
    olga = factories.person("olga@vendor.example", "Olga Berg", staff_role="operator")
    first, second = enter(operator), enter(olga)
    page = reverse("admin:edition", args=["later"])
    body = first.get(page).content.decode()
    assert "2023-06-30" in body
    assert "2023-09-30" in body
    activate = reverse("admin:edition-activate", args=["later"])
    assert "Nobody has proposed" in second.post(activate, follow=True).content.decode()
    first.post(reverse("admin:edition-propose", args=["later"]))
    assert activate not in first.get(page).content.decode()
    assert "You proposed this yourself" in first.post(activate, follow=True).content.decode()
    assert activate in second.get(page).content.decode()
    assert "In force." in second.post(activate, follow=True).content.decode()
    assert PolicyEdition.objects.get(in_force=True).code == "later"
    assert "was activated before" in (
        first.post(reverse("admin:edition-propose", args=["later"]), follow=True).content.decode()
    )


def test_two_editions_are_compared(enter: Enter, auditor: User, later: PolicyEdition) -> None:
    client = enter(auditor)
    assert "later" in client.get(reverse("admin:editions")).content.decode()
    path = reverse("admin:edition", args=["2022-06-21"])
    assert "What differs from later" in client.get(path, {"with": "later"}).content.decode()
    assert client.get(path, {"with": "\x00nowhere"}).status_code == 404
    assert client.get(reverse("admin:edition", args=["nowhere"])).status_code == 404


@pytest.fixture
def stuck(nordlys: Customer, owner: User) -> OutboundMessage:
    message.queue(MessageKind.ACCESS_ENDED, key="ended:1", to=owner, now=NOW, customer=nordlys)
    OutboundMessage.objects.update(
        state=MessageState.QUARANTINED, attempts=3, unknown_outcomes=3, finished_at=NOW, last_error="lease"
    )
    return OutboundMessage.objects.get()


def test_an_operator_tries_a_stuck_message_again(
    enter: Enter, operator: User, auditor: User, stuck: OutboundMessage
) -> None:
    client = enter(operator)
    path = reverse("admin:message-retry", args=[stuck.pk])
    assert path in client.get(reverse("admin:outbox")).content.decode()
    assert path not in enter(auditor).get(reverse("admin:outbox")).content.decode()
    assert "tried again" in client.post(path, follow=True).content.decode()
    stuck.refresh_from_db()
    assert (stuck.state, stuck.attempts, stuck.unknown_outcomes) == (MessageState.QUEUED, 0, 0)
    assert AuditEvent.objects.get(action="message.retried").actor == operator.key
    assert "does not wait" in client.post(path, follow=True).content.decode()
    assert client.post(reverse("admin:message-retry", args=[4711])).status_code == 404


def test_an_operator_stops_and_starts_all_mail(enter: Enter, operator: User) -> None:
    client = enter(operator)
    stop, start = reverse("admin:mail-stop"), reverse("admin:mail-start")
    assert "Say why" in client.post(stop, {"reason": ""}, follow=True).content.decode()
    assert "All mail is stopped." in client.post(stop, {"reason": "Wrong list"}, follow=True).content.decode()
    assert "already" in client.post(stop, {"reason": "Wrong list"}, follow=True).content.decode()
    assert MailSwitch.objects.get().stopped_by == operator
    assert "goes out again" in client.post(start, follow=True).content.decode()
    assert "was not stopped" in client.post(start, follow=True).content.decode()


@pytest.mark.parametrize("who", ["reviewer", "lead", "auditor"])
def test_nobody_else_operates(
    request: pytest.FixtureRequest, enter: Enter, later: PolicyEdition, stuck: OutboundMessage, who: str
) -> None:
    client = enter(request.getfixturevalue(who))
    paths = [
        reverse("admin:edition-propose", args=["later"]),
        reverse("admin:edition-activate", args=["later"]),
        reverse("admin:message-retry", args=[stuck.pk]),
        reverse("admin:mail-stop"),
        reverse("admin:mail-start"),
    ]
    assert [client.post(path).status_code for path in paths] == [403] * 5
