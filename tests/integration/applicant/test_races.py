"""P4 with real threads: what was acknowledged is stored once, and nothing slips between saving and submitting."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from applications import exceptions
from applications.actions import application as act
from applications.actions import submission
from applications.enums import State
from applications.models import Application, AuditEvent, Flag, InformationRequest, Submission, Subscription
from applications.rules import answers as said
from tests import drafts
from tests.drafts import ANSWERS
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def at_once(*steps):
    """Run the steps in threads that start together; each answers or gives the error it raised."""
    barrier, answers = threading.Barrier(len(steps)), [None] * len(steps)

    def run(place, step):
        try:
            barrier.wait(timeout=20)
            answers[place] = step()
        except Exception as error:  # the test looks at every answer
            answers[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def fresh(application):
    return Application.objects.select_related("customer").get(pk=application.pk)


def save(application, by, edition, countries, version=1):
    return act.save_section(
        application=fresh(application),
        section="people",
        answers=ANSWERS["people"] | {"deployment-countries": countries},
        version=version,
        edition=edition,
        by=by,
        now=NOW,
    )


def test_a_section_saved_while_submitting_is_frozen_or_refused(
    nordlys, owner, colleague, edition_row, edition
):
    for number in range(ROUNDS):
        guid = f"7b1e4c02-9d3a-4f65-8e21-0c6a5d9f3b{number:02x}"
        ids = {"subscription-ids": [guid], "subscription-ids.names": {}}
        draft = drafts.draft(nordlys, owner, edition_row, drafts.answers(subscriptions=ids))
        saved, submitted = at_once(
            lambda draft=draft: save(draft, colleague, edition, "Norway"),
            lambda draft=draft: submission.submit(
                application=fresh(draft), edition=edition, by=owner, now=NOW
            ),
        )
        assert submitted.state == State.SUBMITTED
        frozen = draft.submissions.get().answers["people"]["deployment-countries"]
        refused = isinstance(saved, exceptions.NotPossibleNow)
        assert frozen == ("Denmark" if refused else "Norway")


def test_of_two_who_save_at_once_one_is_shown_the_other(nordlys, owner, colleague, edition_row, edition):
    draft = drafts.draft(nordlys, owner, edition_row)
    for number in range(ROUNDS):
        version = number + 1
        answers = at_once(
            lambda version=version: save(draft, owner, edition, f"Norway {version}", version),
            lambda version=version: save(draft, colleague, edition, f"Sweden {version}", version),
        )
        lost = [one for one in answers if isinstance(one, exceptions.Conflict)]
        assert len(lost) == 1
        kept = draft.sections.get(code="people")
        assert kept.version == version + 1
        assert lost[0].what.answers == kept.answers


def test_a_first_save_by_two_at_once_is_no_error(nordlys, owner, colleague, edition_row, edition):
    draft = drafts.draft(nordlys, owner, edition_row, {})
    answers = at_once(
        lambda: save(draft, owner, edition, "Norway", 0), lambda: save(draft, colleague, edition, "Sweden", 0)
    )
    assert sorted(type(one).__name__ for one in answers) == ["Conflict", "Section"]


def test_of_two_customers_who_claim_one_subscription_at_once_one_holds_it(
    nordlys, owner, other_customer, stranger, edition_row, edition
):
    for number in range(ROUNDS):
        guid = f"dc4d27d9-ea49-4921-938f-7782a774e1{number:02x}"
        ids = {"subscription-ids": [guid], "subscription-ids.names": {}}
        claims = [
            drafts.draft(of, by, edition_row, drafts.answers(subscriptions=ids))
            for of, by in ((nordlys, owner), (other_customer, stranger))
        ]
        answers = at_once(
            *[
                lambda one=one, by=by: submission.submit(
                    application=fresh(one), edition=edition, by=by, now=NOW
                )
                for one, by in zip(claims, (owner, stranger), strict=True)
            ]
        )
        assert [one.state for one in answers] == [State.SUBMITTED] * 2
        holder = Subscription.objects.get(guid=guid).customer_id
        flagged = Flag.objects.filter(rule=said.HELD_ELSEWHERE, application__in=claims).get()
        assert flagged.application.customer_id != holder


def test_answering_twice_at_once_is_one_answer(nordlys, owner, reviewer, edition_row, edition):
    draft = drafts.draft(nordlys, owner, edition_row)
    submission.submit(application=draft, edition=edition, by=owner, now=NOW)
    Application.objects.filter(pk=draft.pk).update(
        state=State.INFORMATION_REQUESTED, assigned_to=reviewer, assigned_at=NOW, paused_at=NOW
    )
    InformationRequest.objects.create(
        application=draft, question="?", asked_at=NOW, asked_by=reviewer, due_at=NOW + timedelta(days=14)
    )

    def respond():
        return submission.respond(application=fresh(draft), answer="Yes.", edition=edition, by=owner, now=NOW)

    answers = at_once(respond, respond, respond)
    assert all(isinstance(one, Application) and one.state == State.IN_REVIEW for one in answers), answers
    assert Submission.objects.count() == 2
    assert AuditEvent.objects.filter(action="application.respond").count() == 1


def test_withdrawing_and_discarding_twice_at_once_is_one_effect(nordlys, owner, edition_row, edition):
    draft = drafts.draft(nordlys, owner, edition_row)
    gone = at_once(*[lambda: act.discard(application=fresh(draft), by=owner, now=NOW)] * 2)
    assert sum(one is None for one in gone) == 1
    assert AuditEvent.objects.filter(action="application.discard").count() == 1
