"""Floor 3: handing cases over: chosen cases, who may take which, and a plan that evens out loads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from applications.enums import Kind, State
from applications.models import Application, Conflict, Decision, MailDomain, Membership, User
from applications.queries.lanes import OPEN_CASES
from applications.queries.queue import reviewers
from applications.rules import balance
from applications.rules.identifiers import email_domain, read_reference

MOST = 100
"""So many cases at once: what a person can still look over."""
MOVABLE = (State.IN_REVIEW, State.INFORMATION_REQUESTED, State.SECOND_REVIEW)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan: the case as it was seen, and who should get it. `hinders` says what stands against it."""

    case: Application
    to: User | None
    hinders: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line."""

    reference: str
    customer: str
    done: bool
    said: str


def chosen(references: Iterable[str]) -> list[Application]:
    """Submitted cases by reference, at most MOST, the most urgent first; what is not there is left out."""
    wanted = {read_reference(one) for one in list(references)[:MOST]}
    return list(
        Application.objects.filter(reference__in=wanted - {""}, submitted_at__isnull=False)
        .exclude(state=State.DRAFT)
        .select_related("customer", "assigned_to")
        .defer("search_text")
        .order_by("rank", "urgent_at", "id")
    )


class Distance:
    """Who may take which of some cases; a few statements, whatever their number (promise P5)."""

    def __init__(self, cases: Sequence[Application], people: Sequence[User]) -> None:
        customers = {case.customer_id for case in cases}
        domains: dict[int, set[str]] = {}
        for customer, domain in MailDomain.objects.filter(customer__in=customers).values_list(
            "customer_id", "domain"
        ):
            domains.setdefault(customer, set()).add(domain)
        members = set(
            Membership.objects.filter(customer__in=customers, user__in=people).values_list(
                "customer_id", "user_id"
            )
        )
        members |= set(
            Conflict.objects.filter(
                customer__in=customers, user__in=people, lifted_at__isnull=True
            ).values_list("customer_id", "user_id")
        )
        near = {
            (customer, person.pk)
            for customer in customers
            for person in people
            if (customer, person.pk) in members or email_domain(person.email) in domains.get(customer, ())
        }
        self.barred = {
            (case.pk, person.pk)
            for case in cases
            for person in people
            if (case.customer_id, person.pk) in near
        } | _judged(cases)

    def allows(self, case: int, person: int) -> bool:
        return (case, person) not in self.barred


def _judged(cases: Sequence[Application]) -> set[tuple[int, int]]:
    """Case and person who recommended it, or who judged what it appeals against."""
    appeals = {case.previous_id: case.pk for case in cases if case.kind == Kind.APPEAL and case.previous_id}
    found: set[tuple[int, int]] = set()
    for application, decider, recommender, is_open in Decision.objects.filter(
        Q(application__in=appeals) | Q(application__in=cases, decided_at=None, returned_at=None)
    ).values_list("application_id", "decided_by_id", "recommended_by_id", "decided_at"):
        case = appeals.get(application) if is_open or application in appeals else application
        found |= {(case, person) for person in (decider, recommender) if person and case}
    return found


def lines_to(cases: Sequence[Application], to: User) -> list[Line]:
    """The chosen cases for one person, each with what hinders it."""
    distance = Distance(cases, [to])
    return [Line(case, to, _hinders(case, to, distance)) for case in cases]


def _hinders(case: Application, to: User, distance: Distance) -> str:
    if case.assigned_to_id == to.pk:
        return _("They have it already.")
    if case.state not in (State.SUBMITTED, *MOVABLE):
        return _("It is closed.")
    if not distance.allows(case.pk, to.pk):
        return _("They stand too near to this case.")
    return ""


def plan(now: datetime, *, of: User | None = None) -> list[Line]:
    """Who should get what so that loads are even: cases of who is away first, or (`of`) one person's alone.

    Eight statements, whatever the number of cases.
    """
    people = {person.pk: person for person in reviewers()}
    loads: dict[int, int] = dict.fromkeys(people, 0)
    loads |= {
        row["assigned_to"]: row["number"]
        for row in Application.objects.filter(OPEN_CASES, assigned_to__isnull=False)
        .values("assigned_to")
        .annotate(number=Count("state"))
        .order_by()
    }
    away = {pk for pk in loads if pk not in people or _is_away(people[pk], now)}
    at_work = [loads[pk] for pk in loads if pk not in away]
    middle = sum(at_work) / len(at_work) if at_work else 0
    givers = {of.pk} if of else {pk for pk, load in loads.items() if pk in away or load > middle}
    cases = list(
        Application.objects.filter(state__in=MOVABLE, assigned_to__in=givers)
        .select_related("customer", "assigned_to")
        .defer("search_text")
        .order_by("-assigned_at", "-id")[: 3 * MOST]
    )
    movable: dict[int, list[int]] = {}
    for case in cases:
        movable.setdefault(case.assigned_to_id or 0, []).append(case.pk)
    distance = Distance(cases, list(people.values()))
    moves = balance.rebalance(
        loads, movable, away=away, may=distance.allows, most=MOST, only=of.pk if of else None
    )
    by_pk = {case.pk: case for case in cases}
    return [Line(by_pk[case], people[to]) for case, to in moves]


def _is_away(person: User, now: datetime) -> bool:
    return person.absent_until is not None and person.absent_until >= now.date()
