"""The queue through its addresses: lanes, filters, search, pages, taking, and who sees what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from applications.enums import Kind, Risk, Settlement, State
from applications.models import Application, Customer, User
from applications.queries import lanes, queue
from tests import factories
from tests.cases import case, flag
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
STATEMENTS = 8


def shown(client: Client, **asked: str) -> list[str]:
    """References of the rows, in order."""
    answer = client.get("/admin/", asked)
    assert answer.status_code == 200
    return [row.case.reference for row in answer.context["rows"]]


# --- who comes in ---


def test_strangers_sign_in_first(client: Client) -> None:
    answer = client.get("/admin/?lane=mine")
    assert answer.status_code == 302
    assert answer.url == "/accounts/login/?next=/admin/%3Flane%3Dmine"


def test_a_customer_gets_a_page_that_says_where_to_go(
    enter: Enter, stranger: User, waiting: Application
) -> None:
    for address in ("/admin/", f"/admin/queue/{waiting.reference}/", "/admin/queue/LA-0000-0000/"):
        answer = enter(stranger).get(address)
        assert answer.status_code == 403
        assert b"This part is for our reviewers" in answer.content
        assert b"Nordlys" not in answer.content


@pytest.mark.parametrize("role", ["reviewer", "lead", "auditor"])
def test_the_first_page_is_the_queue(
    enter: Enter, role: str, request: pytest.FixtureRequest, waiting: Application
) -> None:
    assert shown(enter(request.getfixturevalue(role))) == [waiting.reference]


def test_an_operator_sees_the_desk_without_cases(enter: Enter, operator: User, waiting: Application) -> None:
    answer = enter(operator).get("/admin/")
    assert answer.status_code == 200
    assert waiting.reference.encode() not in answer.content
    assert enter(operator).get(f"/admin/queue/{waiting.reference}/").status_code == 403


def test_an_auditor_reads_and_is_offered_nothing(enter: Enter, auditor: User, waiting: Application) -> None:
    answer = enter(auditor).get("/admin/")
    assert b"Take the next case" not in answer.content
    assert b"Claim" not in answer.content
    assert enter(auditor).post("/admin/queue/take-next/").status_code == 403


def test_without_an_edition_the_desk_says_so(enter: Enter, reviewer: User) -> None:
    factories.edition_row_in_force().delete()
    answer = enter(reviewer).get("/admin/")
    assert answer.status_code == 503
    assert b"No policy is in force yet" in answer.content


# --- lanes, filters, search ---


@pytest.fixture
def many(
    nordlys: Customer, other_customer: Customer, reviewer: User, second_reviewer: User
) -> dict[str, str]:
    """One case for each lane, by a name."""
    far = NOW + timedelta(days=20)
    made = {
        "new": case(nordlys, target_at=far),
        "mine": case(nordlys, target_at=far, state=State.IN_REVIEW, holder=reviewer),
        "theirs": case(nordlys, target_at=far, state=State.IN_REVIEW, holder=second_reviewer),
        "waiting": case(nordlys, target_at=far, state=State.INFORMATION_REQUESTED, holder=second_reviewer),
        "second": case(nordlys, target_at=far, state=State.SECOND_REVIEW, risk=Risk.HIGH),
        "appeal": case(
            other_customer, target_at=far, kind=Kind.APPEAL, state=State.IN_REVIEW, holder=second_reviewer
        ),
        "enquiry": case(
            other_customer,
            target_at=far,
            asks=[("video-indexer.celebrity-recognition", "")],
            state=State.IN_REVIEW,
            holder=second_reviewer,
        ),
        "late": case(
            nordlys, target_at=NOW - timedelta(days=1), state=State.IN_REVIEW, holder=second_reviewer
        ),
        "ends": case(
            nordlys,
            target_at=far,
            deadline_at=NOW + timedelta(days=46),
            state=State.IN_REVIEW,
            holder=second_reviewer,
        ),
    }
    closed = case(nordlys, target_at=NOW - timedelta(days=5))
    Application.objects.filter(pk=closed.pk).update(state=State.WITHDRAWN, closed_at=NOW)
    return {name: one.reference for name, one in made.items()} | {"closed": closed.reference}


@pytest.mark.parametrize(
    ("lane", "names"),
    [
        ("mine", {"mine"}),
        ("unassigned", {"new"}),
        ("waiting", {"waiting"}),
        ("second", {"second"}),
        ("appeals", {"appeal"}),
        ("policy", {"enquiry"}),
        ("late", {"late"}),
        ("ends-soon", {"ends"}),
        ("open", {"new", "mine", "theirs", "waiting", "second", "appeal", "enquiry", "late", "ends"}),
    ],
)
def test_a_lane_shows_and_counts_its_own(
    enter: Enter, reviewer: User, many: dict[str, str], lane: str, names: set[str]
) -> None:
    answer = enter(reviewer).get("/admin/", {"lane": lane})
    assert {row.case.reference for row in answer.context["rows"]} == {many[name] for name in names}
    current = next(one for one in answer.context["lanes"] if one["current"])
    assert current["count"] == len(names)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"reviewer": "me"}, {"mine"}),
        ({"reviewer": "nobody"}, {"new", "second"}),
        ({"service": "video-indexer"}, {"enquiry"}),
        ({"risk": "2"}, {"second"}),
        ({"q": "bancodelsur", "reviewer": "nobody"}, set()),
        ({"q": "banco sur"}, {"appeal", "enquiry"}),
        ({"q": "BANCO", "service": "face"}, {"appeal"}),
        ({"closed": "on", "reviewer": "nobody"}, {"new", "second", "closed"}),
    ],
)
def test_filters_combine(
    enter: Enter, reviewer: User, many: dict[str, str], asked: dict[str, str], names: set[str]
) -> None:
    assert set(shown(enter(reviewer), **asked)) == {many[name] for name in names}


def test_a_reviewer_can_be_chosen_by_name(
    enter: Enter, reviewer: User, second_reviewer: User, many: dict[str, str]
) -> None:
    assert len(shown(enter(reviewer), reviewer=str(second_reviewer.key))) == 6


def test_a_flag_that_was_cured_is_not_found(enter: Enter, reviewer: User, nordlys: Customer) -> None:
    stands, cured = case(nordlys), case(nordlys)
    flag(stands, "minors")
    flag(cured, "minors", settled=Settlement.CURED, by=reviewer)
    assert shown(enter(reviewer), flag="minors") == [stands.reference]


def test_a_reference_leads_to_its_case(enter: Enter, reviewer: User, waiting: Application) -> None:
    answer = enter(reviewer).get("/admin/", {"q": "la 7f3k 92qd"})
    assert (answer.status_code, answer.url) == (302, f"/admin/queue/{waiting.reference}/")


def test_a_word_that_only_looks_like_a_reference_is_searched_for(enter: Enter, reviewer: User) -> None:
    made = case(factories.customer("Pharmacy of Vale"))
    assert shown(enter(reviewer), q="pharmacy") == [made.reference]
    assert shown(enter(reviewer), q="LA-ZZZZ-ZZZZ") == []


def test_a_subscription_is_found_however_it_was_pasted(
    enter: Enter, reviewer: User, nordlys: Customer, waiting: Application
) -> None:
    asked = factories.subscription(nordlys)
    made = case(nordlys, subscriptions=[asked])
    pasted = f"/subscriptions/{str(asked.guid).upper()}/resourceGroups/x"
    assert shown(enter(reviewer), q=pasted) == [made.reference]


NONSENSE = ["\x00", "'; DROP TABLE x; --", "%", "_", "\u202eabc", "🦄", "x" * 5000, "<script>"]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_in_the_address_is_no_error(enter: Enter, reviewer: User, text: str) -> None:
    names = ("q", "lane", "reviewer", "service", "risk", "flag", "after")
    assert enter(reviewer).get("/admin/", dict.fromkeys(names, text)).status_code == 200
    assert enter(reviewer).get("/admin/", {"q": text}).status_code == 200


@pytest.mark.parametrize(
    "after",
    [
        "0~2023-05-01T00:00:00~1",
        "0~x~1",
        "99~2023-05-01T00:00:00+00:00~1",
        "1~~",
        f"0~2023-05-01T00:00:00+00:00~{2**70}",
    ],
)
def test_a_broken_place_is_the_first_page(
    enter: Enter, reviewer: User, waiting: Application, after: str
) -> None:
    assert shown(enter(reviewer), after=after) == [waiting.reference]


# --- order and pages ---


def test_high_risk_is_first_then_the_earliest_date(enter: Enter, reviewer: User, nordlys: Customer) -> None:
    later = case(nordlys, target_at=NOW + timedelta(days=9))
    soon = case(nordlys, target_at=NOW + timedelta(days=2))
    deadline = case(nordlys, target_at=NOW + timedelta(days=9), deadline_at=NOW + timedelta(days=1))
    risky = case(nordlys, target_at=NOW + timedelta(days=99), risk=Risk.HIGH)
    order = [one.reference for one in (risky, deadline, soon, later)]
    assert shown(enter(reviewer)) == order


def test_pages_follow_each_other_without_gap_or_double(
    enter: Enter, reviewer: User, nordlys: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ties in risk and date are the hard part: the id decides."""
    monkeypatch.setattr(queue, "PAGE", 3)
    moments = [NOW + timedelta(days=day) for day in (1, 2)]
    made = [
        case(nordlys, target_at=moment, risk=risk)
        for moment in moments
        for risk in (Risk.LOW, Risk.HIGH)
        for _copy in range(2)
    ]
    client, address, seen = enter(reviewer), "/admin/", []
    while address:
        answer = client.get(address)
        seen += [row.case.reference for row in answer.context["rows"]]
        address = answer.context["next"]
    assert len(seen) == len(made) == 8
    assert seen == shown_all(made)


def shown_all(made: list[Application]) -> list[str]:
    ordered = sorted(made, key=lambda one: (-one.risk, one.urgent_at, one.pk))
    return [one.reference for one in ordered]


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite proves no partial index from parameters"
)
def test_a_page_begins_in_the_index_and_lanes_never_see_closed_rows(
    reviewer: User, nordlys: Customer
) -> None:
    """The cause of the speed, not the speed: one range of the queue's own index; counts from theirs."""
    made = case(nordlys)
    with CaptureQueriesContext(connection) as heard:
        found = queue.page(queue.Asked(), user=reviewer, now=NOW, after=(0, NOW, 0))
        lanes.lane_counts(reviewer, NOW)
    assert [row.case for row in found.rows] == [made]
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")  # with one row every way costs the same
        for asked in (heard.captured_queries[0], heard.captured_queries[-1]):
            cursor.execute("EXPLAIN " + asked["sql"])
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert "Index Scan using queue_order" in plans[0]
    assert "Index Cond: (ROW(rank, urgent_at, id) > ROW(" in plans[0]
    assert " using queue_" in plans[1], "an index that holds open cases alone"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads the rows")
def test_a_search_reads_the_index_of_words_and_goes_without_it_where_it_may_not_be() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "on application_search" in Application.objects.filter(queue.matches("nordlys")).explain()

    class MayNot:
        connection = connection

        def execute(self, sql: str) -> None:
            raise DatabaseError(f"permission denied: {sql}")

    with pytest.warns(UserWarning, match="no index for the search, see docs/operate.md"):
        import_module("applications.migrations.0006_search").index(None, MayNot())


def rows_in_the_queue(nordlys: Customer, reviewer: User, count: int) -> None:
    for _number in range(count):
        made = case(
            nordlys,
            asks=[("face.verification", "FC2"), ("face.liveness", "FC1")],
            subscriptions=[factories.subscription(nordlys), factories.subscription(nordlys)],
            holder=reviewer,
            state=State.IN_REVIEW,
        )
        flag(made, "minors")
        flag(made, "free-mail")


@pytest.mark.parametrize("count", [1, 12])
def test_the_queue_takes_as_many_statements_whatever_it_holds(
    enter: Enter,
    reviewer: User,
    nordlys: Customer,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    rows_in_the_queue(nordlys, reviewer, count)
    client = enter(reviewer)
    client.get("/admin/")
    with django_assert_num_queries(STATEMENTS):
        answer = client.get("/admin/")
    assert len(answer.context["rows"]) == count


# --- what a row says ---


def test_a_row_says_who_what_when_and_how_risky(enter: Enter, reviewer: User, nordlys: Customer) -> None:
    made = case(
        nordlys,
        asks=[("face.verification", "FC2"), ("face.liveness", "FC1"), ("face.identification", "FC3")],
        deadline_at=factories.read_file().gates["facial-recognition"].grace_ends_at,
        target_at=NOW + timedelta(days=5),
        risk=Risk.HIGH,
    )
    flag(made, "minors")
    content = enter(reviewer).get("/admin/").content.decode()
    for words in (
        "Nordlys Airports A/S",
        "and 1 more",
        "3 items",
        "High",
        "30 June",
        "46 days",
        "nobody",
        "New",
    ):
        assert words in content


def test_an_answer_stands_out(enter: Enter, reviewer: User, held: Application) -> None:
    held.information_requests.create(
        question="?", asked_at=NOW, due_at=NOW, answer="!", answered_at=held.state_changed_at, closed_at=NOW
    )
    assert enter(reviewer).get("/admin/").context["rows"][0].face == "desk_answered"


def test_names_of_customers_stay_text(enter: Enter, reviewer: User) -> None:
    case(factories.customer("<script>alert(1)</script> 株式会社 هيئة"))
    content = enter(reviewer).get("/admin/").content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


# --- taking ---


def test_take_next_opens_the_case(enter: Enter, reviewer: User, waiting: Application) -> None:
    client = enter(reviewer)
    answer = client.post("/admin/queue/take-next/")
    assert answer.url == f"/admin/queue/{waiting.reference}/"
    waiting.refresh_from_db()
    assert waiting.assigned_to == reviewer
    assert client.post("/admin/queue/take-next/", follow=True).status_code == 200


def test_taking_needs_a_post_and_its_token(enter: Enter, reviewer: User, waiting: Application) -> None:
    client = enter(reviewer)
    client.handler.enforce_csrf_checks = True
    assert client.get("/admin/queue/take-next/").status_code == 405
    assert client.post("/admin/queue/take-next/").status_code == 403
    waiting.refresh_from_db()
    assert waiting.state == State.SUBMITTED


def test_a_case_is_claimed_from_its_row(enter: Enter, reviewer: User, waiting: Application) -> None:
    client = enter(reviewer)
    assert "Claim" in client.get("/admin/").content.decode()
    client.post(f"/admin/queue/{waiting.reference}/claim/", {"seen": waiting.state_changed_at.isoformat()})
    assert shown(client, lane="mine") == [waiting.reference]
