"""Saved filters, mentions, precedents and conditions through the desk's addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from applications.actions import decision
from applications.enums import MessageKind, Settlement, State
from applications.models import Application, AuditEvent, Customer, Mention, OutboundMessage, SavedFilter, User
from applications.rules.review import ItemOutcome
from tests import factories
from tests.cases import DENIED, case, flag, same_for_all
from tests.clock import Clock
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]


def lane(client: Client, code: str) -> tuple[int, list[str]]:
    """What a lane counts and what it shows."""
    answer = client.get("/admin/", {"lane": code})
    current = next(one for one in answer.context["lanes"] if one["current"])
    return current["count"], [row.case.reference for row in answer.context["rows"]]


# --- saved filters ---


def kept(client: Client) -> list[str]:
    return [one.name for one in client.get("/admin/").context["kept"]]


def test_a_filter_is_saved_shared_replaced_and_deleted(
    enter: Enter, reviewer: User, second_reviewer: User, waiting: Application
) -> None:
    mine, other = enter(reviewer), enter(second_reviewer)
    address = "/admin/queue/filters/?q=nordlys&risk=0&after=1~x~2&evil=1"
    answer = mine.post(address, {"name": " Nordlys,  low ", "shared": "on"})
    assert answer.url == "/admin/?q=nordlys&risk=0"
    assert [row.case for row in mine.get(answer.url).context["rows"]] == [waiting]
    mine.post("/admin/queue/filters/?lane=mine", {"name": "Private"})
    mine.post("/admin/queue/filters/?lane=second", {"name": "Private"})
    assert kept(mine) == ["Nordlys, low", "Private"]
    assert SavedFilter.objects.get(name="Private").query == "lane=second"
    assert kept(other) == ["Nordlys, low"]
    shared = SavedFilter.objects.get(shared=True)
    assert other.post(f"/admin/queue/filters/{shared.pk}/delete/").status_code == 404
    assert mine.post(f"/admin/queue/filters/{shared.pk}/delete/").status_code == 302
    assert kept(other) == []


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("", "lane=mine", "This field is required"),
        ("x" * 61, "lane=mine", "at most 60"),
        ("\u202e", "lane=mine", "It has no name"),
        ("long", "q=" + "%F0%9F%A6%84" * 60, "too long to keep"),
    ],
)
def test_a_filter_that_cannot_be_saved_is_told_at_the_field(
    enter: Enter, reviewer: User, name: str, query: str, words: str
) -> None:
    answer = enter(reviewer).post(f"/admin/queue/filters/?{query}", {"name": name, "shared": "on"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert answer.context["saving"]["shared"].value() == "on" or answer.context["saving"]["shared"].value()
    assert not SavedFilter.objects.exists()


def test_an_auditor_uses_shared_filters_and_saves_none(enter: Enter, reviewer: User, auditor: User) -> None:
    enter(reviewer).post("/admin/queue/filters/?lane=late", {"name": "Late", "shared": "on"})
    client = enter(auditor)
    assert kept(client) == ["Late"]
    assert client.post("/admin/queue/filters/?lane=late", {"name": "x"}).status_code == 403


# --- mentions ---


def write(client: Client, application: Application, body: str, audience: str = "staff") -> None:
    sent = client.post(f"/admin/queue/{application.reference}/notes/", {"audience": audience, "body": body})
    assert sent.status_code == 302


def test_who_is_mentioned_finds_it_and_is_told_without_a_name(
    enter: Enter, reviewer: User, second_reviewer: User, lead: User, owner: User, held: Application
) -> None:
    """Names, the part before the @ and whole addresses name people; customers and oneself are never named."""
    local = second_reviewer.email.partition("@")[0]
    write(
        enter(reviewer), held, f"@{local.upper()}, and @LenaBrandt: see @{reviewer.email} and @{owner.email}."
    )
    assert set(Mention.objects.values_list("person", flat=True)) == {second_reviewer.pk, lead.pk}
    sent = OutboundMessage.objects.filter(kind=MessageKind.MENTIONED)
    assert {one.user for one in sent} == {second_reviewer, lead}
    client = enter(second_reviewer)
    assert lane(client, "mentions") == (1, [held.reference])
    assert lane(enter(reviewer), "mentions") == (0, [])
    assert "A note here mentions you" in client.get(f"/admin/queue/{held.reference}/").content.decode()
    assert client.post(f"/admin/queue/{held.reference}/read/").status_code == 302
    assert lane(client, "mentions") == (0, [])
    assert lane(enter(lead), "mentions") == (1, [held.reference])
    write(enter(lead), held, "Seen.")
    assert lane(enter(lead), "mentions") == (0, [])


def test_a_mention_in_a_closed_case_is_found_and_a_message_mentions_nobody(
    enter: Enter, reviewer: User, lead: User, held: Application
) -> None:
    write(enter(reviewer), held, "Dear @lenabrandt", audience="customer")
    assert not Mention.objects.exists()
    write(enter(reviewer), held, "@lenabrandt please look")
    Application.objects.filter(pk=held.pk).update(state=State.WITHDRAWN, closed_at=NOW)
    assert lane(enter(lead), "mentions") == (1, [held.reference])


# --- conditions ---


def test_a_condition_past_its_day_fills_a_lane_until_a_person_settles_it(
    enter: Enter, reviewer: User, second_reviewer: User, held: Application, clock: Clock
) -> None:
    """Design §5: only a person acts on it. Retention is due after 60 days, at the end of that day."""
    outcome = ItemOutcome("approved_with_conditions", (), ("retention", "privacy-notice"))
    decision.decide(
        held, outcomes=same_for_all(held, outcome), edition=factories.read_file(), by=reviewer, now=NOW
    )
    client = enter(reviewer)
    assert lane(client, "conditions") == (0, [])
    page = client.get(f"/admin/queue/{held.reference}/").content.decode()
    assert "How to check: Ask for the schedule and one proof of deletion." in page
    clock.set(NOW + timedelta(days=61))
    client = enter(reviewer)
    assert lane(client, "conditions") == (1, [held.reference])
    assert "Overdue" in client.get(f"/admin/queue/{held.reference}/").content.decode()
    address = f"/admin/queue/{held.reference}/conditions/"
    refused = client.post(f"{address}retention/", {"state": "met", "note": " "})
    assert refused.status_code == 422
    for code, state in (("retention", "met"), ("privacy-notice", "dropped")):
        assert (
            client.post(f"{address}{code}/", {"state": state, "note": "They showed it."}).status_code == 302
        )
    assert lane(client, "conditions") == (0, [])
    again = enter(second_reviewer).post(f"{address}retention/", {"state": "dropped", "note": "My words"})
    assert again.status_code == 409
    assert "My words" in again.content.decode()
    settled = AuditEvent.objects.filter(action="condition.settled").order_by("id")
    said = [(one.data["condition"], one.data["state"], one.reason.text) for one in settled]
    assert said == [("retention", "met", "They showed it."), ("privacy-notice", "dropped", "They showed it.")]


# --- precedents ---


def decided(
    of: Customer, by: User, rule: str = "", outcome: ItemOutcome = DENIED, use_case: str = "FC2"
) -> Application:
    made = case(of, asks=[("face.verification", use_case)], state=State.IN_REVIEW, holder=by)
    if rule:
        flag(made, rule, settled=Settlement.STANDS, by=by)
    Application.objects.filter(pk=made.pk).update(state=State.DECIDED, closed_at=NOW)
    made.items.update(outcome=outcome.outcome, reasons=list(outcome.reasons), closed_at=NOW)
    return made


def test_precedents_are_like_cases_of_others_in_codes_alone(
    enter: Enter, reviewer: User, nordlys: Customer, other_customer: Customer, held: Application
) -> None:
    flag(held, "minors")
    plain = decided(other_customer, reviewer)
    like = decided(other_customer, reviewer, "minors")
    decided(nordlys, reviewer, "minors")
    decided(other_customer, reviewer, "minors", use_case="FC1")
    answer = enter(reviewer).get(f"/admin/queue/{held.reference}/")
    assert [one.reference for one in answer.context["file"].precedents] == [like.reference, plain.reference]
    section = answer.content.decode().partition('id="precedents"')[2].partition("</section>")[0]
    for words in ("Denied", "recognised in a public space", "Same flags:", "No flag in common"):
        assert words in section
    assert other_customer.name not in section
    assert "46 kiosks" not in section
