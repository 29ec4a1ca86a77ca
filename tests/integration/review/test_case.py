"""One case through its addresses: reading, asking, finding, noting, deciding, and what each role is offered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from applications.actions import review
from applications.enums import Role, Settlement, State
from applications.models import AccessGrant, Application, Customer, Decision, Note, OutboundMessage, User
from tests import factories
from tests.cases import ANSWERS, case, flag, same_for_all
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]


def at(application: Application, step: str = "") -> str:
    return f"/admin/queue/{application.reference}/{step}"


def send(client: Client, application: Application, step: str, **values: object) -> object:
    """What the browser would send from a page loaded now."""
    application.refresh_from_db()
    return client.post(at(application, step), {"seen": application.state_changed_at.isoformat(), **values})


def decision_of(application: Application, outcome: str = "approved", **more: object) -> dict[str, object]:
    return {f"outcome-{item.pk}": outcome for item in application.items.all()} | more


# --- reading ---


def test_the_page_shows_answers_beside_the_policy(enter: Enter, reviewer: User, held: Application) -> None:
    flag(held, "minors")
    content = enter(reviewer).get(at(held)).content.decode()
    for words in (
        "Nordlys Airports A/S",
        "Passengers check in at 46 kiosks",
        "Verification (one to one)",
        "Take care: minors and older adults",
        "Settle this flag",
        "See what you recommend",
    ):
        assert words in content


@pytest.mark.parametrize("reference", ["LA-0000-0000", "nonsense", "%00", "x" * 300])
def test_what_is_not_there_is_not_there(enter: Enter, reviewer: User, reference: str) -> None:
    assert enter(reviewer).get(f"/admin/queue/{reference}/").status_code == 404


def test_a_draft_is_not_there(enter: Enter, reviewer: User, waiting: Application) -> None:
    Application.objects.filter(pk=waiting.pk).update(state=State.DRAFT)
    assert enter(reviewer).get(at(waiting)).status_code == 404


def test_what_has_changed_since_the_last_submission_is_marked(
    enter: Enter, reviewer: User, held: Application
) -> None:
    changed = {**ANSWERS, "people": {**ANSWERS["people"], "retention": "Deleted after ten seconds."}}
    held.submissions.create(number=2, answers=changed, digest="1" * 64, submitted_at=NOW)
    content = enter(reviewer).get(at(held)).content.decode()
    assert "<ins>Deleted after ten seconds.</ins>" in content
    assert "<del>The picture is deleted after 30 seconds.</del>" in content


def fill(held: Application, reviewer: User, owner: User, count: int) -> None:
    """So much history."""
    for number in range(count):
        moment = NOW + timedelta(minutes=number)
        held.notes.create(author=owner if number % 2 else reviewer, body="A line.", written_at=moment)
        held.information_requests.create(
            question="?",
            asked_at=moment,
            asked_by=reviewer,
            due_at=moment,
            answer="!",
            answered_at=moment,
            answered_by=owner,
            closed_at=moment,
        )
        held.submissions.create(number=number + 2, answers=ANSWERS, digest="0" * 64, submitted_at=moment)
        held.evidence.create(
            stored_name=f"s{number}",
            original_name="dpia.pdf",
            content_type="application/pdf",
            size=1,
            uploaded_at=moment,
        )
        held.section_reviews.create(
            section=f"section-{number}", verdict="fine", reviewed_at=moment, reviewed_by=reviewer
        )
        held.decisions.create(
            outcomes={}, recommended_by=reviewer, recommended_at=moment, returned_at=moment, returned_by=owner
        )
        case(held.customer, state=State.IN_REVIEW, holder=reviewer)
        review.release(Application.objects.get(pk=held.pk), by=reviewer, now=moment)
        review.claim(Application.objects.get(pk=held.pk), by=reviewer, now=moment)


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize(("role", "statements"), [("reviewer", 14), ("lead", 15), ("auditor", 14)])
def test_a_case_takes_as_many_statements_whatever_its_history(
    enter: Enter,
    role: str,
    statements: int,
    request: pytest.FixtureRequest,
    reviewer: User,
    owner: User,
    held: Application,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    fill(held, reviewer, owner, count)
    client = enter(request.getfixturevalue(role))
    client.get(at(held))
    with django_assert_num_queries(statements):
        answer = client.get(at(held))
    assert answer.status_code == 200


# --- what each role is offered ---


def offered(client: Client, application: Application) -> set[str]:
    return set(client.get(at(application)).context["forms"])


def test_each_role_is_offered_what_it_may_do(
    enter: Enter, reviewer: User, second_reviewer: User, lead: User, auditor: User, held: Application
) -> None:
    sections = {"section-organisation", "section-use-case", "section-people"}
    working = {"ask", "note", "decide", *sections, *set(offered(enter(reviewer), held)) - {"ask"}}
    assert {"ask", "note", "decide"} <= offered(enter(reviewer), held)
    assert "assign" not in offered(enter(reviewer), held)
    assert offered(enter(lead), held) == working | {"assign"}
    assert offered(enter(second_reviewer), held) == {"note"}
    assert offered(enter(auditor), held) == set()


def test_who_stands_too_near_only_reads(
    enter: Enter, reviewer: User, nordlys: Customer, held: Application
) -> None:
    factories.member(nordlys, reviewer, Role.VIEWER)
    client = enter(reviewer)
    assert offered(client, held) == set()
    answer = send(client, held, "notes/", audience="staff", body="Me too")
    assert answer.status_code == 403
    assert "Me too" in answer.content.decode()
    assert not Note.objects.exists()


STEPS = (
    "claim/",
    "release/",
    "assign/",
    "ask/",
    "notes/",
    "sections/people/",
    "flags/1/",
    "decision/",
    "decision/edit/",
    "decision/confirm/",
    "decision/second/",
    "decision/return/",
)


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_open_to_who_does_not_review(
    enter: Enter, auditor: User, operator: User, owner: User, held: Application, step: str
) -> None:
    for other in (auditor, operator, owner):
        assert enter(other).post(at(held, step)).status_code == 403
    assert enter(auditor).get(at(held, step)).status_code == 405


# --- steps ---


def test_claim_and_release(enter: Enter, reviewer: User, waiting: Application) -> None:
    client = enter(reviewer)
    assert "Claim this case" in client.get(at(waiting)).content.decode()
    assert send(client, waiting, "claim/").status_code == 302
    assert "Yours since" in client.get(at(waiting)).content.decode()
    assert send(client, waiting, "release/").status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == State.SUBMITTED


def test_an_old_page_is_told_who_was_faster(
    enter: Enter, reviewer: User, second_reviewer: User, waiting: Application
) -> None:
    seen = waiting.state_changed_at.isoformat()
    review.claim(waiting, by=second_reviewer, now=NOW)
    answer = enter(reviewer).post(at(waiting, "claim/"), {"seen": seen})
    content = answer.content.decode()
    assert answer.status_code == 409
    assert "Sam Okafor was faster." in content
    assert "15 May 2023, 14:40 UTC" in content


@pytest.mark.parametrize("seen", ["", "yesterday", "2023-05-10T14:40:00", "\x00"])
def test_a_page_without_a_readable_time_counts_as_old(
    enter: Enter, reviewer: User, waiting: Application, seen: str
) -> None:
    assert enter(reviewer).post(at(waiting, "claim/"), {"seen": seen}).status_code == 409


def test_a_lead_assigns_and_hands_over(
    enter: Enter, lead: User, reviewer: User, second_reviewer: User, waiting: Application
) -> None:
    client = enter(lead)
    for person in (reviewer, second_reviewer):
        assert send(client, waiting, "assign/", to=str(person.key), why="Balance").status_code == 302
        waiting.refresh_from_db()
        assert waiting.assigned_to == person
    answer = send(client, waiting, "assign/", to="nobody", why="Kept words")
    assert answer.status_code == 422
    assert "Kept words" in answer.content.decode()


def test_asking_stops_the_clock(enter: Enter, reviewer: User, owner: User, held: Application) -> None:
    client = enter(reviewer)
    answer = send(client, held, "ask/", question="Who reviews a match?", sections=["people"], business_days=5)
    assert answer.status_code == 302
    held.refresh_from_db()
    assert held.state == State.INFORMATION_REQUESTED
    assert "Who reviews a match?" in client.get(at(held)).content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"question": " ", "business_days": 5}, "This field is required"),
        ({"question": "Kept words", "business_days": 0}, "Choose between 1 and 60"),
        ({"question": "Kept words", "business_days": "x"}, "Kept words"),
        ({"question": "Kept words", "business_days": 5, "sections": ["no"]}, "Kept words"),
        ({"question": "x" * 100_000, "business_days": 5}, "too long"),
        ({"question": "Kept words\x00", "business_days": 5}, "Null characters"),
    ],
)
def test_a_question_that_cannot_be_sent_stays_typed(
    enter: Enter, reviewer: User, held: Application, values: dict[str, object], words: str
) -> None:
    answer = send(enter(reviewer), held, "ask/", **values)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not held.information_requests.exists()


def test_a_flag_is_settled(enter: Enter, reviewer: User, held: Application) -> None:
    raised = flag(held, "minors")
    client = enter(reviewer)
    refused = send(client, held, f"flags/{raised.pk}/", settlement="cured", note="")
    assert refused.status_code == 422
    done = send(client, held, f"flags/{raised.pk}/", settlement="cured", note="Only with a guardian.")
    assert done.url == at(held, f"#flag-{raised.pk}")
    assert "Only with a guardian." in client.get(at(held)).content.decode()


def test_a_flag_of_another_case_is_not_there(
    enter: Enter, reviewer: User, held: Application, nordlys: Customer
) -> None:
    other = flag(case(nordlys), "minors")
    assert send(enter(reviewer), held, f"flags/{other.pk}/", settlement="stands").status_code == 404
    other.refresh_from_db()
    assert other.settlement == ""


def test_a_section_is_judged(enter: Enter, reviewer: User, held: Application) -> None:
    client = enter(reviewer)
    assert send(client, held, "sections/people/", verdict="doubt", note="").status_code == 422
    assert send(client, held, "sections/people/", verdict="doubt", note="Minors?").status_code == 302
    assert "Minors?" in client.get(at(held)).content.decode()
    assert send(client, held, "sections/no-such/", verdict="fine").status_code == 404


def test_notes_and_messages_have_their_readers(
    enter: Enter, reviewer: User, owner: User, held: Application
) -> None:
    client = enter(reviewer)
    send(client, held, "notes/", audience="staff", body="Between us")
    send(client, held, "notes/", audience="customer", body="We read it")
    assert [note.internal for note in Note.objects.order_by("id")] == [True, False]
    assert OutboundMessage.objects.get().user == owner


# --- deciding ---


def test_a_decision_is_seen_before_it_is_made(
    enter: Enter, reviewer: User, owner: User, held: Application
) -> None:
    client = enter(reviewer)
    chosen = decision_of(held, words="Mind the kiosks.")
    seen = send(client, held, "decision/", **chosen)
    content = seen.content.decode()
    assert seen.status_code == 200
    assert "Grants 2 capabilities" in content
    assert "until 15 May 2025, 23:59 UTC" in content.replace(
        '<time datetime="2025-05-15T23:59:59Z">', ""
    ).replace("</time>", "")
    assert "Mind the kiosks." in content
    assert not Decision.objects.exists()
    assert send(client, held, "decision/confirm/", **chosen).status_code == 302
    held.refresh_from_db()
    assert held.state == State.DECIDED
    assert AccessGrant.objects.count() == 2
    page = client.get(at(held)).content.decode()
    assert "Decided by Rosa Keller" in page
    assert "Mind the kiosks." in page


def test_a_second_click_lands_on_the_same_decision(enter: Enter, reviewer: User, held: Application) -> None:
    client = enter(reviewer)
    sent = {"seen": held.state_changed_at.isoformat(), **decision_of(held)}
    for _click in range(2):
        assert client.post(at(held, "decision/confirm/"), sent).status_code == 302
    assert Decision.objects.count() == 1


def test_back_from_the_preview_with_everything_typed(enter: Enter, reviewer: User, held: Application) -> None:
    item = held.items.get().pk
    chosen = decision_of(held, "denied", words="Kept words", **{f"reasons-{item}": ["public-space"]})
    content = send(enter(reviewer), held, "decision/edit/", **chosen).content.decode()
    assert "Kept words" in content
    assert f'name="outcome-{item}" value="denied"' in content
    assert content.count("checked") >= 2


@pytest.mark.parametrize(
    ("outcome", "more", "words"),
    [
        ("", {}, "No outcome yet."),
        ("denied", {}, "A denial needs a reason."),
        ("approved_with_conditions", {}, "No condition is chosen."),
        ("answered", {}, "Select a valid choice."),
        ("approved", {"words": "x" * 6000}, "This is too long."),
    ],
)
@pytest.mark.parametrize("step", ["decision/", "decision/confirm/"])
def test_a_decision_that_cannot_stand_says_so_at_its_row(
    enter: Enter, reviewer: User, held: Application, step: str, outcome: str, more: dict[str, str], words: str
) -> None:
    answer = send(
        enter(reviewer), held, step, **decision_of(held, outcome, **{"words": "Kept words", **more})
    )
    assert answer.status_code == 422
    content = answer.content.decode()
    assert words in content
    assert more.get("words", "Kept words") in content
    assert not Decision.objects.exists()


def test_unsettled_flags_stop_the_preview(enter: Enter, reviewer: User, held: Application) -> None:
    flag(held, "free-mail")
    answer = send(enter(reviewer), held, "decision/", **decision_of(held))
    assert answer.status_code == 422
    assert "1 flag is not settled" in answer.content.decode()


def test_who_decides_second_keeps_what_they_typed(
    enter: Enter, reviewer: User, lead: User, owner: User, held: Application
) -> None:
    """P5: told who and when, nothing typed lost, nothing written."""
    seen = held.state_changed_at.isoformat()
    assert send(enter(lead), held, "decision/confirm/", **decision_of(held)).status_code == 302
    item = held.items.get().pk
    late = {
        "seen": seen,
        "words": "My careful words",
        **decision_of(held, "denied"),
        f"reasons-{item}": ["tracking"],
    }
    for step in ("decision/", "decision/confirm/"):
        answer = enter(reviewer).post(at(held, step), late)
        content = answer.content.decode()
        assert answer.status_code == 409
        assert "Lena Brandt was faster." in content
        assert "My careful words" in content
        assert "The use follows people persistently." in content
    assert Decision.objects.count() == 1


def test_several_items_may_follow_one_row(enter: Enter, reviewer: User, nordlys: Customer) -> None:
    subscriptions = [factories.subscription(nordlys, f"Hall {number}") for number in range(6)]
    made = case(nordlys, state=State.IN_REVIEW, holder=reviewer, subscriptions=subscriptions)
    last = made.items.last().pk
    chosen = decision_of(made, "as-all") | {
        "outcome-all": "approved_with_conditions",
        "conditions-all": ["retention"],
        f"outcome-{last}": "denied",
        f"reasons-{last}": ["wrong-subscription"],
    }
    client = enter(reviewer)
    assert "Grants 2 capabilities" in send(client, made, "decision/", **chosen).content.decode()
    assert send(client, made, "decision/confirm/", **chosen).status_code == 302
    outcomes = list(made.items.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["approved_with_conditions"] * 5 + ["denied"]


# --- two people ---


@pytest.fixture
def risky(held: Application, reviewer: User) -> Application:
    flag(held, "minors", settled=Settlement.STANDS, by=reviewer)
    return held


def test_two_people_decide_what_is_high_risk(
    enter: Enter, reviewer: User, second_reviewer: User, owner: User, risky: Application
) -> None:
    first, second = enter(reviewer), enter(second_reviewer)
    chosen = decision_of(risky, words="Fine.", note="I looked at the guardian rule.")
    assert "Recommend this to a second person" in send(first, risky, "decision/", **chosen).content.decode()
    assert send(first, risky, "decision/confirm/", **chosen).status_code == 302
    own = first.get(at(risky)).content.decode()
    assert "another person confirms it" in own
    assert "Confirm exactly this" not in own
    page = second.get(at(risky)).content.decode()
    for words in (
        "Rosa Keller recommended this",
        "I looked at the guardian rule.",
        "Confirm exactly this",
        "Fine.",
    ):
        assert words in page
    recommendation = str(risky.decisions.get().pk)
    assert send(first, risky, "decision/second/", recommendation=recommendation).status_code == 403
    assert send(second, risky, "decision/second/", recommendation=recommendation).status_code == 302
    assert AccessGrant.objects.count() == 2
    made = risky.decisions.get()
    assert (made.recommended_by, made.decided_by) == (reviewer, second_reviewer)


def test_the_second_person_confirms_what_they_saw(
    enter: Enter, reviewer: User, second_reviewer: User, risky: Application
) -> None:
    """Another recommendation than the page showed is not confirmed."""
    assert send(enter(reviewer), risky, "decision/confirm/", **decision_of(risky)).status_code == 302
    answer = send(enter(second_reviewer), risky, "decision/second/", recommendation="999")
    assert answer.status_code == 409
    assert not AccessGrant.objects.exists()


def test_a_returned_case_shows_why(
    enter: Enter, reviewer: User, second_reviewer: User, risky: Application
) -> None:
    first, second = enter(reviewer), enter(second_reviewer)
    send(first, risky, "decision/confirm/", **decision_of(risky, words="Fine."))
    assert send(second, risky, "decision/return/", note="").status_code == 422
    assert send(second, risky, "decision/return/", note="Ask about minors.").status_code == 302
    page = first.get(at(risky)).content.decode()
    assert "Returned by Sam Okafor" in page
    assert "Ask about minors." in page


def test_deciding_asks_again_who_it_is_after_an_hour(reviewer: User, held: Application) -> None:
    client = Client()
    client.force_login(reviewer)
    session = client.session
    known = factories.authenticated(reviewer)
    for method in known["account_authentication_methods"]:
        method["at"] -= 3700
    session.update(known)
    session.save()
    answer = send(client, held, "decision/confirm/", **decision_of(held))
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/")
    assert not Decision.objects.exists()
    assert same_for_all(held)
