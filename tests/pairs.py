"""Two people act on one case in the same instant: every pair of acts, for the tests and for the fault runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections

from applications.actions import decision, review
from applications.actions.application import withdraw
from applications.enums import FlagEffect, Settlement, StaffRole, State
from applications.models import AccessGrant, Application, AuditEvent, Customer, Decision, PolicyEdition, User
from applications.rules.policy import Edition
from tests import factories
from tests.cases import APPROVED, DENIED, case, flag, same_for_all


@dataclass(frozen=True, slots=True)
class People:
    customer: Customer
    owner: User
    reviewer: User
    lead: User
    second: User
    row: PolicyEdition
    edition: Edition

    @classmethod
    def met(cls) -> People:
        customer = factories.customer(domain="nordlys.example")
        return cls(
            customer,
            factories.member(customer, factories.person("henrik@nordlys.example", "Henrik Aagaard")),
            factories.person("rosa@vendor.example", "Rosa Keller", staff_role=StaffRole.REVIEWER),
            factories.person("lena@vendor.example", "Lena Brandt", staff_role=StaffRole.LEAD),
            factories.person("sam@vendor.example", "Sam Okafor", staff_role=StaffRole.LEAD),
            factories.edition_row_in_force(),
            factories.read_file(),
        )


Act = Callable[[Application, People, datetime], object]


def _decide(who: str, outcome: Any) -> Act:
    def act(found: Application, people: People, now: datetime) -> object:
        said = same_for_all(found, outcome)
        return decision.decide(found, outcomes=said, edition=people.edition, by=getattr(people, who), now=now)

    return act


def _recommend(found: Application, people: People, now: datetime) -> object:
    return decision.recommend(
        found, outcomes=same_for_all(found), edition=people.edition, by=people.reviewer, now=now
    )


def _give_back(found: Application, people: People, now: datetime) -> object:
    return decision.return_to_review(found, note="Look again.", by=people.second, now=now)


def _ask(found: Application, people: People, now: datetime) -> object:
    return review.request_information(
        found, question="Who looks at a match?", edition=people.edition, by=people.lead, now=now
    )


def _withdraw(found: Application, people: People, now: datetime) -> object:
    return withdraw(application=found, by=people.owner, now=now)


PAIRS: Mapping[str, tuple[State, Act, Act]] = {
    "approve, deny": (State.IN_REVIEW, _decide("reviewer", APPROVED), _decide("lead", DENIED)),
    "approve, withdraw": (State.IN_REVIEW, _decide("reviewer", APPROVED), _withdraw),
    "approve, ask": (State.IN_REVIEW, _decide("reviewer", APPROVED), _ask),
    "confirm, confirm": (State.SECOND_REVIEW, _decide("lead", APPROVED), _decide("second", APPROVED)),
    "confirm, return": (State.SECOND_REVIEW, _decide("lead", APPROVED), _give_back),
    "confirm, withdraw": (State.SECOND_REVIEW, _decide("lead", APPROVED), _withdraw),
}


def prepare(state: State, people: People, now: datetime) -> Application:
    """A case for one round; one in second review is of high risk and recommended by the reviewer."""
    made = case(
        people.customer,
        edition=people.row,
        state=State.IN_REVIEW,
        holder=people.reviewer,
        by=people.owner,
        now=now,
    )
    if state == State.SECOND_REVIEW:
        flag(
            made, "minors", effect=FlagEffect.ESCALATE, settled=Settlement.STANDS, by=people.reviewer, now=now
        )
        _recommend(load(made), people, now)
    return made


def load(made: Application) -> Application:
    return Application.objects.select_related("customer", "submitted_by").get(pk=made.pk)


def play(name: str, people: People, before: datetime, now: datetime) -> tuple[Application, list[object]]:
    """One round: both have loaded the case before either acts. Answers the case and what each got."""
    state, first, second = PAIRS[name]
    made = prepare(state, people, before)
    copies = [load(made), load(made)]
    answers = together(lambda: first(copies[0], people, now), lambda: second(copies[1], people, now))
    return load(made), answers


def rights_and_records(made: Application, now: datetime) -> tuple[int, int, int]:
    """Rights that the case gave, decisions that stand, and moves of the case in the record since `now`."""
    return (
        AccessGrant.objects.filter(item__application=made).count(),
        Decision.objects.filter(application=made, decided_at__isnull=False).count(),
        AuditEvent.objects.filter(
            application_ref=made.pk, at__gte=now, action__startswith="application."
        ).count(),
    )


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, started at one barrier; what each answered or raised."""
    barrier, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait(20)
            answers[number] = work()
        except Exception as error:  # the answer of this thread
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers
