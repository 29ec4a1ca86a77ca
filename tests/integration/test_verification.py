"""`/verify/`: a letter is confirmed by its code, with no name in the answer and no difference between wrong codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from applications.actions import decision
from applications.enums import Outcome
from applications.models import AccessGrant, Customer, Decision, PolicyEdition, User
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome
from tests.cases import case
from tests.clock import Clock

SignIn = Callable[[User], Client]


@pytest.fixture
def decided(
    nordlys: Customer, owner: User, reviewer: User, edition_row: PolicyEdition, edition: Edition, clock: Clock
) -> Decision:
    made = case(nordlys, by=owner, holder=reviewer, state="in_review")
    outcomes = {item.pk: ItemOutcome(Outcome.APPROVED) for item in made.items.all()}
    return decision.decide(made, outcomes=outcomes, edition=edition, by=reviewer, now=clock())


def test_letter_is_confirmed_without_a_name(
    client: Client, decided: Decision, clock: Clock, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    clock.forward(minutes=10)
    typed = decided.verification_code.lower().replace("-", " ")
    with django_assert_max_num_queries(5):  # type: ignore[attr-defined]
        body = client.get("/verify/", {"code": typed}).content.decode()
    assert "This letter is ours" in body
    assert decided.application.reference in body
    assert "2 of 2 hold now" in body
    for private in ("Nordlys", "Henrik", "Rosa", str(decided.application.items.get().subscription.guid)):
        assert private not in body


def test_letter_that_has_not_gone_out_is_unknown(client: Client, decided: Decision, clock: Clock) -> None:
    assert client.get("/verify/", {"code": decided.verification_code}).status_code == 404
    clock.forward(minutes=10)
    assert client.get("/verify/", {"code": decided.verification_code}).status_code == 200


def test_revoked_right_does_not_hold_any_more(
    client: Client, decided: Decision, clock: Clock, lead: User
) -> None:
    clock.forward(minutes=10)
    AccessGrant.objects.update(revoked_at=clock() - timedelta(minutes=1), revoked_by=lead)
    assert "0 of 2 hold now" in client.get("/verify/", {"code": decided.verification_code}).content.decode()


@pytest.mark.parametrize(
    "code",
    ["AAAA-BBBB-CCCC-DDDD", "", "x", "\x00", "😀" * 20, "A" * 60, "'; DROP TABLE", "AAAABBBBCCCCDDD\u0130"],
)
def test_wrong_code_is_said_at_the_field(
    client: Client, edition_row: PolicyEdition, clock: Clock, code: str
) -> None:
    response = client.get("/verify/", {"code": code})
    assert response.status_code == 404
    assert 'role="alert"' in response.content.decode()


def test_empty_page_asks(client: Client, edition_row: PolicyEdition, clock: Clock) -> None:
    assert "Is this letter ours?" in client.get("/verify/").content.decode()
