"""Floor 3: rows of the queue as the desk shows them: words instead of codes, days instead of instants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.utils.translation import ngettext

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
    """`count`, `left`, `until` and `age` are numbers in words: a page says hundreds of them."""

    case: Application
    asks: str
    more: int
    count: str
    face: str
    flag: FlagWord | None
    more_flags: int
    clock: ClockDay | None
    left: str
    until: str
    reviewer: str
    mine: bool
    free: bool
    decidable: bool
    services: tuple[str, ...]
    age: str


def rows(
    found: Iterable[Found], *, edition: Edition, user: User, now: datetime, language: str | None
) -> list[QueueRow]:
    return [_row(one, edition, user, now, language) for one in found]


def _row(found: Found, edition: Edition, user: User, now: datetime, language: str | None) -> QueueRow:
    case = found.case
    codes = list(dict.fromkeys(found.items))
    names = [known.name.to(language) for code in codes if (known := edition.capability(code))]
    services = dict.fromkeys(known.service for code in codes if (known := edition.capability(code)))
    rules = [edition.screening.get(flag.rule) for flag in found.flags]
    words = tuple(dict.fromkeys(rule.name.to(language) for rule in rules if rule))
    order = ("deny", "escalate", "condition", "ask")
    gravest = min((flag.effect for flag in found.flags), key=order.index, default=None)
    ends, clock = case.deadline_at, None
    if case.closed_at is None:
        clock = clock_day(edition, case.target_at, case.paused_at, now)
    return QueueRow(
        case=case,
        asks=", ".join(names[:NAMED]),
        more=max(len(names) - NAMED, 0),
        count=_in_words("items", len(found.items), language),
        face=face_of(case, answered=found.answered),
        flag=FlagWord(gravest, words[:NAMED]) if gravest else None,
        more_flags=max(len(words) - NAMED, 0),
        clock=clock,
        left=_left(clock, language),
        until=_in_words("days", days_left(now, ends), language) if ends else "",
        reviewer=str(case.assigned_to) if case.assigned_to else "",
        mine=case.assigned_to_id == user.pk,
        free=case.state == State.SUBMITTED,
        decidable=case.state == State.IN_REVIEW,
        services=tuple(
            edition.services[code].name.to(language) for code in services if code in edition.services
        ),
        age=_in_words("old", (now - case.submitted_at).days, language) if clock and case.submitted_at else "",
    )


def _left(clock: ClockDay | None, language: str | None) -> str:
    if clock is None:
        return ""
    return _in_words("over", clock.over, language) if clock.late else _in_words("left", clock.left, language)


@lru_cache(maxsize=1024)
def _in_words(what: str, number: int, language: str | None) -> str:
    """A number with its noun, in the language that is active; `language` only tells one from another."""
    words = {
        "items": ngettext("%(count)d item", "%(count)d items", number),
        "days": ngettext("%(count)d day", "%(count)d days", number),
        "old": ngettext("%(count)d day old", "%(count)d days old", number),
        "left": ngettext("%(count)d business day left", "%(count)d business days left", number),
        "over": ngettext("%(count)d business day over", "%(count)d business days over", number),
    }
    return words[what] % {"count": number}


def face_of(case: Application, *, answered: bool) -> str:
    """The state in the words of the desk; an answer that nobody has looked at stands out."""
    if case.state == State.IN_REVIEW:
        return "desk_answered" if answered else "desk_in_review"
    return {
        State.SUBMITTED.value: "desk_new",
        State.INFORMATION_REQUESTED.value: "desk_information_requested",
        State.SECOND_REVIEW.value: "desk_second_review",
    }.get(case.state, case.state)
