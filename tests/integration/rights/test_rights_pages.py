"""Acts on rights through the desk: propose, answer, refuse, and what each role sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from applications.enums import AccessReason, RightsAct
from applications.models import AuditReason, Customer, PolicyEdition, Proposal, Subscription, User
from applications.queries.decision import decide_one
from tests import factories
from tests.clock import Clock

END = datetime(2023, 7, 1, tzinfo=UTC)
SignIn = Callable[[User], Client]
pytestmark = pytest.mark.usefixtures("edition_row", "clock")


@pytest.fixture
def entrance(nordlys: Customer, owner: User) -> Subscription:
    made = factories.subscription(nordlys, "Staff entrance", used={"face": factories.BEFORE_THE_CUT})
    for code in ("face.identification", "face.verification"):
        factories.grace(made, code)
    return made


def url(of: Subscription, act: str = "") -> str:
    return f"/admin/rights/{of.guid}/{act}/" if act else f"/admin/rights/{of.guid}/"


EXTEND = {
    "deadline": END.isoformat(),
    "until": "2023-08-31",
    "why": "customer",
    "reason": "Their audit ends in August.",
}


def why(of: Subscription, at: datetime) -> AccessReason:
    return decide_one(of.guid, "face.identification", at).verdict.reason


def test_one_proposes_another_agrees(
    sign_in: SignIn, entrance: Subscription, operator: User, lead: User
) -> None:
    client = sign_in(operator)
    assert client.post(url(entrance, "extend"), EXTEND).status_code == 302
    waiting = client.get("/admin/rights/")
    assert "Their audit ends in August." in waiting.content.decode()
    assert "Agree and do it" not in waiting.content.decode()
    proposal = Proposal.objects.get()
    client.post(f"/admin/rights/proposals/{proposal.pk}/", {"agree": "1"})
    assert why(entrance, END) is AccessReason.GRACE_ENDED
    second = sign_in(lead)
    assert "Agree and do it" in second.get("/admin/rights/").content.decode()
    page = second.post(f"/admin/rights/proposals/{proposal.pk}/", {"agree": "1"}, follow=True)
    assert "2 rights were touched" in page.content.decode()
    assert why(entrance, END) is AccessReason.EXTENSION


def test_errors_stand_at_the_fields_and_nothing_typed_is_lost(
    sign_in: SignIn, entrance: Subscription, operator: User
) -> None:
    client = sign_in(operator)
    response = client.post(url(entrance, "extend"), {**EXTEND, "until": "2023-06-30"})
    assert response.status_code == 400
    body = response.content.decode()
    assert "Choose a day after the end" in body
    assert "Their audit ends in August." in body
    assert client.post(url(entrance, "extend"), {**EXTEND, "until": "never\x00"}).status_code == 400
    assert client.post(url(entrance, "move"), {"customer": "999", "reason": "Sold"}).status_code == 400
    assert not Proposal.objects.exists()


def test_emergency_is_done_at_once_and_says_that_it_waits(
    sign_in: SignIn, entrance: Subscription, lead: User, reviewer: User, clock: Clock
) -> None:
    given = {"capability": "face.identification", "reason": "Abuse.", "emergency": "on"}
    assert sign_in(reviewer).post(url(entrance, "revoke"), given).status_code == 403
    page = sign_in(lead).post(url(entrance, "revoke"), given, follow=True)
    assert "within 24 hours" in page.content.decode()
    assert why(entrance, clock()) is AccessReason.REVOKED
    assert "in an emergency" in sign_in(reviewer).get("/admin/rights/").content.decode()


def test_lead_suspends_and_resumes(sign_in: SignIn, entrance: Subscription, lead: User, clock: Clock) -> None:
    client = sign_in(lead)
    assert client.post(url(entrance, "suspend"), {"reason": ""}).status_code == 400
    client.post(url(entrance, "suspend"), {"reason": "Abuse."})
    assert why(entrance, clock()) is AccessReason.SUSPENDED
    assert "nothing gated works" in client.get(url(entrance)).content.decode()
    clock.forward(hours=1)
    client.post(url(entrance, "resume"), {"reason": "Cured."})
    assert why(entrance, clock()) is AccessReason.GRACE


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("reviewer", {"revoke"}),
        ("lead", {"extend", "revoke", "move", "suspend"}),
        ("operator", {"extend", "move"}),
        ("auditor", set()),
    ],
)
def test_each_role_has_its_acts(
    sign_in: SignIn, entrance: Subscription, who: str, names: set[str], request: pytest.FixtureRequest
) -> None:
    client = sign_in(request.getfixturevalue(who))
    body = client.get(url(entrance)).content.decode()
    shown = {
        name for name in ("extend", "revoke", "reinstate", "move", "suspend") if url(entrance, name) in body
    }
    assert shown == names
    for name in {"extend", "revoke", "reinstate", "move", "suspend", "resume", "nonsense"} - names:
        assert client.post(url(entrance, name), {"reason": "x"}).status_code in (403, 404)


def test_customers_people_have_nothing_here(sign_in: SignIn, entrance: Subscription, owner: User) -> None:
    client = sign_in(owner)
    assert client.get("/admin/rights/").status_code == 403
    assert client.post(url(entrance, "extend"), EXTEND).status_code == 403


def test_subscription_is_found_by_what_people_paste(
    sign_in: SignIn, entrance: Subscription, auditor: User
) -> None:
    client = sign_in(auditor)
    pasted = f"/subscriptions/{str(entrance.guid).upper()}/resourceGroups/rg"
    assert client.get("/admin/rights/", {"subscription": pasted}).headers["Location"] == url(entrance)
    missing = client.get("/admin/rights/", {"subscription": "0123456789abcdef0123456789abcdef"})
    assert missing.status_code == 400
    assert client.get("/admin/rights/dc4d27d9-ea49-4921-938f-7782a774e151/").status_code == 404


@pytest.mark.parametrize("many", [1, 30])
def test_pages_take_as_many_statements_for_many_rows(
    sign_in: SignIn,
    nordlys: Customer,
    entrance: Subscription,
    lead: User,
    operator: User,
    many: int,
    django_assert_num_queries: Any,
) -> None:
    for number in range(many):
        Proposal.objects.create(
            act=RightsAct.REVOKE,
            subscription=factories.subscription(nordlys),
            capability=f"face.x{number}",
            reason=AuditReason.objects.create(text="why"),
            proposed_at=factories.NOW,
            proposed_by=operator,
        )
        factories.right(entrance, f"face.y{number}")
    client = sign_in(lead)
    client.get("/admin/rights/")
    client.get(url(entrance))  # the edition is read once a process
    with django_assert_num_queries(PAGES["index"]):
        client.get("/admin/rights/")
    client.get(url(entrance))  # the edition is read once a process
    with django_assert_num_queries(PAGES["file"]):
        client.get(url(entrance))


PAGES = {"index": 6, "file": 8}


def test_edition_is_needed(sign_in: SignIn, entrance: Subscription, lead: User) -> None:
    PolicyEdition.objects.update(in_force=False)
    assert sign_in(lead).get(url(entrance)).status_code == 503
