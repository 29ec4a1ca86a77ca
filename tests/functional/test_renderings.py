"""Each other rendering of a page: states on both sides of the desk, sections in error, results, lists, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.actions import application as draft_actions
from applications.actions import decision, review, submission
from applications.enums import Settlement, State
from applications.models import Application, Customer, Flag, JoinRequest, PolicyEdition, User
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome
from portal.accounts import enrol_totp
from tests import drafts, factories
from tests.cases import case
from tests.clock import Clock
from tests.functional.conftest import Complaints, looked_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock", "edition_row")]
Enter = Callable[..., None]
QUESTION = "Which desk is open at night? هل المكتب مفتوح ليلاً؟"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_answers_for_everybody(page: Page, site: str, complaints: Complaints) -> None:
    complaints.expect("404")
    check = reverse("check")
    for name, address in {
        "check-gated": f"{check}?capability=face.identification&customer=new",
        "check-grace": f"{check}?capability=face.identification&customer=existing",
        "check-open": f"{check}?capability=face.detection",
        "check-retired": f"{check}?capability=face.emotion",
        "check-found": f"{check}?q=identify",
        "check-nothing": f"{check}?q=zzzz",
        "verify": reverse("verify"),
        "absent": "/nothing-here/",
    }.items():
        page.goto(site + address)
        looked_at(page, f"public-{name}")
    for name, text in {
        "known": "UnsupportedFeature: missing approval for one or more of the following features: Verification.",
        "unknown": "Something else went wrong.",
        "secret": "Ocp-Apim-Subscription-Key: 0123456789abcdef0123456789abcdef InvalidFeature",
    }.items():
        page.goto(site + reverse("decode"))
        page.get_by_label("What the API answered").fill(text)
        page.get_by_role("button", name="Find the cause").click()
        looked_at(page, f"decode-{name}")


def test_sections_empty_and_in_error(
    page: Page, site: str, enter: Enter, owner: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    enter(owner)
    reference = drafts.draft(nordlys, owner, edition_row, {}).reference
    for code in ("organisation", "subscriptions", "need", "use-case", "people", "evidence", "attestations"):
        page.goto(site + reverse("application-section", args=[reference, code]))
        looked_at(page, f"section-{code}-empty")
    for code, field, typed in (
        ("organisation", "Your work e-mail address", "nobody at all"),
        ("subscriptions", "Subscription ids", "0123456789abcdef0123456789abcdef"),
        ("use-case", "What will it do, and why?", "Word. " * 2_000),
    ):
        page.goto(site + reverse("application-section", args=[reference, code]))
        page.get_by_label(field).fill(typed)
        page.get_by_role("button", name="Save and continue").click()
        expect(page.locator("#error-summary")).to_be_focused()
        looked_at(page, f"section-{code}-error")
    page.goto(site + reverse("application-check", args=[reference]))
    looked_at(page, "check-with-gaps")


class Case:
    """One application seen from both sides while it moves."""

    def __init__(self, of: Application, customer: Page, desk: Page, site: str) -> None:
        self.application, self.customer, self.desk, self.site = of, customer, desk, site

    def seen(self, name: str) -> None:
        reference = self.application.reference
        self.customer.goto(self.site + reverse("application-status", args=[reference]))
        looked_at(self.customer, f"status-{name}")
        self.desk.goto(f"{self.site}/admin/queue/{reference}/")
        looked_at(self.desk, f"case-{name}")


def test_states_of_an_application_on_both_sides(
    page: Page,
    another: Callable[..., Page],
    site: str,
    enter: Enter,
    clock: Clock,
    owner: User,
    nordlys: Customer,
    reviewer: User,
    second_reviewer: User,
    edition_row: PolicyEdition,
    edition: Edition,
) -> None:
    desk = another()
    enter(owner)
    enter(reviewer, desk.context)
    made = drafts.draft(nordlys, owner, edition_row, drafts.answers(people={"minors": "yes"}))
    submission.submit(application=made, edition=edition, by=owner, now=clock())
    both = Case(made, page, desk, site)
    both.seen("submitted")
    for name in ("application-submitted", "application-answers", "application-withdraw"):
        page.goto(site + reverse(name, args=[made.reference]))
        looked_at(page, name)
    review.claim(made, by=reviewer, now=clock.forward(hours=1))
    both.seen("in-review")
    review.request_information(
        made,
        question=QUESTION,
        sections=["people"],
        edition=edition,
        by=reviewer,
        now=clock.forward(hours=1),
    )
    both.seen("information")
    submission.respond(
        application=made, answer="The one at gate 4.", edition=edition, by=owner, now=clock.forward(hours=1)
    )
    Flag.objects.filter(application=made, settled_at=None).update(
        settlement=Settlement.STANDS, settled_at=clock(), settled_by=reviewer, note="Read."
    )
    items = made.items.order_by("capability")
    outcomes = {
        items[0].pk: ItemOutcome("approved"),
        items[1].pk: ItemOutcome("denied", reasons=("public-space",)),
    }
    words = "Thank you. شكراً"
    decision.recommend(made, outcomes=outcomes, words=words, edition=edition, by=reviewer, now=clock())
    both.seen("second-review")
    decision.decide(made, outcomes=outcomes, words=words, edition=edition, by=second_reviewer, now=clock())
    both.seen("decided-letter-waits")
    clock.forward(minutes=11)
    both.seen("decided")
    page.goto(site + reverse("access"))
    looked_at(page, "access-mixed", closely=True)


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.LAPSED])
def test_applications_that_ended_without_a_decision(
    page: Page,
    another: Callable[..., Page],
    site: str,
    enter: Enter,
    owner: User,
    nordlys: Customer,
    reviewer: User,
    state: State,
) -> None:
    desk = another()
    enter(owner)
    enter(reviewer, desk.context)
    made = case(nordlys, by=owner)
    if state == State.WITHDRAWN:
        draft_actions.withdraw(application=made, by=owner, now=factories.NOW)
    else:
        Application.objects.filter(pk=made.pk).update(state=state, closed_at=factories.NOW)
    Case(made, page, desk, site).seen(state.value)


def test_a_beginner_sees_what_to_do_first(
    page: Page, site: str, enter: Enter, owner: User, nordlys: Customer, edition_row: PolicyEdition
) -> None:
    enter(owner)
    for name in ("application-list", "access"):
        page.goto(site + reverse(name))
        looked_at(page, f"{name}-nothing")
    made = drafts.draft(nordlys, owner, edition_row)
    for name in ("application", "application-check", "application-discard"):
        page.goto(site + reverse(name, args=[made.reference]))
        looked_at(page, f"{name}-whole")
    nobody = factories.person("mira@keystone.example", "Mira Solheim")
    enter(nobody)
    for name in ("organisation", "access", "application-list"):
        page.goto(site + reverse(name))
        looked_at(page, f"nobody-{name}")


def test_second_factor_and_leaving(page: Page, site: str, enter: Enter, owner: User) -> None:
    enrol_totp(owner, SECRET)
    enter(owner)
    for name in (
        "mfa_index",
        "mfa_deactivate_totp",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "account_logout",
    ):
        page.goto(site + reverse(name))
        looked_at(page, f"account-{name}")


@pytest.mark.parametrize(("who", "full"), [("lead", False), ("lead", True), ("operator", True)])
def test_what_each_desk_leads_to(
    page: Page,
    site: str,
    enter: Enter,
    request: pytest.FixtureRequest,
    nordlys: Customer,
    owner: User,
    who: str,
    full: bool,
) -> None:
    """Every page of the sidebar, whichever it comes to hold."""
    if full:
        for number in range(3):
            case(nordlys, by=owner, flags=["minors"] if number else [])
        JoinRequest.objects.create(
            customer=factories.customer("株式会社みなと放送アーカイブ"),
            user=factories.person("mira@minato.example", "山田 太郎"),
            requested_at=factories.NOW,
        )
    enter(request.getfixturevalue(who))
    page.goto(f"{site}/admin/")
    links = page.locator("nav.desk-nav a").evaluate_all("all => all.map(link => link.pathname + link.search)")
    assert links
    for address in dict.fromkeys(["/admin/", *links]):
        page.goto(site + address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        looked_at(page, f"desk-{who}-{'full' if full else 'empty'}{re.sub('[^a-z]', '-', address)}")
