"""Floor 3: what a customer may use on which subscription, and what ends next. Every state comes from `rules.access`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from applications.enums import AccessReason, Basis
from applications.models import Customer, RequestedCapability, Subscription
from applications.queries import decision
from applications.queries.end_words import end_words
from applications.queries.history import History
from applications.queries.status import names_typed
from applications.rules import zones
from applications.rules.access import Ask, Facts, Verdict, decide, since_of
from applications.rules.deadlines import days_left, last_safe_day
from applications.rules.policy import Capability, Edition

COLUMNS_MOST = 5
"""Above so many subscriptions they become the rows of the table."""


@dataclass(frozen=True, slots=True)
class Board:
    """All decisions of one customer at one instant. `asked`: reference of the undecided application, by pair;
    `since`: since when the answer is so.
    """

    subscriptions: list[Subscription]
    verdicts: dict[tuple[UUID, str], Verdict]
    asked: dict[tuple[UUID, str], str]
    edition: Edition
    now: datetime
    since: dict[tuple[UUID, str], datetime | None]

    def verdict(self, subscription: Subscription, code: str) -> Verdict:
        return self.verdicts[(subscription.guid, code)]

    def works_on_one(self, one: Subscription, code: str, after: datetime | None = None) -> bool:
        """Whether it works now and, with `after`, still does at that instant, by what is recorded now."""
        verdict = self.verdict(one, code)
        return verdict.allowed and (after is None or verdict.ends_at is None or verdict.ends_at > after)

    def works_on(self, code: str, after: datetime | None = None) -> list[Subscription]:
        return [one for one in self.subscriptions if self.works_on_one(one, code, after)]


def board_of(
    customer: Customer,
    edition: Edition,
    now: datetime,
    codes: Iterable[str] = (),
    held: Iterable[Subscription] | None = None,
) -> Board:
    """Three statements, whatever the number of subscriptions and capabilities (`codes`; none named: all).

    A subscription that the customer asked for and another one holds stands among the own ones, and answers as if
    nobody had held it: the page does not tell the two apart (design §5). Only then one statement more. With the
    customer's own as `held` they are not read again, and nothing but them is told of.
    """
    wanted = tuple(codes) or tuple(edition.capabilities)
    own = list(customer.subscriptions.all() if held is None else held)
    items = list(
        RequestedCapability.objects.filter(customer=customer).select_related("subscription", "application")
    )
    facts = decision.facts_many([(one.guid, code) for one in own for code in wanted])
    if held is not None:
        items = [item for item in items if item.subscription.customer_id == customer.pk]
    claims = {item.subscription: None for item in items if item.subscription.customer_id != customer.pk}
    if claims:
        names = names_typed({item.application_id for item in items if item.subscription in claims})
        for claim in claims:
            claim.label = names.get(str(claim.guid), "")
            asks = [item for item in items if item.subscription == claim]
            facts |= {(claim.guid, code): _as_unheld(asks, code) for code in wanted}
    verdicts = {pair: decide(known, edition.capability(pair[1]), now) for pair, known in facts.items()}
    since = {pair: since_of(known, verdicts[pair]) for pair, known in facts.items()}
    asked: dict[tuple[UUID, str], str] = {}
    for item in items:
        for code in edition.grants(item.capability) if item.closed_at is None else ():
            asked.setdefault((item.subscription.guid, code), item.application.reference)
    subscriptions = sorted([*own, *claims], key=lambda one: (one.label == "", one.label, str(one.guid)))
    return Board(subscriptions, verdicts, asked, edition, now, since)


def _as_unheld(asks: list[RequestedCapability], code: str) -> Facts:
    mine = tuple(Ask(one.asked_at, one.closed_at, one.outcome) for one in asks if one.capability == code)
    return Facts(known=True, asks=mine)


# --- the table ---


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer: `face` is a state of the tag `state`. Equal cells are the same answer.

    `since` of an end is exclusive. `granted_by`: reference of the application whose approval it is; `renew`: of the
    one to renew.
    """

    face: str
    ends_at: datetime | None
    since: datetime | None
    reference: str
    may_apply: bool
    allowed: bool
    granted_by: str = ""
    renew: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One capability, or several that are open or retired and answer alike everywhere."""

    names: tuple[str, ...]
    codes: tuple[str, ...]
    cells: tuple[Cell, ...]

    groups: tuple[tuple[Cell, tuple[Subscription, ...]], ...] = ()
    """Equal answers once, each with its subscriptions: what a small screen shows."""


def _row(board: Board, same: list[Capability], cells: tuple[Cell, ...], language: str | None) -> Row:
    together: dict[Cell, list[Subscription]] = {}
    for cell, one in zip(cells, board.subscriptions, strict=True):
        together.setdefault(cell, []).append(one)
    return Row(
        tuple(one.name.to(language) for one in same),
        tuple(one.code for one in same),
        cells,
        tuple((cell, tuple(members)) for cell, members in together.items()),
    )


@dataclass(frozen=True, slots=True)
class Block:
    service: str
    rows: list[Row]
    lines: list[tuple[Subscription, list[Cell]]] = field(default_factory=list)
    """The same, turned: one line a subscription."""
    others: list[Row] = field(default_factory=list)
    """What is open or retired, and all of a service that nobody asked for: told in lines, not in the table."""


def blocks_of(board: Board, language: str | None, history: History) -> list[Block]:
    """The table by services; gated capabilities first."""
    blocks = []
    for service in board.edition.services.values():
        alone, others = _rows(board, board.edition.capabilities_of(service.code), language, history)
        lines = [(one, [row.cells[n] for row in alone]) for n, one in enumerate(board.subscriptions)]
        if alone or others:
            blocks.append(Block(service.name.to(language), alone, lines, others))
    return blocks


def _rows(
    board: Board, capabilities: Iterable[Capability], language: str | None, history: History
) -> tuple[list[Row], list[Row]]:
    """Rows of the table: gated capabilities of which anything was granted or asked; the rest, equal ones together."""
    table: list[Row] = []
    together: dict[tuple[Cell, ...], list[Capability]] = {}
    for capability in capabilities:
        cells = tuple(_cell(board, one, capability, history) for one in board.subscriptions)
        if capability.needs_approval and any(cell.face not in _IDLE for cell in cells):
            table.append(_row(board, [capability], cells, language))
        else:
            together.setdefault(cells, []).append(capability)
    return table, [_row(board, same, cells, language) for cells, same in together.items()]


def may_apply(blocks: Iterable[Block]) -> bool:
    """Whether anything on the page can be applied for."""
    return any(
        cell.may_apply for block in blocks for row in (*block.rows, *block.others) for cell in row.cells
    )


_IDLE = (AccessReason.OPEN, AccessReason.RETIRED, AccessReason.NOT_APPLIED)


def _cell(board: Board, subscription: Subscription, capability: Capability, history: History) -> Cell:
    verdict = board.verdict(subscription, capability.code)
    since = board.since[(subscription.guid, capability.code)]
    if verdict.reason == AccessReason.RETIRED:
        moments = (capability.retired_for_existing_at, capability.retired_for_new_at)
        since = max((one for one in moments if one and one <= board.now), default=None)
    reference = board.asked.get((subscription.guid, capability.code), "")
    return Cell(
        face=verdict.reason.value,
        ends_at=verdict.ends_at,
        since=since,
        reference=reference,
        may_apply=capability.needs_approval and verdict.reason in _APPLY and not reference,
        allowed=verdict.allowed,
        granted_by=history.granted_by.get(verdict.right.id or 0, "") if verdict.right else "",
        renew=history.renewable.get((subscription.guid, capability.code), "") if not reference else "",
    )


_APPLY = {
    AccessReason.GRACE,
    AccessReason.NOT_APPLIED,
    AccessReason.GRACE_ENDED,
    AccessReason.EXPIRED,
    AccessReason.DENIED,
}


# --- the heading is the answer ---


def headline(board: Board, language: str | None) -> str:
    """What works now, and what of it after the next end."""
    if not board.subscriptions:
        return _("No subscription of yours is known here yet")
    shown = _shown(board)
    if shown is None:
        return _("Nothing that needs approval works on your subscriptions yet")
    name = shown.name.to(language)
    works = board.works_on(shown.code)
    if not works:
        return _("%(name)s works on none of your subscriptions") % {"name": name}
    ends = [end for one in works if (end := board.verdict(one, shown.code).ends_at)]
    today = ngettext(
        "%(name)s works on %(count)s subscription today",
        "%(name)s works on %(count)s subscriptions today",
        len(works),
    ) % {"name": name, "count": len(works)}
    if not ends:
        return today
    after = len(board.works_on(shown.code, min(ends)))
    return _("%(today)s, and on %(after)s after %(day)s") % {
        "today": today,
        "after": after or _("none"),
        "day": _day(min(ends)),
    }


def _shown(board: Board) -> Capability | None:
    """The gated capability that the heading speaks of: the first one that works, or has been asked for."""
    gated = [one for one in board.edition.capabilities.values() if one.needs_approval]
    for wanted in (_works, _was_something):
        for capability in gated:
            if any(wanted(board.verdict(one, capability.code)) for one in board.subscriptions):
                return capability
    return None


def _works(verdict: Verdict) -> bool:
    return verdict.allowed and verdict.reason != AccessReason.OPEN


def _was_something(verdict: Verdict) -> bool:
    return verdict.reason not in (AccessReason.OPEN, AccessReason.NOT_APPLIED, AccessReason.RETIRED)


def _day(end: datetime) -> str:
    """The last day before an exclusive end."""
    return formats.date_format(end - timedelta.resolution, "j F Y")


# --- the deadline banner ---


def zone_of(customer: Customer, edition: Edition, zone_name: str) -> ZoneInfo:
    """The reader's zone: their own, else their country's, else the edition's."""
    return zones.zone_for(contact_zone=zone_name, country=customer.country, edition_zone=edition.time_zone)


def banner_for(
    customer: Customer,
    edition: Edition,
    now: datetime,
    zone_name: str,
    in_draft: Iterable[str] = (),
    held: Iterable[Subscription] | None = None,
) -> dict[str, Any] | None:
    """`banner_of` by a board of the gated capabilities alone."""
    gated = [one.code for one in edition.capabilities.values() if one.needs_approval]
    board = board_of(customer, edition, now, gated, held)
    return banner_of(board, zone_of(customer, edition, zone_name), in_draft)


def banner_of(board: Board, zone: ZoneInfo, in_draft: Iterable[str] = ()) -> dict[str, Any] | None:
    """Context of `includes/deadline_banner.html`: the next end of grace, what stays and what goes. None without one."""
    edition, now = board.edition, board.now
    gated = [one for one in edition.capabilities.values() if one.needs_approval]
    ends = {
        verdict.ends_at
        for one in board.subscriptions
        for capability in gated
        if (verdict := board.verdict(one, capability.code)).ends_at
        and verdict.right
        and verdict.right.basis == Basis.GRACE
    }
    if not ends:
        return None
    ends_at = min(ends)
    drafted = set(in_draft)
    keeps, loses = [], []
    for one in board.subscriptions:
        going = [c for c in gated if board.verdict(one, c.code).ends_at == ends_at]
        staying = [c for c in gated if board.works_on_one(one, c.code, ends_at)]
        if going:
            loses.append(_losing(board, one, going, drafted=str(one.guid) in drafted, partly=bool(staying)))
        elif staying:
            until = min(filter(None, (board.verdict(one, c.code).ends_at for c in staying)), default=None)
            keeps.append(
                _line(one, "approved", note=_("until %(day)s") % {"day": _day(until)} if until else "")
            )
    safe = last_safe_day(
        ends_at, edition.limits.last_safe_business_days, edition.calendar, ZoneInfo(edition.time_zone)
    )
    submit_by = edition.day_starts_at(safe)
    services = {
        c.service
        for one in board.subscriptions
        for c in gated
        if board.verdict(one, c.code).ends_at == ends_at
    }
    names = [edition.services[code].name.to(get_language()) for code in edition.services if code in services]
    words = end_words(names, ends_at, zone)
    return {
        "heading": words.heading,
        "text": f"{words.local} {words.keep}".strip(),
        "ends_at": ends_at,
        "days_left": days_left(now, ends_at),
        "now": now,
        "submit_by": submit_by if edition.day_ends_at(safe) > now else None,
        "keeps": keeps,
        "loses": loses,
    }


def _losing(
    board: Board, one: Subscription, going: list[Capability], *, drafted: bool, partly: bool
) -> dict[str, Any]:
    reference = next(
        (board.asked[(one.guid, c.code)] for c in going if (one.guid, c.code) in board.asked), ""
    )
    names = ", ".join(c.name for c in going)
    part = _("Ends: %(names)s") % {"names": names} if partly else ""
    if reference:
        return _line(one, "with_us", note=part, href=f"/applications/{reference}/status/", link=reference)
    if drafted:
        return _line(one, "in_draft", note=part or _("Not submitted yet"))
    return _line(
        one,
        "not_applied",
        note=part,
        href="/applications/new/?capability=" + going[0].code,
        link=_("Apply"),
    )


def _line(one: Subscription, code: str, note: str = "", href: str = "", link: str = "") -> dict[str, Any]:
    return {
        "name": one.label or _("Subscription without a name"),
        "id": one.guid,
        "code": code,
        "label": "",
        "note": note,
        "href": href,
        "link": link,
    }
