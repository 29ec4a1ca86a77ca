"""Submitting and what comes after, through the pages: once, frozen, explained, and nothing of others revealed."""

import re
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connections
from django.urls import reverse

from applications import exceptions
from applications.actions import submission
from applications.enums import MessageKind, Outcome, Risk, State
from applications.jobs.delivery import deliver
from applications.models import (
    Application,
    AuditEvent,
    Flag,
    InformationRequest,
    OutboundMessage,
    RequestedCapability,
    Submission,
    Subscription,
)
from applications.rules import answers as said
from tests import drafts, factories
from tests.drafts import KIOSKS, posted
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def at(name, application):
    return reverse(name, args=[application.reference])


@pytest.fixture
def whole(nordlys, owner, edition_row):
    return drafts.draft(nordlys, owner, edition_row)


@pytest.fixture
def submitted(whole, owner, edition):
    return submission.submit(application=whole, edition=edition, by=owner, now=NOW)


@pytest.fixture
def asked(submitted, reviewer):
    """A reviewer took the case and asks about two sections."""
    later = NOW + timedelta(days=1)
    Application.objects.filter(pk=submitted.pk).update(
        state=State.INFORMATION_REQUESTED, assigned_to=reviewer, assigned_at=later, paused_at=later
    )
    InformationRequest.objects.create(
        application=submitted,
        question="Which desk is open at night?",
        sections=["people"],
        asked_at=later,
        asked_by=reviewer,
        due_at=later + timedelta(days=14),
    )
    submitted.refresh_from_db()
    return submitted


def test_submitting_leads_to_the_confirmation_with_reference_and_date(sign_in, owner, whole):
    client = sign_in(owner)
    answer = client.post(at("application-check", whole), follow=True)
    assert answer.redirect_chain == [(at("application-submitted", whole), 302)]
    shown = text_of(answer)
    assert whole.reference in shown
    assert "By 30 May 2023, 23:59 UTC" in shown


def test_submitting_fixes_answers_items_and_subscription(submitted, nordlys, owner, edition):
    frozen = Submission.objects.get()
    assert frozen.answers["people"]["deployment-countries"] == "Denmark"
    assert frozen.digest == said.digest(frozen.answers, frozen.salt)
    known = Subscription.objects.get()
    assert (str(known.guid), known.customer, known.label) == (KIOSKS, nordlys, "Check-in kiosks")
    items = set(RequestedCapability.objects.values_list("capability", "use_case", "outcome"))
    assert items == {("face.identification", "FC3", ""), ("face.liveness", "FC3", "")}
    assert (submitted.state, submitted.submitted_by_id) == (State.SUBMITTED, owner.pk)
    assert submitted.target_at == datetime(2023, 5, 31, tzinfo=UTC)
    assert submitted.urgent_at == submitted.target_at
    assert "nordlys airports a s" in submitted.search_text
    assert AuditEvent.objects.filter(action="application.submit").count() == 1
    assert OutboundMessage.objects.get().kind == MessageKind.APPLICATION_SUBMITTED


def test_the_grace_end_of_the_customer_is_its_deadline(whole, owner, nordlys, edition):
    one = factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT})
    factories.grace(one, "face.identification")
    done = submission.submit(application=whole, edition=edition, by=owner, now=NOW)
    assert done.deadline_at == datetime(2023, 7, 1, tzinfo=UTC)


def test_submitting_again_is_the_same_answer_and_one_effect(sign_in, owner, whole):
    client = sign_in(owner)
    answers = [client.post(at("application-check", whole)).url for _ in range(2)]
    assert answers == [at("application-submitted", whole)] * 2
    assert Submission.objects.count() == 1
    assert OutboundMessage.objects.count() == 1


def test_submitting_takes_few_statements(whole, owner, edition, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        submission.submit(application=whole, edition=edition, by=owner, now=NOW)


def test_what_is_missing_is_said_and_linked(sign_in, owner, nordlys, edition_row):
    filled = drafts.answers() | {"people": {}}
    application = drafts.draft(nordlys, owner, edition_row, filled)
    answer = sign_in(owner).post(at("application-check", application))
    section = reverse("application-section", args=[application.reference, "people"])
    shown = answer.content.decode()
    assert "answers are needed before you can submit" in shown
    assert f'href="{section}?from=check#div_id_notice"' in shown
    assert "<title>Error:" in shown
    application.refresh_from_db()
    assert application.state == State.DRAFT


@pytest.mark.parametrize(
    ("sections", "question", "says"),
    [
        ({"use_case": {"use-cases": ["FC1"]}}, "use-cases", "No use case is chosen for Identification"),
        ({"use_case": {"use-cases": ["FG5"]}}, "use-cases", "No use case is chosen for"),
        (
            {"need": {"capabilities": ["face.face-id"]}},
            "capabilities",
            "comes only with an approval of another",
        ),
        ({"attestations": {"attest-duties": ""}}, "attest-duties", "Answer this question."),
    ],
)
def test_answers_that_do_not_fit_are_refused_at_their_question(
    nordlys, owner, edition_row, edition, sections, question, says
):
    application = drafts.draft(nordlys, owner, edition_row, drafts.answers(**sections))
    with pytest.raises(exceptions.InvalidInput) as refused:
        submission.submit(application=application, edition=edition, by=owner, now=NOW)
    assert says in refused.value.errors[question]
    assert not Submission.objects.exists()
    assert not Subscription.objects.exists()


def test_an_open_capability_beside_a_gated_one_is_answered_at_once(nordlys, owner, edition_row, edition):
    need = {"capabilities": ["face.identification", "face.detection", "face.emotion", "face.find-similar"]}
    application = drafts.draft(nordlys, owner, edition_row, drafts.answers(need=need))
    submission.submit(application=application, edition=edition, by=owner, now=NOW)
    items = {item.capability: item for item in RequestedCapability.objects.all()}
    assert {code: item.outcome for code, item in items.items()} == {
        "face.identification": "",
        "face.detection": Outcome.NOT_NEEDED,
        "face.emotion": Outcome.RETIRED,
    }
    assert items["face.detection"].closed_at == NOW


def test_a_use_that_is_not_listed_is_an_enquiry(nordlys, owner, edition_row, edition):
    filled = drafts.answers(use_case={"use-cases": [said.UNLISTED]})
    application = drafts.draft(nordlys, owner, edition_row, filled)
    submission.submit(application=application, edition=edition, by=owner, now=NOW)
    assert application.policy_review
    assert set(RequestedCapability.objects.values_list("use_case", flat=True)) == {""}


def test_a_subscription_of_another_customer_is_flagged_and_reveals_nothing(
    sign_in, owner, nordlys, edition_row, other_customer
):
    nameless = {"subscription-ids": [KIOSKS], "subscription-ids.names": {}}
    whole = drafts.draft(nordlys, owner, edition_row, drafts.answers(subscriptions=nameless))
    theirs = factories.subscription(other_customer, "Secret name", guid=KIOSKS)
    client = sign_in(owner)
    pages = [
        client.get(at("application-check", whole)),
        client.post(at("application-check", whole), follow=True),
    ]
    pages += [client.get(at("application-status", whole)), client.get(reverse("access"))]
    shown = " ".join(text_of(page) for page in pages)
    assert "Secret name" not in shown
    assert other_customer.name not in shown
    assert said.HELD_ELSEWHERE not in shown
    theirs.refresh_from_db()
    assert (theirs.customer, theirs.label) == (other_customer, "Secret name")
    flag = Flag.objects.get(rule=said.HELD_ELSEWHERE)
    assert flag.application == whole
    assert RequestedCapability.objects.filter(subscription=theirs, customer=whole.customer).count() == 2
    whole.refresh_from_db()
    assert whole.risk == Risk.HIGH


def test_a_foreign_claim_looks_like_an_unknown_subscription(
    sign_in, owner, nordlys, other_customer, edition_row, edition
):
    """Own pages of two claims, of one that another customer holds and of one that nobody held, are the same."""
    one = factories.subscription(
        other_customer, "Secret name", guid=KIOSKS, used={"face": factories.BEFORE_THE_CUT}
    )
    factories.right(one, "face.identification")
    factories.grace(one, "face.verification")
    client, seen = sign_in(owner), []
    for guid in (KIOSKS, drafts.GATES):
        ids = {"subscription-ids": [guid], "subscription-ids.names": {guid: "Mine"}}
        application = drafts.draft(nordlys, owner, edition_row, drafts.answers(subscriptions=ids))
        submission.submit(application=application, edition=edition, by=owner, now=NOW)
        query = f"?subscription={guid}&capability=face.verification"
        pages = [
            client.get(at("application-status", application)),
            client.get(at("application-answers", application)),
            client.get(reverse("access") + query),
        ]
        shown = " ".join(text_of(page) for page in pages)
        for word in (
            *guid.split("-"),
            guid,
            application.reference,
            application.submissions.get().digest,
        ):
            shown = shown.replace(word, "…")
        seen.append(re.sub(r"\s+", " ", shown))
        application.items.all().delete()
        application.submissions.all().delete()
        Flag.objects.all().delete()
        Application.objects.filter(pk=application.pk).update(state=State.WITHDRAWN, closed_at=NOW)
        Subscription.objects.filter(guid=drafts.GATES).delete()
    assert "Secret name" not in seen[0]
    assert seen[0] == seen[1]


def test_asking_for_the_same_twice_names_the_other_application(
    sign_in, owner, nordlys, edition_row, submitted
):
    again = drafts.draft(nordlys, owner, edition_row)
    answer = sign_in(owner).post(at("application-check", again))
    assert f"is asked for already in {submitted.reference}" in text_of(answer)
    again.refresh_from_db()
    assert again.state == State.DRAFT


def test_an_owner_with_free_mail_alone_adds_an_address_first(sign_in, whole, owner):
    EmailAddress.objects.filter(user=owner).update(email="henrik@gmail.com")
    answer = sign_in(owner).post(at("application-check", whole))
    assert "Only an address of your organisation may submit." in text_of(answer)
    assert not Submission.objects.exists()


def test_an_editor_cannot_submit(sign_in, colleague, whole):
    client = sign_in(colleague)
    assert "Only an owner of your organisation can submit." in text_of(
        client.get(at("application-check", whole))
    )
    answer = client.post(at("application-check", whole))
    assert "Your role in this organisation does not allow this." in text_of(answer)
    assert not Submission.objects.exists()


def test_answers_stay_fixed_after_submitting(sign_in, owner, submitted):
    section = reverse("application-section", args=[submitted.reference, "people"])
    client = sign_in(owner)
    answer = client.post(section, {"version": 1, "deployment-countries": "Norway"})
    assert answer.status_code == 409
    assert "Norway" in text_of(answer)
    assert submitted.sections.get(code="people").answers["deployment-countries"] == "Denmark"


def test_the_status_page_says_who_has_the_ball_and_how_far_the_clock_is(sign_in, owner, submitted, clock):
    clock.set(datetime(2023, 5, 18, 9, 0, tzinfo=UTC))
    shown = text_of(sign_in(owner).get(at("application-status", submitted)))
    assert "The ball is with us" in shown
    assert "Business day 3 of 10" in shown
    assert "We answer by 30 May 2023" in shown
    assert "You submitted 15 May 2023, 14:40 UTC , Henrik Aagaard" in shown


@pytest.mark.parametrize("count", [1, 20])
def test_submitting_takes_the_same_statements_for_any_number(
    sign_in, owner, nordlys, edition_row, django_assert_num_queries, count
):
    """New and held subscriptions, what is settled at once, and flags."""
    guids = [str(uuid.uuid4()) for _ in range(count)]
    for guid in guids[1:]:
        factories.subscription(nordlys, "Gate", guid=guid, used={"face": factories.BEFORE_THE_CUT})
    made = drafts.draft(
        nordlys,
        owner,
        edition_row,
        drafts.answers(
            subscriptions={"subscription-ids": guids, "subscription-ids.names": {}},
            need={"capabilities": ["face.identification", "face.liveness", "face.detection"]},
            people={"minors": "yes"},
        ),
    )
    client = sign_in(owner)
    with django_assert_num_queries(20):
        assert client.post(at("application-check", made)).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.items.count(), made.flags.exists()) == (State.SUBMITTED, 3 * count, True)


def test_the_notice_of_receipt_goes_to_every_owner(submitted, nordlys, owner, mailoutbox):
    other = factories.member(nordlys, factories.person("second@nordlys.example"))
    deliver(NOW)
    assert sorted(mail.to[0] for mail in mailoutbox) == [owner.email, other.email]


@pytest.mark.parametrize("count", [1, 6])
def test_the_status_page_takes_the_same_statements_for_any_number(
    sign_in, owner, submitted, django_assert_num_queries, count
):
    for number in range(count):
        submitted.notes.create(author=owner, body=f"Line {number}", written_at=NOW)
    client = sign_in(owner)
    with django_assert_num_queries(12):
        assert client.get(at("application-status", submitted)).status_code == 200


def test_notes_between_staff_and_names_of_staff_stay_inside(sign_in, owner, asked, reviewer):
    asked.notes.create(author=reviewer, internal=True, body="canary-internal", written_at=NOW)
    asked.notes.create(author=reviewer, body="Please look.", written_at=NOW)
    shown = sign_in(owner).get(at("application-status", asked)).content.decode()
    assert "Please look." in shown
    assert "canary-internal" not in shown
    assert reviewer.name not in shown
    assert reviewer.email not in shown


def test_answering_freezes_anew_and_the_clock_runs_on(sign_in, colleague, asked, clock):
    clock.set(NOW + timedelta(days=8))
    client = sign_in(colleague)
    section = reverse("application-section", args=[asked.reference, "people"])
    new = drafts.ANSWERS["people"] | {"deployment-countries": "Denmark and Norway"}
    assert client.post(section, posted("people", new, version=1)).status_code == 302
    fixed = client.get(reverse("application-section", args=[asked.reference, "need"]), follow=True)
    assert "is not about that section" in text_of(fixed)
    client.post(reverse("application-section", args=[asked.reference, "need"]), {"version": 1})
    assert asked.sections.get(code="need").answers == drafts.ANSWERS["need"]
    answer = client.post(
        at("application-status", asked), {"what": "answer", "answer-body": "The one at gate A."}
    )
    assert answer.status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.paused_at) == (State.IN_REVIEW, None)
    assert asked.target_at == datetime(2023, 6, 7, tzinfo=UTC)  # nine business days were left on 23 May
    latest = Submission.objects.latest("number")
    assert (latest.number, latest.answers["people"]["deployment-countries"]) == (2, "Denmark and Norway")
    question = InformationRequest.objects.get()
    assert (question.answer, question.answered_by) == ("The one at gate A.", colleague)


@pytest.mark.parametrize(("minutes", "told"), [(9, False), (10, True)])
def test_a_denial_is_told_with_its_letter(sign_in, owner, submitted, reviewer, edition, clock, minutes, told):
    """A decision can be taken back for ten minutes: until then only what was approved is shown."""
    reason = next(iter(edition.reasons))
    Application.objects.filter(pk=submitted.pk).update(state=State.DECIDED, closed_at=NOW)
    submitted.decisions.create(
        outcomes={},
        letter="The letter.",
        decided_at=NOW,
        decided_by=reviewer,
        letter_due_at=NOW + timedelta(minutes=10),
    )
    submitted.items.filter(capability="face.identification").update(outcome=Outcome.APPROVED, closed_at=NOW)
    denied = submitted.items.filter(capability="face.liveness")
    denied.update(outcome=Outcome.DENIED, reasons=[reason], closed_at=NOW)
    clock.set(NOW + timedelta(minutes=minutes))
    shown = text_of(sign_in(owner).get(at("application-status", submitted)))
    assert "Approved" in shown
    for words in (
        "Denied",
        "The letter.",
        str(edition.reasons[reason].text),
        str(edition.reasons[reason].cure),
    ):
        assert (words in shown) is told
    assert ("The letter with all reasons follows at" in shown) is not told


def test_an_empty_answer_or_message_is_refused_at_its_field(sign_in, owner, asked):
    client = sign_in(owner)
    for what in ("answer", "message"):
        answer = client.post(at("application-status", asked), {"what": what, f"{what}-body": " \n"})
        assert answer.status_code == 200
        assert f'href="#id_{what}-body"' in answer.content.decode()


def test_a_message_that_is_sent_twice_is_one(sign_in, owner, submitted):
    client = sign_in(owner)
    for _ in range(2):
        client.post(
            at("application-status", submitted), {"what": "message", "message-body": "Hello\x00 there"}
        )
    assert [note.body for note in submitted.notes.all()] == ["Hello there"]
    assert AuditEvent.objects.filter(action="application.message").count() == 1


def test_withdrawing_closes_what_was_asked(sign_in, owner, submitted):
    client = sign_in(owner)
    assert "Withdraw this application?" in text_of(client.get(at("application-withdraw", submitted)))
    client.post(at("application-withdraw", submitted))
    client.post(at("application-withdraw", submitted))
    submitted.refresh_from_db()
    assert submitted.state == State.WITHDRAWN
    assert not RequestedCapability.objects.filter(closed_at__isnull=True).exists()
    assert AuditEvent.objects.filter(action="application.withdraw").count() == 1
    assert "You withdrew this application" in text_of(client.get(at("application-status", submitted)))


def test_a_colleague_cannot_withdraw(sign_in, colleague, submitted):
    answer = sign_in(colleague).post(at("application-withdraw", submitted), follow=True)
    assert "Your role in this organisation does not allow this." in text_of(answer)
    submitted.refresh_from_db()
    assert submitted.state == State.SUBMITTED


@pytest.mark.django_db(transaction=True)
def test_submitting_at_once_from_two_tabs_is_one_submission(whole, owner, edition):
    barrier, answers = threading.Barrier(4), []

    def submit():
        try:
            mine = Application.objects.select_related("customer").get(pk=whole.pk)
            barrier.wait(timeout=20)
            answers.append(submission.submit(application=mine, edition=edition, by=owner, now=NOW).reference)
        except Exception as error:  # the test looks at every answer
            answers.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [whole.reference] * 4
    assert Submission.objects.count() == 1
    assert RequestedCapability.objects.count() == 2
    assert OutboundMessage.objects.count() == 1
    assert AuditEvent.objects.filter(action="application.submit").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_drafts_that_ask_the_same_at_once_one_is_told(whole, owner, nordlys, edition_row, edition):
    twin = drafts.draft(nordlys, owner, edition_row)
    barrier, answers = threading.Barrier(2), []

    def submit(reference):
        try:
            mine = Application.objects.select_related("customer").get(reference=reference)
            barrier.wait(timeout=20)
            answers.append(submission.submit(application=mine, edition=edition, by=owner, now=NOW).state)
        except exceptions.InvalidInput as error:
            answers.append(next(iter(error.errors)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=submit, args=(one.reference,)) for one in (whole, twin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["submitted", "subscription-ids"]
    assert Submission.objects.count() == 1
