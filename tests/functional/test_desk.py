"""A reviewer's morning in a real browser: by mouse, by keyboard alone, and two people on one case."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from applications.actions import decision, finding
from applications.enums import ConditionState, Risk, Settlement, State
from applications.models import AccessGrant, Application, Condition, Customer, PolicyEdition, User
from applications.rules.review import ItemOutcome
from tests import factories
from tests.cases import case, flag, same_for_all
from tests.clock import Clock
from tests.factories import NOW
from tests.functional.conftest import Complaints, assert_accessible, assert_fits, looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen_clock", "edition_row")]
Enter = Callable[[User], None]


@pytest.fixture
def queue(nordlys: Customer, owner: User, edition_row: PolicyEdition) -> dict[str, Application]:
    """A few cases with names that are hard on a page."""
    end = factories.read_file().gates["facial-recognition"].grace_ends_at
    long = factories.customer(
        "Hafenlogistik Brandt & Söhne Verwaltungsgesellschaft mbH & Co. KGaA", country="DE"
    )
    arabic, japanese = (
        factories.customer("هيئة مطارات الخليج"),
        factories.customer("株式会社みなと放送アーカイブ"),
    )
    urgent = case(nordlys, by=owner, reference="LA-7F3K-92QD", risk=Risk.HIGH, deadline_at=end)
    flag(urgent, "minors")
    return {
        "urgent": urgent,
        "long": case(long, target_at=NOW + timedelta(days=3), deadline_at=end),
        "arabic": case(arabic, target_at=NOW - timedelta(days=1)),
        "japanese": case(japanese, asks=[("face.identification", "FC3"), ("face.liveness", "FC1")]),
    }


def test_a_morning_by_mouse(
    page: Page,
    site: str,
    enter: Enter,
    reviewer: User,
    queue: dict[str, Application],
    complaints: Complaints,
) -> None:
    complaints.expect("422")
    enter(reviewer)
    page.goto(site + "/admin/")
    expect(page.get_by_role("row")).to_have_count(5)
    looked_at(page, "desk-queue", closely=True)
    page.get_by_role("button", name="Take the next case").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nordlys Airports A/S")
    page.locator("summary", has_text="Settle this flag").click()
    page.get_by_role("radio", name="Does not apply").check()
    page.get_by_role("button", name="Note the finding").click()
    expect(page.get_by_role("alert")).to_contain_text("1 answer needs a change")
    looked_at(page, "desk-case-error")
    page.get_by_label("Why").fill("They travel with a guardian who agrees.")
    page.get_by_role("button", name="Note the finding").click()
    expect(page.get_by_text("Your finding is noted.")).to_be_visible()
    looked_at(page, "desk-case", closely=True)
    page.locator("summary", has_text="Write a message or a note").click()
    page.get_by_role("textbox", name="Message").fill("@lenabrandt is this one of those we spoke about?")
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_text("is this one of those")).to_be_visible()
    page.locator(".segmented label", has_text="Deny").click()
    expect(page.get_by_text("The use follows people persistently.")).to_be_visible()
    page.locator(".segmented label", has_text="With conditions").click()
    expect(page.get_by_text("The use follows people persistently.")).to_be_hidden()
    page.get_by_label("A retention schedule names").check()
    page.get_by_label("To the customer").fill("Mind the kiosks. مرحبا")
    page.get_by_role("button", name="See what you decide").click()
    expect(page.get_by_text("Grants 2 capabilities on 1 subscription")).to_be_visible()
    expect(page.get_by_text("Mind the kiosks. مرحبا")).to_be_visible()
    looked_at(page, "desk-decision", closely=True)
    page.get_by_role("button", name="Approve 1 item").click()
    expect(page.get_by_text("Decided by Rosa Keller")).to_be_visible()
    assert AccessGrant.objects.count() == 2
    expect(page.get_by_text("How to check: Ask for the schedule")).to_be_visible()
    looked_at(page, "desk-decided")


def test_a_lead_comes_back_to_mentions_and_conditions(
    page: Page,
    site: str,
    enter: Enter,
    reviewer: User,
    lead: User,
    nordlys: Customer,
    other_customer: Customer,
    owner: User,
    clock: Clock,
) -> None:
    """A view is kept, a mention read, a condition past its day settled, a precedent seen."""
    edition = factories.read_file()
    promised = case(other_customer, state=State.IN_REVIEW, holder=reviewer, reference="LA-0000-PR0M")
    outcome = ItemOutcome("approved_with_conditions", (), ("retention",))
    decision.decide(promised, outcomes=same_for_all(promised, outcome), edition=edition, by=reviewer, now=NOW)
    made = case(nordlys, by=owner, state=State.IN_REVIEW, holder=reviewer, reference="LA-8G4M-11AB")
    finding.note(made, body="@lenabrandt like LA-0000-PR0M?", internal=True, by=reviewer, now=NOW)
    clock.set(NOW + timedelta(days=61))
    enter(lead)
    page.goto(site + "/admin/?risk=0")
    page.locator("summary", has_text="Save this view").click()
    page.get_by_label("Name of this view").fill("Low risk, mine to give away")
    page.get_by_label("Other reviewers may use it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Low risk, mine to give away")).to_be_visible()
    looked_at(page, "desk-views", closely=True)
    page.wait_for_load_state()
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("lane=mentions"))
    page.get_by_role("link", name="Nordlys Airports A/S").click()
    expect(page.get_by_role("link", name="LA-0000-PR0M")).to_be_visible()
    looked_at(page, "desk-mentioned")
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_text("A note here mentions you.")).to_be_hidden()
    to_the_queue(page)
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("lane=conditions"))
    page.get_by_role("link", name="Banco del Sur").click()
    page.locator("summary", has_text="Say what became of it").click()
    page.get_by_role("radio", name="Met", exact=True).check()
    page.get_by_label("How you know").fill("They sent the schedule and a proof.")
    looked_at(page, "desk-condition", closely=True)
    page.get_by_role("button", name="Note the finding").click()
    expect(page.get_by_text("Your finding is noted.")).to_be_visible()
    assert Condition.objects.get().state == ConditionState.MET


def to_the_queue(page: Page) -> None:
    """By its key, until the queue listens to keys itself."""
    page.keyboard.press("q")
    expect(page).to_have_url(re.compile(r"/admin/$"))
    page.wait_for_load_state()


def test_a_morning_by_keyboard(
    page: Page, site: str, enter: Enter, reviewer: User, queue: dict[str, Application]
) -> None:
    enter(reviewer)
    page.goto(site + "/admin/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("tr.is-current")).to_contain_text("Nordlys")
    page.keyboard.press("j")
    expect(page.locator("tr.is-current")).to_contain_text("الخليج")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nordlys Airports A/S")
    page.keyboard.press("c")
    expect(page.get_by_text("Yours since")).to_be_visible()
    to_the_queue(page)
    page.keyboard.press("j")
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile("#decide$"))
    to_the_queue(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.get_by_text("The case is yours.")).to_be_visible()
    to_the_queue(page)
    page.keyboard.press("t")
    expect(page.get_by_text("is yours.")).to_be_visible()
    to_the_queue(page)
    page.keyboard.press("/")
    page.keyboard.type("みなと")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    page.goto(site + "/admin/")
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile("lane=mine"))


def test_a_case_is_claimed_and_decided_without_scripts(
    another: Callable[..., Page],
    site: str,
    enter: Callable[..., None],
    reviewer: User,
    queue: dict[str, Application],
) -> None:
    page = another(java_script_enabled=False)
    enter(reviewer, page.context)
    page.goto(f"{site}/admin/queue/{queue['urgent'].reference}/")
    page.get_by_role("button", name="Claim this case").click()
    expect(page.get_by_text("Yours since")).to_be_visible()
    page.locator("summary", has_text="Settle this flag").click()
    page.get_by_role("radio", name="Does not apply").check()
    page.get_by_label("Why").fill("They travel with a guardian who agrees.")
    page.get_by_role("button", name="Note the finding").click()
    page.locator(".segmented label", has_text="Approve").click()
    page.get_by_role("button", name="See what you decide").click()
    page.get_by_role("button", name="Approve 1 item").click()
    expect(page.get_by_text("Decided by Rosa Keller")).to_be_visible()
    assert AccessGrant.objects.exists()


def test_who_is_second_keeps_what_they_typed(
    page: Page,
    site: str,
    enter: Enter,
    reviewer: User,
    lead: User,
    owner: User,
    nordlys: Customer,
    complaints: Complaints,
) -> None:
    """P5 on the screen."""
    complaints.expect("409")
    made = case(nordlys, by=owner, state=State.IN_REVIEW, holder=reviewer)
    enter(reviewer)
    page.goto(f"{site}/admin/queue/{made.reference}/")
    page.locator(".segmented label", has_text="Approve").click()
    page.get_by_label("To the customer").fill("My careful words.")
    made.refresh_from_db()
    decided = same(made, lead)
    page.get_by_role("button", name="See what you decide").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Lena Brandt was faster.")
    expect(told).to_contain_text("My careful words.")
    looked_at(page, "desk-faster")
    assert made.decisions.get() == decided


def same(made: Application, lead: User) -> object:
    return decision.decide(made, outcomes=same_for_all(made), edition=factories.read_file(), by=lead, now=NOW)


def test_the_second_person_sees_the_first_ones_reasons(
    page: Page,
    site: str,
    enter: Enter,
    reviewer: User,
    second_reviewer: User,
    owner: User,
    nordlys: Customer,
) -> None:
    subscriptions = [factories.subscription(nordlys, f"Hall {number}") for number in range(6)]
    made = case(nordlys, by=owner, state=State.IN_REVIEW, holder=reviewer, subscriptions=subscriptions)
    flag(made, "minors", settled=Settlement.STANDS, by=reviewer)
    enter(reviewer)
    page.goto(f"{site}/admin/queue/{made.reference}/")
    looked_at(page, "desk-case-items")
    page.locator(".segmented label", has_text="Approve").first.click()
    page.get_by_label("To the second reviewer").fill("One-to-one, at their own request.")
    page.get_by_role("button", name="See what you recommend").click()
    page.get_by_role("button", name="Recommend this to a second person").click()
    expect(page.get_by_text("another person confirms it")).to_be_visible()
    enter(second_reviewer)
    page.goto(f"{site}/admin/queue/{made.reference}/")
    expect(page.get_by_text("One-to-one, at their own request.")).to_be_visible()
    looked_at(page, "desk-second", closely=True)
    page.get_by_role("button", name="Confirm exactly this").click()
    expect(page.get_by_text("Decided by Sam Okafor")).to_be_visible()
    assert AccessGrant.objects.count() == 12


def test_pages_of_the_desk_are_sound(
    page: Page,
    site: str,
    enter: Enter,
    operator: User,
    owner: User,
    nordlys: Customer,
    complaints: Complaints,
) -> None:
    complaints.expect("403")
    enter(operator)
    for name, address in (
        ("desk-operator", "/admin/"),
        ("desk-list", "/admin/applications/customer/"),
        ("desk-refused", "/admin/queue/LA-7F3K-92QD/"),
    ):
        page.goto(site + address)
        looked_at(page, name)
    # Without axe: it copies the sheet that Django's forms.css imports into the page, which our policy refuses.
    page.goto(f"{site}/admin/applications/customer/{nordlys.pk}/change/")
    assert_fits(page)
    enter(owner)
    page.goto(site + "/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("This part is for our reviewers")
    looked_at(page, "desk-customer")
