"""Every promise of a letter has its page: appeal, renewal, amendment, another try, more time (P9, P10)."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.urls import reverse

from applications.actions import submission
from applications.enums import ExtensionReason, Kind, State
from applications.models import AccessGrant, Application, OutboundMessage, TimeRequest
from tests import drafts, factories
from tests.cases import APPROVED, DENIED, attested, case, judged
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
LETTER = NOW + timedelta(minutes=10)
END = datetime(2025, 5, 16, tzinfo=UTC)
DAY = timedelta(days=1)
WAYS = ("appeal", "renew", "change", "apply-again")


@pytest.fixture
def asked(nordlys, owner, edition_row, edition):
    draft = drafts.draft(nordlys, owner, edition_row)
    return submission.submit(application=draft, edition=edition, by=owner, now=NOW)


@pytest.fixture
def denied(asked, reviewer, clock):
    judged(asked, reviewer, DENIED)
    clock.set(LETTER)
    return asked


@pytest.fixture
def approved(asked, reviewer, clock):
    judged(asked, reviewer, APPROVED)
    clock.set(END - 30 * DAY)
    return asked


def at(name, application):
    return reverse(f"application-{name}", args=[application.reference])


def text(response):
    return " ".join(unescape(response.content.decode()).split())


def follower(application):
    return Application.objects.get(previous=application)


def test_a_denial_leads_to_an_appeal_that_somebody_else_gets(
    sign_in, owner, denied, edition, reviewer, second_reviewer
):
    client = sign_in(owner)
    assert at("appeal", denied) in text(client.get(at("status", denied)))
    assert at("appeal", denied) in text(client.get(reverse("application-list")))
    page = text(client.get(at("appeal", denied)))
    assert "Submit it by the end of 14 June 2023 (Europe/Copenhagen)." in page
    empty = client.post(at("appeal", denied), {"grounds": " \n"})
    assert (empty.status_code, denied.followers.count()) == (400, 0)
    odd = "Not a public space \U0001f6ab\u202e <b>" + "x" * 4000
    first = client.post(at("appeal", denied), {"grounds": odd})
    appeal = follower(denied)
    assert first.url == reverse("application", args=[appeal.reference])
    assert client.post(at("appeal", denied), {"grounds": odd}).url == first.url
    draft = text(client.get(first.url))
    assert "Appeal about Identification" in draft
    assert denied.reference in draft
    kept = text(client.get(at("appeal", appeal)))
    assert "Not a public space \U0001f6ab &lt;b&gt;" in client.get(at("appeal", appeal)).content.decode()
    assert 'name="version" value="1"' in kept
    too_long = client.post(at("appeal", appeal), {"grounds": "y" * 100_000, "version": "1"})
    assert "Shorten it" in text(too_long)
    client.post(at("appeal", appeal), {"grounds": "It is a hall.", "version": "1"})
    stale = client.post(at("appeal", appeal), {"grounds": "Mine", "version": "1"})
    assert stale.status_code == 409
    assert "It is a hall." in text(stale)
    assert ">\nMine</textarea>" in stale.content.decode()
    attested(appeal, owner, LETTER)
    assert "It is a hall." in text(client.get(at("check", appeal)))
    client.post(at("check", appeal))
    assert "It is a hall." in text(client.get(at("answers", appeal)))
    assert client.get(at("answers-pdf", appeal)).status_code == 200
    lane = reverse("admin:index") + "?lane=appeals"
    assert appeal.reference in text(sign_in(reviewer).get(lane))
    claim = reverse("admin:case-claim", args=[appeal.reference])
    assert "Another reviewer has to take it" in text(client.post(claim, {"seen": LETTER.isoformat()}))
    sign_in(second_reviewer).post(claim, {"seen": LETTER.isoformat()})
    assert Application.objects.get(pk=appeal.pk).assigned_to == second_reviewer


def test_a_letter_that_waits_and_a_last_day_that_is_over_say_so(sign_in, owner, denied, clock):
    client = sign_in(owner)
    clock.set(LETTER - timedelta.resolution)
    assert "The letter has not gone out yet" in text(client.get(at("appeal", denied)))
    clock.set(datetime(2023, 6, 14, 22, tzinfo=UTC))
    page = client.get(at("appeal", denied))
    assert "The last day was 14 June 2023 (Europe/Copenhagen)." in text(page)
    assert '<form method="post" novalidate>' not in page.content.decode()
    refused = client.post(at("appeal", denied), {"grounds": "Late"}, follow=True)
    assert "The last day was 14 June 2023" in text(refused)
    assert not denied.followers.exists()


def test_a_renewal_begins_from_access_page_list_and_letter_and_holds_the_end(
    sign_in, owner, approved, edition, clock
):
    client = sign_in(owner)
    for page in (reverse("access"), reverse("application-list"), at("status", approved)):
        assert at("renew", approved) in text(client.get(page))
    page = text(client.get(at("renew", approved)))
    assert "Submitted by 17 April 2025 (Europe/Copenhagen), what you have goes on until we decide" in page
    first, again = (client.post(at("renew", approved)).url for _click in range(2))
    renewal = follower(approved)
    assert (first, again) == (reverse("application", args=[renewal.reference]),) * 2
    assert "It is begun already" in text(client.get(at("renew", approved)))
    attested(renewal, owner, END - 30 * DAY)
    client.post(at("check", renewal))
    held = AccessGrant.objects.filter(extension_reason=ExtensionReason.RENEWAL)
    assert set(held.values_list("ends_at", flat=True)) == {END + 60 * DAY}
    clock.set(END)
    assert "Extended" in text(client.get(reverse("access")))
    assert "let go at once" in text(client.get(at("withdraw", renewal)))
    client.post(at("withdraw", renewal))
    assert set(held.values_list("ends_at", flat=True)) == {END}
    assert at("renew", approved) in text(client.get(reverse("access")))


@pytest.mark.parametrize("outcome", [APPROVED, DENIED])
def test_the_status_of_a_decided_case_takes_few_statements(
    sign_in, owner, asked, reviewer, clock, outcome, django_assert_max_num_queries
):
    judged(asked, reviewer, outcome)
    clock.set(LETTER)
    client = sign_in(owner)
    client.get(at("status", asked))
    with django_assert_max_num_queries(12):
        assert "What you can do next" in text(client.get(at("status", asked)))


@pytest.mark.parametrize("count", [1, 9])
def test_the_list_takes_as_many_statements_for_many_decided(
    sign_in, owner, nordlys, edition_row, reviewer, clock, count, django_assert_num_queries
):
    for number in range(count):
        outcome = DENIED if number % 2 else APPROVED
        judged(case(nordlys, by=owner), reviewer, outcome)
    clock.set(LETTER)
    client = sign_in(owner)
    client.get(reverse("application-list"))
    with django_assert_num_queries(8):
        page = text(client.get(reverse("application-list")))
    assert page.count("state-note") == count


def test_too_early_a_renewal_says_from_when_on(sign_in, owner, approved, clock):
    clock.set(END - 271 * DAY)
    client = sign_in(owner)
    assert "It is open from 19 August 2024 (Europe/Copenhagen) on." in text(client.get(at("renew", approved)))
    assert at("renew", approved) not in text(client.get(reverse("access")))


def test_an_amendment_begins_with_the_answers(sign_in, owner, approved):
    client = sign_in(owner)
    assert client.post(at("change", approved), follow=True).status_code == 200
    amendment = follower(approved)
    assert amendment.kind == Kind.AMENDMENT
    assert "All of this is approved already" in text(client.get(at("check", amendment)))


def test_another_try_is_prefilled(sign_in, owner, denied):
    client = sign_in(owner)
    assert at("apply-again", denied) in text(client.get(at("status", denied)))
    client.post(at("apply-again", denied))
    again = follower(denied)
    assert (again.kind, again.state) == (Kind.INITIAL, State.DRAFT)
    assert "Check-in kiosks" in text(client.get(at("check", again)))


@pytest.mark.parametrize("way", WAYS)
def test_viewers_read_and_strangers_find_nothing(client, sign_in, viewer, stranger, denied, way):
    sign_in(viewer)
    assert "An owner or editor" in text(client.get(at(way, denied))) or way in ("renew", "change")
    client.post(at(way, denied), {"grounds": "Why not"})
    sign_in(stranger)
    absent = client.get(at(way, denied).replace(denied.reference, "LA-AAAA-AAAA"))
    for method in (client.get, client.post):
        foreign = method(at(way, denied))
        assert (foreign.status_code, absent.status_code) == (404, 404)
    client.logout()
    assert client.get(at(way, denied)).url.startswith(reverse("account_login"))
    assert not denied.followers.exists()


# --- more time ---


@pytest.fixture
def ending(nordlys, edition_row):
    """A right of the grace year that ends on 30 June 2023."""
    return factories.grace(factories.subscription(nordlys, "Kiosks"), "face.identification")


def ask(client, ending, **more):
    return client.post(
        reverse("more-time"), {"ends": ending.ends_at.isoformat(), "reason": "Review runs", **more}
    )


def test_more_time_is_asked_proposed_by_one_agreed_by_another_and_seen(
    client, sign_in, owner, colleague, ending, lead, operator, reviewer
):
    sign_in(owner)
    assert "30 June 2023: Identification" in text(client.get(reverse("more-time")))
    assert ask(client, ending, reason="\u200b").status_code == 400
    assert ask(client, ending, ends="2030-01-01T00:00:00+00:00").status_code == 400
    for person in (owner, colleague):
        assert ask(sign_in(person), ending).status_code == 302
    asked = TimeRequest.objects.get()
    assert "With us" in text(client.get(reverse("more-time")))
    here = reverse("admin:time-request", args=[asked.pk])
    propose = reverse("admin:time-propose", args=[asked.pk])
    given = {"until": "2023-07-31", "reason": "Their case is with us"}
    assert sign_in(reviewer).post(propose, given).status_code == 403
    sign_in(operator)
    assert here in text(client.get(reverse("admin:rights")))
    assert "Review runs" in text(client.get(here))
    assert client.post(propose, given | {"until": "2023-06-01"}).status_code == 400
    assert client.post(propose, given).url == reverse("admin:rights")
    assert client.post(propose, given).status_code == 404
    asked.refresh_from_db()
    assert "A second person looks at it" in text(sign_in(owner).get(reverse("more-time")))
    answer = reverse("admin:rights-answer", args=[asked.proposal_id])
    sign_in(lead).post(answer, {"agree": "1"})
    extension = AccessGrant.objects.get(extension_reason=ExtensionReason.CUSTOMER)
    assert (extension.starts_at, extension.ends_at) == (ending.ends_at, datetime(2023, 8, 1, tzinfo=UTC))
    assert ">31 July 2023</time>" in text(sign_in(owner).get(reverse("more-time")))


def test_a_declined_request_is_answered_and_may_be_asked_anew(client, sign_in, owner, ending, operator):
    ask(sign_in(owner), ending)
    decline = reverse("admin:time-decline", args=[TimeRequest.objects.get().pk])
    sign_in(operator)
    assert client.post(decline, {"answer": ""}).status_code == 400
    assert client.post(decline, {"answer": "Apply first, then ask."}).status_code == 302
    sign_in(owner)
    assert "Apply first, then ask." in text(client.get(reverse("more-time")))
    assert OutboundMessage.objects.filter(key__startswith="time-declined:", user=owner).exists()
    assert ask(client, ending).status_code == 302
    assert TimeRequest.objects.count() == 2


def test_during_an_appeal_time_may_be_asked_after_the_end_within_the_limit_for_appeals(
    client, sign_in, owner, viewer, stranger, denied, ending, operator, clock
):
    clock.set(ending.ends_at)
    assert "Nothing of yours ends" in text(sign_in(owner).get(reverse("more-time")))
    Application.objects.create(
        reference="LA-APPE-0001",
        customer=denied.customer,
        kind=Kind.APPEAL,
        previous=denied,
        state=State.SUBMITTED,
        edition=denied.edition,
        **dict.fromkeys(("state_changed_at", "created_at", "saved_at", "submitted_at"), LETTER),
    )
    assert ask(sign_in(viewer), ending).status_code == 400
    assert ask(sign_in(stranger), ending).status_code == 400
    assert not TimeRequest.objects.exists()
    ask(sign_in(owner), ending)
    asked = TimeRequest.objects.get()
    assert asked.extension_reason == ExtensionReason.APPEAL
    sign_in(operator)
    propose = reverse("admin:time-propose", args=[asked.pk])
    days = {"2023-08-30": 400, "2023-08-29": 302}
    said = {day: client.post(propose, {"until": day, "reason": "Appeal"}).status_code for day in days}
    assert said == days
