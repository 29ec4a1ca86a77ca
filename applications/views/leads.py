"""Floor 6: the leads' figures: load, age, forecast, pace, shares and agreement, as charts with tables and as CSV."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import charts, clock
from applications.forms.leads import PeriodForm
from applications.permissions import Can, can
from applications.queries import figures
from applications.queries.policy import edition_in_force
from applications.rules.figures import AGES
from applications.rules.policy import Edition
from applications.rules.spreadsheet import cell
from applications.views.desk import StaffRequest, page, staff

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the page and the file tell."""

    edition: Edition
    period: figures.Period
    now: figures.Open
    ahead: list[figures.Ahead]
    decided: figures.Decided
    shares: list[figures.Share]
    blind: figures.Blind


def _board(request: StaffRequest) -> tuple[PeriodForm, Board]:
    now, edition = clock.now(), edition_in_force()
    form = PeriodForm(request.GET, today=edition.local_day(now), longest=figures.LONGEST)
    period = figures.Period.of(*form.days, edition)
    return form, Board(
        edition,
        period,
        figures.open_now(edition, now),
        figures.ahead(now),
        figures.decided(period, edition),
        figures.shares(period, edition),
        figures.blind(period),
    )


@staff(Can.SEE_FIGURES, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """The figures of a period; what is open now is told as it stands now."""
    form, board = _board(request)
    context = {
        "title": _("Figures"),
        "now": clock.now(),
        "form": form,
        "board": board,
        "charts": {
            "load": _load_chart(board),
            "age": _age_chart(board),
            "pace": _pace_chart(board),
            "shares": _share_chart(board),
        },
        "address": request.GET.urlencode(),
        "may_lead": can(request.user, Can.LEAD),
    }
    return page(request, "admin/leads/figures.html", context, 400 if form.errors else 200)


@staff(Can.SEE_FIGURES, "GET")
def as_csv(request: StaffRequest) -> HttpResponse:
    """The same figures, one a line; no cell can be a formula."""
    _form, board = _board(request)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"figures-{board.period.first:%F}-{board.period.last:%F}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(["table", "of", "measure", "value"])
    writer.writerows([cell(value) for value in line] for line in _lines(board))
    return response


def _lines(board: Board) -> Iterator[tuple[Any, ...]]:
    for load in board.now.loads:
        for measure in ("open", "waiting", "overdue"):
            yield "load", load.person or "", measure, getattr(load, measure)
    for (low, high), number in zip(AGES, board.now.ages, strict=True):
        yield "age", f"{low} to {high}" if high is not None else f"{low} and more", "cases", number
    for one in board.ahead:
        yield "forecast", one.ends_at.isoformat(), "undecided_now", one.projection.undecided
        yield "forecast", one.ends_at.isoformat(), "undecided_at_end", one.projection.left_at_end
    for week in board.decided.weeks:
        yield "week", f"{week.first:%F}", "decided", week.decided
        yield "week", f"{week.first:%F}", "p50_business_days", week.half
        yield "week", f"{week.first:%F}", "p90_business_days", week.most
    for share in board.shares:
        yield "share", f"{share.service} {share.use_case}".strip(), "approved", share.approved
        yield "share", f"{share.service} {share.use_case}".strip(), "denied", share.denied
    items = board.blind.items
    yield "blind", "", "cases", board.blind.cases
    yield "blind", "", "items", items.number
    yield "blind", "", "same", items.same
    yield "blind", "", "kappa", items.kappa


# --- charts: each is titled by what it says, with the whole table beneath ---


def _with_table(chart: charts.Chart, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> charts.Chart:
    return replace(chart, head=head, rows=tuple(rows))


def _name(load: figures.Load) -> str:
    return str(load.person) if load.person else _("Nobody")


def _load_chart(board: Board) -> charts.Chart:
    shown = [(_name(load), float(load.open), str(load.open)) for load in board.now.loads]
    chart = charts.bar_chart(_("Open cases by who has them"), shown, head=("", ""))
    head = (_("Reviewer"), _("Open"), _("With the customer"), _("Past the target"), _("Away"))
    return _with_table(
        chart,
        head,
        (
            (_name(one), one.open, one.waiting, one.overdue, _("away") if one.away else "")
            for one in board.now.loads
        ),
    )


def _age_chart(board: Board) -> charts.Chart:
    names = [
        _("%(low)d to %(high)d business days") % {"low": low, "high": high}
        if high is not None
        else _("%(low)d business days and more") % {"low": low}
        for low, high in AGES
    ]
    shown = [(name, float(number), str(number)) for name, number in zip(names, board.now.ages, strict=True)]
    return charts.bar_chart(_("Age of the queue"), shown, head=(_("Since it was submitted"), _("Open cases")))


def _pace_chart(board: Board) -> charts.Chart:
    def said(days: int | None) -> str:
        return "–" if days is None else str(days)

    weeks = board.decided.weeks
    shown = [(date_format(week.first, "j M"), float(week.decided), str(week.decided)) for week in weeks]
    chart = charts.line_chart(_("Cases decided a week"), shown, head=("", ""))
    head = (_("Week of"), _("Decided"), _("Half within"), _("Nine in ten within"))
    return _with_table(
        chart,
        head,
        ((date_format(one.first, "j F Y"), one.decided, said(one.half), said(one.most)) for one in weeks),
    )


def _share_chart(board: Board) -> charts.Chart:
    def name(share: figures.Share) -> str:
        service = board.edition.services.get(share.service)
        use_case = board.edition.use_cases.get(share.use_case)
        words = [
            service.name.to(get_language()) if service else share.service,
            f"{share.use_case}: {use_case.name.to(get_language())}" if use_case else share.use_case,
        ]
        return " · ".join(word for word in words if word)

    shown = [(name(share), float(share.percent), f"{share.percent} %") for share in board.shares]
    chart = charts.bar_chart(_("Share of items approved"), shown, head=("", ""), full=100)
    head = (_("Service and use case"), _("Approved"), _("Denied"), _("Share approved"))
    return _with_table(
        chart,
        head,
        ((name(one), one.approved, one.denied, f"{one.percent} %") for one in board.shares),
    )
