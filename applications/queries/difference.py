"""Floor 3: what a case follows, what became of that, and what is said differently since: for the page of a case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from applications.enums import Outcome
from applications.models import Application, Decision, RequestedCapability, Submission
from applications.queries.answers import words_of
from applications.rules.answers import APPEAL, GROUNDS, Wish
from applications.rules.difference import Answers, Change, Piece, Way, differences
from applications.rules.policy import Edition

VERSIONS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One question that differs: `pieces` of written text, else what was added and removed, in words."""

    label: str
    way: Way
    pieces: tuple[Piece, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one capability and use case before. `face` is a state of the tag."""

    name: str
    use_case: str
    face: str
    subscriptions: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The application that this one follows. `more` and `less`: items asked for now or then only."""

    application: Application
    grounds: str
    decided_at: datetime | None
    decided_by: str
    words: str
    judged: tuple[Judged, ...]
    more: tuple[str, ...]
    less: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Versions:
    """What the newest version says differently from the one before."""

    number: int
    parts: tuple[Part, ...]


def both(application: Application) -> list[int]:
    """The ids of the application and of the one before, for statements that read rows of the two at once."""
    return [application.pk, *([application.previous_id] if application.previous_id else [])]


def frozen_of(application: Application) -> tuple[list[Submission], Submission | None]:
    """The newest versions of the application, and the newest of the one before; one statement."""
    rows = Submission.objects.filter(application__in=both(application)).order_by(
        "-application_id", "-number"
    )[:VERSIONS]
    own = [row for row in rows if row.application_id == application.pk]
    return own, next((row for row in rows if row.application_id == application.previous_id), None)


def versions_of(own: Sequence[Submission], edition: Edition, language: str | None) -> Versions | None:
    if len(own) < 2:
        return None
    return Versions(own[0].number, parts_of(edition, own[1].answers, own[0].answers, language))


def earlier_of(
    application: Application,
    frozen: tuple[list[Submission], Submission | None],
    decisions: Iterable[Decision],
    items: Iterable[RequestedCapability],
    edition: Edition,
    language: str | None,
) -> Earlier | None:
    """From rows of both: `frozen`, decisions and items are read by the page anyway."""
    previous, (own, then) = application.previous, frozen
    if previous is None:
        return None
    decision = next(
        (
            one
            for one in decisions
            if one.application_id == previous.pk and one.decided_at and not one.taken_back_at
        ),
        None,
    )
    before = [item for item in items if item.application_id == previous.pk]
    now = [item for item in items if item.application_id == application.pk]
    old, new = ({_wish(item): item for item in rows} for rows in (before, now))
    after = own[0].answers if own else {}
    return Earlier(
        application=previous,
        grounds=str(after.get(APPEAL, {}).get(GROUNDS, "")),
        decided_at=decision.decided_at if decision else None,
        decided_by=str(decision.decided_by or "") if decision else "",
        words=decision.words if decision else "",
        judged=tuple(_judged(before, edition, language)),
        more=tuple(_said(new[wish], edition, language) for wish in new if wish not in old),
        less=tuple(_said(old[wish], edition, language) for wish in old if wish not in new),
        parts=parts_of(edition, then.answers, after, language) if then else (),
    )


def parts_of(edition: Edition, before: Answers, after: Answers, language: str | None) -> tuple[Part, ...]:
    titles = {part.code: part.title.to(language) for part in edition.sections}
    return tuple(
        Part(titles[one.section], tuple(_row(change, edition, language) for change in one.changes))
        for one in differences(edition, before, after)
    )


def _row(change: Change, edition: Edition, language: str | None) -> Row:
    words = words_of(edition, change.question, language)
    added, removed = change.added, change.removed
    if not (change.pieces or added or removed):
        added = (change.after,) if change.after else ()
        removed = (change.before,) if change.before else ()
    return Row(
        change.question.label.to(language),
        change.way,
        change.pieces,
        tuple(str(words.get(one, one)) for one in added),
        tuple(str(words.get(one, one)) for one in removed),
    )


def _judged(items: Iterable[RequestedCapability], edition: Edition, language: str | None) -> Iterable[Judged]:
    together: dict[tuple[Any, ...], list[RequestedCapability]] = {}
    for item in items:
        if item.outcome:
            key = (item.capability, item.use_case, item.outcome, tuple(item.reasons))
            together.setdefault(key, []).append(item)
    for (code, case, outcome, reasons), rows in together.items():
        yield Judged(
            _name(edition.capabilities, code, language),
            _name(edition.use_cases, case, language),
            outcome,
            tuple(row.subscription.label or str(row.subscription.guid) for row in rows),
            tuple(
                edition.reasons[one].text.to(language) if one in edition.reasons else one for one in reasons
            )
            if outcome == Outcome.DENIED
            else (),
        )


def _wish(item: RequestedCapability) -> Wish:
    return Wish(str(item.subscription.guid), item.capability, item.use_case)


def _said(item: RequestedCapability, edition: Edition, language: str | None) -> str:
    place = item.subscription.label or item.subscription.guid
    case = f" ({item.use_case})" if item.use_case else ""
    return f"{_name(edition.capabilities, item.capability, language)}{case}, {place}"


def _name(known: Mapping[str, Any], code: str, language: str | None) -> str:
    return known[code].name.to(language) if code in known else code
