"""Floor 3: rows of the queue as the desk shows them: words instead of codes, days instead of instants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from applications.enums import State
from applications.models import Application, User
from applications.queries.queue import Found
from applications.rules.deadlines import days_left
from applications.rules.policy import Edition
from applications.rules.review import ClockDay, clock_day

NAMED = 2


@dataclass(frozen=True, slots=True)
class FlagWord:
    effect: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueRow:
    case: Application
    asks: str
    more: int
    items: int
    face: str
    flag: FlagWord | None
    more_flags: int
    clock: ClockDay | None
    days_left: int | None
    reviewer: str
    mine: bool
    free: bool
    decidable: bool
    services: tuple[str, ...]
    age: int | None


def rows(
    found: Iterable[Found], *, edition: Edition, user: User, now: datetime, language: str | None
) -> list[QueueRow]:
    return [_row(one, edition, user, now, language) for one in found]


def _row(found: Found, edition: Edition, user: User, now: datetime, language: str | None) -> QueueRow:
    case = found.case
    codes = list(dict.fromkeys(item.capability for item in found.items))
    names = [known.name.to(language) for code in codes if (known := edition.capability(code))]
    services = dict.fromkeys(known.service for code in codes if (known := edition.capability(code)))
    rules = [edition.screening.get(flag.rule) for flag in found.flags]
    words = tuple(dict.fromkeys(rule.name.to(language) for rule in rules if rule))
    order = ("deny", "escalate", "condition", "ask")
    gravest = min((flag.effect for flag in found.flags), key=order.index, default=None)
    ends = case.deadline_at
    return QueueRow(
        case=case,
        asks=", ".join(names[:NAMED]),
        more=max(len(names) - NAMED, 0),
        items=len(found.items),
        face=face_of(case, answered=found.answered),
        flag=FlagWord(gravest, words[:NAMED]) if gravest else None,
        more_flags=max(len(words) - NAMED, 0),
        clock=clock_day(edition, case.target_at, case.paused_at, now) if case.closed_at is None else None,
        days_left=days_left(now, ends) if ends else None,
        reviewer=str(case.assigned_to) if case.assigned_to else "",
        mine=case.assigned_to_id == user.pk,
        free=case.state == State.SUBMITTED,
        decidable=case.state == State.IN_REVIEW,
        services=tuple(
            edition.services[code].name.to(language) for code in services if code in edition.services
        ),
        age=(now - case.submitted_at).days if case.submitted_at and case.closed_at is None else None,
    )


def face_of(case: Application, *, answered: bool) -> str:
    """The state in the words of the desk; an answer that nobody has looked at stands out."""
    if case.state == State.IN_REVIEW:
        return "desk_answered" if answered else "desk_in_review"
    return {
        State.SUBMITTED.value: "desk_new",
        State.INFORMATION_REQUESTED.value: "desk_information_requested",
        State.SECOND_REVIEW.value: "desk_second_review",
    }.get(case.state, case.state)
