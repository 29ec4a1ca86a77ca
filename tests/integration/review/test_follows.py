"""The page of a case says what it follows, what became of that and why, and what is said differently since."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from applications.actions import submission
from applications.actions.application import save_section
from applications.actions.followups import follow
from applications.enums import State
from applications.models import Application, Customer, PolicyEdition, User
from applications.rules.followups import Followup
from applications.rules.policy import Edition
from tests import drafts
from tests.cases import DENIED, attested, judged
from tests.drafts import ANSWERS, GATES, KIOSKS
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
LETTER = NOW + timedelta(minutes=10)


def fresh(application: Application) -> Application:
    return Application.objects.select_related("customer", "previous").get(pk=application.pk)


@pytest.fixture
def again(
    nordlys: Customer, owner: User, reviewer: User, edition_row: PolicyEdition, edition: Edition
) -> Application:
    """Denied, and asked for anew: another retention, one subscription more, in the second version less."""
    about: dict[str, Any] = {"edition": edition, "by": owner, "now": LETTER}
    first = submission.submit(
        application=drafts.draft(nordlys, owner, edition_row), edition=edition, by=owner, now=NOW
    )
    judged(first, reviewer, DENIED)
    draft = follow(fresh(first), Followup.AGAIN, **about)
    retention = ANSWERS["people"] | {"retention": ANSWERS["people"]["retention"].replace("24", "12")}
    ids = {"subscription-ids": [KIOSKS, GATES], "subscription-ids.names": {}, "paid-tier": "yes"}
    for section, answers in {"people": retention, "subscriptions": ids}.items():
        save_section(application=fresh(draft), section=section, answers=answers, version=1, **about)
    made = submission.submit(application=attested(fresh(draft), owner, LETTER), **about)
    Application.objects.filter(pk=made.pk).update(state=State.INFORMATION_REQUESTED)
    save_section(
        application=fresh(made),
        section="people",
        answers=retention | {"deployment-countries": "Denmark, Sweden"},
        version=2,
        **about,
    )
    return submission.respond(application=fresh(made), answer="Sweden too.", **about)


def test_what_differs_stands_word_by_word(
    sign_in: Callable[[User], Client], second_reviewer: User, again: Application, edition: Edition
) -> None:
    page = sign_in(second_reviewer).get(reverse("admin:case", args=[again.reference])).content.decode()
    follows = page[page.index('id="follows"') : page.index('id="versions"')]
    assert again.previous is not None
    assert again.previous.reference in follows
    assert edition.reasons["public-space"].text.to("en") in follows
    assert "within <del>24</del><ins>12</ins> hours" in follows
    liveness = edition.capabilities["face.liveness"].name.to("en")
    assert f"<li><ins>{liveness} (FC3), {GATES}</ins></li>" in follows
    versions = page[page.index('id="versions"') :]
    assert "What version 2 says differently" in page
    assert "Denmark<ins>, Sweden</ins>" in versions
    assert "<del>24</del>" not in versions


def test_a_follower_takes_no_more_statements(
    sign_in: Callable[[User], Client],
    lead: User,
    again: Application,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = sign_in(lead)
    address = reverse("admin:case", args=[again.reference])
    client.get(address)
    with django_assert_max_num_queries(15):
        assert client.get(address).status_code == 200
