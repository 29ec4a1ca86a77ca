"""The letter says what was decided, why, until when, and what next, from codes and in the customer's language (P10)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from applications import letters
from applications.enums import State
from applications.models import Application, Customer, Decision, PolicyEdition, User
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome, store_outcomes
from tests import factories
from tests.cases import APPROVED, DENIED, case
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def mixed(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> Application:
    """Two subscriptions, identification asked for on each."""
    hall, gate = (factories.subscription(nordlys, label) for label in ("Hall", "Gate"))
    return case(
        nordlys,
        by=owner,
        reference="LA-7F3K-92QD",
        state=State.IN_REVIEW,
        asks=[("face.identification", "FC3")],
        subscriptions=[hall, gate],
    )


def letter(
    application: Application, edition: Edition, *outcomes: ItemOutcome, words: str = "", language: str = "en"
) -> str:
    items = application.items.order_by("id")
    decision = Decision(
        application=application,
        outcomes=store_outcomes({item.pk: said for item, said in zip(items, outcomes, strict=True)}),
        words=words,
        decided_at=NOW,
        verification_code="ABCD-EFGH",
    )
    return letters.compose(decision, edition, language)


def test_an_approval_says_until_when_and_what_comes_with_it(mixed: Application, edition: Edition) -> None:
    text = letter(mixed, edition, APPROVED, APPROVED)
    for words in (
        "Nordlys Airports A/S",
        "Access application LA-7F3K-92QD",
        "15 May 2023",
        "We approved your access application.",
        "Use case: FC3, Touchless access control",
        "You can use it from now until 15 May 2025, 23:59 UTC.",
        "It includes Face ID from detection, Find similar faces and group faces.",
        "Another subscription or another use case needs an amendment: ",
        "/applications/LA-7F3K-92QD/change/",
        "You can renew it from 19 August 2024 (Europe/Copenhagen) on: ",
        "/applications/LA-7F3K-92QD/renew/",
        "Submitted by 17 April 2025 (Europe/Copenhagen), what you have goes on until we decide",
        "Code of this letter: ABCD-EFGH",
        "limited-access@portal.example",
    ):
        assert words in text
    assert text.count("You can use it from now") == 1
    assert text.count("Subscription: ") == 2
    assert "appeal" not in text


def test_a_denial_says_the_rule_the_cure_and_the_appeal(mixed: Application, edition: Edition) -> None:
    mixed.deadline_at = datetime(2023, 7, 1, tzinfo=UTC)
    text = letter(mixed, edition, DENIED, DENIED)
    reason = edition.reasons["public-space"]
    for words in (
        "We denied your access application.",
        reason.text,
        edition.paragraphs[reason.paragraph].title,
        reason.cure,
        "access of the grace year goes on until 30 June 2023, 23:59 UTC",
        "appeal within 30 days, until the end of 14 June 2023 (Europe/Copenhagen); another reviewer",
        "/applications/LA-7F3K-92QD/appeal/",
        "/applications/LA-7F3K-92QD/apply-again/",
    ):
        assert words in text


def test_a_denial_after_the_grace_year_promises_nothing(mixed: Application, edition: Edition) -> None:
    mixed.deadline_at = NOW
    assert "grace year goes on" not in letter(mixed, edition, DENIED, DENIED)


def test_parts_stand_apart_with_their_conditions(mixed: Application, edition: Edition) -> None:
    conditions = ItemOutcome("approved_with_conditions", (), ("retention", "privacy-notice"))
    text = letter(mixed, edition, conditions, DENIED, words="Mind the gate.")
    for words in (
        "We approved a part of your access application and denied a part.",
        "approved with conditions",
        "not approved",
        "Condition, due 14 July 2023: " + edition.conditions["retention"].text,
        "Condition, due 14 June 2023: " + edition.conditions["privacy-notice"].text,
        "From the reviewer:\nMind the gate.",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("not_needed", "You can use it without an approval."),
        ("retired", "No application brings it back."),
        ("answered", "We answered your access application."),
    ],
)
def test_what_needs_no_approval_is_told_so(
    mixed: Application, edition: Edition, outcome: str, words: str
) -> None:
    assert words in letter(mixed, edition, ItemOutcome(outcome), ItemOutcome(outcome))


def test_the_policy_speaks_the_customers_language(mixed: Application, edition: Edition) -> None:
    text = letter(mixed, edition, DENIED, DENIED, language="nl")
    assert edition.reasons["public-space"].text.to("nl") in text
    assert edition.reasons["public-space"].text.to("nl") != str(edition.reasons["public-space"].text)


def test_the_day_is_one_of_the_editions_zone(mixed: Application, edition: Edition) -> None:
    tokyo = edition.model_copy(update={"time_zone": "Asia/Tokyo"})
    assert "until 15 May 2025, 23:59 JST" in letter(mixed, tokyo, APPROVED, APPROVED)


def test_an_unknown_capability_keeps_its_code(mixed: Application, edition: Edition) -> None:
    mixed.items.update(capability="face.gone")
    assert "face.gone: not approved" in letter(mixed, edition, DENIED, DENIED)


def test_a_letter_bears_a_date(mixed: Application, edition: Edition) -> None:
    with pytest.raises(ValueError, match="date"):
        letters.compose(Decision(application=mixed, outcomes={}), edition, "en")


def test_the_language_is_that_of_who_submitted(mixed: Application, edition: Edition, owner: User) -> None:
    assert letters.language_of(mixed, edition) == "en"
    owner.language = "nl"
    mixed.submitted_by = owner
    assert letters.language_of(mixed, edition) == "nl"


def test_the_name_another_customer_gave_to_its_subscription_stays_there(
    mixed: Application, edition: Edition, other_customer: Customer
) -> None:
    item = mixed.items.select_related("subscription").order_by("id").first()
    item.subscription.customer = other_customer
    item.subscription.save()
    text = letter(mixed, edition, DENIED, APPROVED)
    assert str(item.subscription.guid) in text
    assert "Hall" not in text
    assert "Gate" in text
