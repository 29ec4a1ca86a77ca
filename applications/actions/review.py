"""Floor 4: who has a case, and what the applicant is asked (design §5).

Every action first asks `expect`. `seen` is the instant of the last change of state that the person's page showed:
when the case has moved since, the person is told who was faster and nothing is written (promise P5).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.actions import message, transition
from applications.enums import (
    UNDECIDED_STATES,
    MessageKind,
    Move,
    Role,
    StaffRole,
    State,
)
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import Application, Customer, Decision, InformationRequest, User
from applications.permissions import Can, can, is_own_customer, judged_before, require, require_staff_move
from applications.queries import queue
from applications.rules import workflow
from applications.rules.deadlines import business_deadline
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

TEXT_MAX = 5000
LONGEST_WAIT = 60
TAKE_ROUNDS = 50
VERDICTS = ("fine", "doubt")
WRITERS = (Role.OWNER, Role.EDITOR)


def expect(application: Application, move: Move, *, by: User, seen: datetime | None) -> dict[str, Any]:
    """Raise unless `by` may make the move on the case as they saw it; returns what the move must find again.

    Holds the row, so that whatever is read next in the transaction belongs to the state that was seen. Raises
    NotAllowed (role, own customer, an appeal against oneself, not their case), SomebodyWasFaster (the case has moved
    since `seen`, or since it was loaded), NotPossibleNow (the table has no such move from here).
    """
    require(by, Can.REVIEW)
    if seen is not None and seen != application.state_changed_at:
        raise transition.faster(application)
    if not workflow.possible(move, application.state):
        raise transition.impossible(application)
    require_staff_move(by, application, move)
    was = {"state_changed_at": application.state_changed_at, "assigned_to": application.assigned_to_id}
    held = Application.objects.filter(pk=application.pk, state=application.state, **was)
    if not held.update(saved_at=F("saved_at")):
        raise transition.faster(application)
    return was


# --- who has it ---


def claim(application: Application, *, by: User, now: datetime, seen: datetime | None = None) -> Application:
    """A reviewer takes a case that nobody has. Effects: move CLAIM, holder and time, audit row.

    Claiming what one has already changes nothing. Raises as `expect`.
    """
    try:
        return _claim(application, by, now, seen)
    except NotPossibleNow:
        now_there = Application.objects.select_related("customer").get(pk=application.pk)
        if now_there.state != State.IN_REVIEW:
            raise
        if now_there.assigned_to_id == by.pk:
            return now_there
        raise transition.faster(application) from None


@transaction.atomic
def _claim(application: Application, by: User, now: datetime, seen: datetime | None) -> Application:
    was = expect(application, Move.CLAIM, by=by, seen=seen)
    return transition.move(
        application, Move.CLAIM, by=by, now=now, only_if=was, assigned_to=by, assigned_at=now
    )


def take_next(*, by: User, now: datetime) -> Application | None:
    """Give a reviewer the most urgent case that nobody has and that they may judge; None when there is none.

    Raises NotPossibleNow for who is noted as away. Safe for many at once: each try is a conditional UPDATE of its
    own, and who loses one goes on to the next.
    """
    require(by, Can.REVIEW)
    if by.absent_until is not None and is_away(by, now):
        raise NotPossibleNow(
            _("You are noted as away until %(day)s, so no case comes to you. Note first that you are back.")
            % {"day": date_format(by.absent_until, "DATE_FORMAT")}
        )
    for _round in range(TAKE_ROUNDS):
        candidates = queue.waiting_for(by)
        if not candidates:
            break
        for application in candidates:
            try:
                return claim(application, by=by, now=now)
            except NotPossibleNow:
                continue
    return None


@transaction.atomic
def assign(
    application: Application, *, to: User, by: User, now: datetime, seen: datetime | None = None
) -> Application:
    """A lead gives a new case to a reviewer. Effects: move ASSIGN, holder and time, audit row.

    Raises as `expect`, and InvalidInput when `to` cannot take it.
    """
    was = expect(application, Move.ASSIGN, by=by, seen=seen)
    _require_can_take(to, application, now)
    return transition.move(
        application,
        Move.ASSIGN,
        by=by,
        now=now,
        only_if=was,
        data={"to": str(to.key)},
        assigned_to=to,
        assigned_at=now,
    )


@transaction.atomic
def release(
    application: Application, *, by: User, now: datetime, seen: datetime | None = None
) -> Application:
    """Give a case back to the queue. Effects: move RELEASE, nobody holds it, audit row. Raises as `expect`."""
    was = expect(application, Move.RELEASE, by=by, seen=seen)
    return transition.move(
        application, Move.RELEASE, by=by, now=now, only_if=was, assigned_to=None, assigned_at=None
    )


@transaction.atomic
def reassign(
    application: Application,
    *,
    to: User,
    by: User,
    now: datetime,
    why: str = "",
    seen: datetime | None = None,
) -> Application:
    """A lead hands a case over. Effects: move REASSIGN (the state stays), holder and time, audit row with `why`.

    In second review it cannot go to the person who recommended. Raises as `assign`.
    """
    was = expect(application, Move.REASSIGN, by=by, seen=seen)
    _require_can_take(to, application, now)
    standing = Decision.objects.filter(application=application, decided_at=None, returned_at=None)
    if standing.filter(recommended_by=to).exists():
        raise InvalidInput({"to": _("This person made the recommendation. Choose somebody else.")})
    return transition.move(
        application,
        Move.REASSIGN,
        by=by,
        now=now,
        only_if=was,
        reason=clean_text(why)[:TEXT_MAX],
        data={"to": str(to.key)},
        assigned_to=to,
        assigned_at=now,
    )


@transaction.atomic
def release_cases_of(user: User, *, by: User | None, now: datetime, customer: Customer | None = None) -> int:
    """Free every open case of a person who no longer reviews, or may not judge one customer. Returns how many.

    Effects per case: in review → move RELEASE, back to the queue; waiting for an answer or in second review → move
    REASSIGN to nobody, so that a lead sees it. One that moves at the same moment is left as it has become.
    """
    freed = 0
    held = Application.objects.filter(assigned_to=user, state__in=UNDECIDED_STATES)
    for application in held.filter(customer=customer) if customer else held:
        move = Move.RELEASE if application.state == State.IN_REVIEW else Move.REASSIGN
        try:
            with transaction.atomic():
                transition.move(
                    application,
                    move,
                    by=by,
                    now=now,
                    only_if={"assigned_to": user},
                    data={"to": None},
                    assigned_to=None,
                    assigned_at=None,
                )
        except NotPossibleNow:
            continue
        freed += 1
    return freed


def _require_can_take(to: User, application: Application, now: datetime) -> None:
    if not can(to, Can.REVIEW):
        raise InvalidInput({"to": _("This person does not review. Choose a reviewer.")})
    if to.absent_until is not None and is_away(to, now):
        raise InvalidInput(
            {
                "to": _("This person is away until %(day)s. Choose somebody else.")
                % {"day": date_format(to.absent_until, "DATE_FORMAT")}
            }
        )
    if is_own_customer(to, application.customer) or judged_before(to, application):
        raise InvalidInput({"to": _("This person stands too near to this case. Choose somebody else.")})


def is_away(person: User, now: datetime) -> bool:
    """Whether somebody said that they do not work today (the day they named is the last one away)."""
    return person.absent_until is not None and person.absent_until >= now.date()


def lead_for(application: Application, *, other_than: set[int], now: datetime) -> User | None:
    """The lead at work with the fewest open cases who may judge this one, or None."""
    leads = (
        User.objects.filter(staff_role=StaffRole.LEAD, is_active=True)
        .exclude(pk__in=other_than)
        .annotate(load=Count("cases", filter=Q(cases__state__in=UNDECIDED_STATES)))
        .order_by("load", "pk")
    )
    return next(
        (
            lead
            for lead in leads
            if not is_away(lead, now)
            and not is_own_customer(lead, application.customer)
            and not judged_before(lead, application)
        ),
        None,
    )


# --- what is asked, found and noted ---


def request_information(
    application: Application,
    *,
    question: str,
    sections: Sequence[str] = (),
    edition: Edition,
    by: User,
    now: datetime,
    business_days: int | None = None,
    seen: datetime | None = None,
) -> InformationRequest:
    """Ask the applicant. The review clock stops; the answer is due in so many business days (edition's default).

    Effects, in order: move REQUEST_INFORMATION with `paused_at`, the question with its due instant, mail
    INFORMATION_REQUESTED to owners and editors. The same question sent twice is one. Raises as `expect`, and
    InvalidInput (`question`, `sections`, `business_days`).
    """
    asked = required_text(question, "question")
    days = edition.limits.information_business_days if business_days is None else business_days
    if not 1 <= days <= LONGEST_WAIT:
        raise InvalidInput(
            {"business_days": _("Choose between 1 and %(most)d business days.") % {"most": LONGEST_WAIT}}
        )
    if unknown := [code for code in sections if edition.section(code) is None]:
        raise InvalidInput({"sections": _("There is no section “%(code)s”.") % {"code": unknown[0]}})
    due_at = business_deadline(now, days, edition.calendar, ZoneInfo(edition.time_zone))
    request = InformationRequest(
        application=application,
        question=asked,
        sections=list(sections),
        asked_at=now,
        asked_by=by,
        due_at=due_at,
    )
    try:
        return _ask(request, days, by, now, seen)
    except NotPossibleNow:
        standing = application.information_requests.filter(
            closed_at=None, asked_by=by, question=asked
        ).first()
        if standing is None:
            raise
        return standing


@transaction.atomic
def _ask(
    request: InformationRequest, days: int, by: User, now: datetime, seen: datetime | None
) -> InformationRequest:
    application = request.application
    was = expect(application, Move.REQUEST_INFORMATION, by=by, seen=seen)
    transition.move(
        application,
        Move.REQUEST_INFORMATION,
        by=by,
        now=now,
        only_if=was,
        data={"business_days": days, "sections": request.sections},
        paused_at=now,
    )
    request.save()
    message.tell_customer(
        MessageKind.INFORMATION_REQUESTED,
        key=f"information_requested:{request.pk}",
        customer=application.customer,
        application=application,
        roles=WRITERS,
        now=now,
        context={"information_request": request.pk},
    )
    return request


def required_text(raw: str, field: str) -> str:
    text = clean_text(raw, multiline=True)
    if not text:
        raise InvalidInput({field: _("Write something first.")})
    if len(text) > TEXT_MAX:
        raise InvalidInput({field: too_long(TEXT_MAX)})
    return text


def too_long(most: int) -> str:
    return ngettext(
        "This is too long. At most %(most)d character fits.",
        "This is too long. At most %(most)d characters fit.",
        most,
    ) % {"most": most}
