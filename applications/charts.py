"""Charts as SVG from the server (floor 5): pure functions of what is given, no database, no clock.

x is in percent and text keeps its size, so that one drawing fits every width. The idea behind them: a filled
dot is where something begins, an open ring is where it ends and does not count (`[start, end)`); an arrow
goes on beyond the picture, with its date in words. Colours and strokes are classes of `static/css/spans.css`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

_TEXT_LIMIT = 26  # characters of a name that fit beside the rows; the table beneath has it whole
_WEEKS_UNTIL, _MONTHS_UNTIL = 92, 1500  # days: how long a span may be for a tick a week, a tick a month
_NO_MARK_NEAR = 12  # percent: month names keep this distance from the deadline's date


@dataclass(frozen=True)
class Chart:
    """A figure for `includes/chart.html`: titled by its message, drawn, and told again as a table."""

    title: str
    svg: SafeString
    head: tuple[Any, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()


def span(
    start: dt.datetime,
    end: dt.datetime,
    *,
    now: dt.datetime | None = None,
    mark: dt.datetime | None = None,
    mark_text: str = "",
    tone: str = "accent",
) -> SafeString:
    """One span from `start` to its exclusive `end`.

    With `now` the part behind us is thick and the part to come thin; `mark` is one more labelled instant.
    """
    here = None if now is None else _percent(now, start, end)
    begin_text, end_text, hour = _date(start), _date(_last(end)), f", {_last(end):%H:%M} UTC"
    labels = [(x, text) for x, text in _span_labels(here, now, mark, mark_text, start, end)]
    sentence = ". ".join(
        [
            _("From %(start)s until %(end)s") % {"start": begin_text, "end": end_text + hour},
            *(t for _x, t in labels),
        ]
    )
    return format_html(
        '<svg class="span is-{tone}" role="img" aria-label="{sentence}" height="80" dir="ltr">'
        "{labels}{ticks}"
        '<line class="line" x1="0" x2="{used}%" y1="37" y2="37"/>'
        '<line class="rest" x1="{used}%" x2="100%" y1="37" y2="37"/>{marks}'
        '<circle class="begin" cx="0" cy="37" r="7"/>'
        '<circle class="end{end_tone}" cx="100%" cy="37" r="6.5"/>'
        '<text x="0" dx="-7" y="74">{begin}</text>'
        '<text class="bold" x="100%" dx="7" y="74" text-anchor="end">{finish}'
        '<tspan class="hour">{hour}</tspan></text></svg>',
        tone=tone,
        sentence=sentence,
        labels=format_html_join(
            "",
            '<text class="bold" x="{}%" y="14" text-anchor="{}">{}</text>',
            ((x, _anchor(x), text) for x, text in labels),
        ),
        ticks=_ticks(start, end, 41, 48),
        used=100 if here is None else here,
        marks=format_html_join(
            "", '<line class="mark" x1="{0}%" x2="{0}%" y1="26" y2="48"/>', ((x,) for x, _text in labels)
        ),
        end_tone="" if here is None else " is-waiting",
        begin=begin_text,
        finish=end_text,
        hour=hour,
    )


def _span_labels(
    here: float | None,
    now: dt.datetime | None,
    mark: dt.datetime | None,
    mark_text: str,
    start: dt.datetime,
    end: dt.datetime,
) -> Iterator[tuple[float, str]]:
    if here is not None and now is not None and start <= now < end:
        yield here, _("Today, %(day)s") % {"day": _day(now)}
    if mark is not None and start <= mark <= end:
        yield _percent(mark, start, end), mark_text


def bar_chart(
    title: str, values: Sequence[tuple[str, float, str]], *, head: tuple[Any, Any], full: float = 0
) -> Chart:
    """Horizontal bars of (name, value, value in words); full width is `full`, else the longest."""
    top = full or max((value for _name, value, _words in values), default=0) or 1
    rows = format_html_join(
        "",
        '<text x="0" y="{ty}">{name}</text><rect class="bar-track" x="0" y="{y}" width="82%" height="12" rx="2"/>'
        '<rect class="bar is-now" x="0" y="{y}" width="{w}%" height="12" rx="2"/>'
        '<text class="bold" x="84%" y="{wy}">{words}</text>',
        (
            {
                "name": name,
                "ty": 48 * n + 16,
                "y": 48 * n + 25,
                "wy": 48 * n + 36,
                "w": round(82 * value / top, 2),
                "words": words,
            }
            for n, (name, value, words) in enumerate(values)
        ),
    )
    label = f"{title}. " + "; ".join(f"{name}: {words}" for name, _value, words in values)
    svg = format_html(
        '<svg class="bars" role="img" aria-label="{}" height="{}" dir="ltr">{}</svg>',
        label,
        48 * len(values),
        rows,
    )
    return Chart(title, svg, head, tuple((name, words) for name, _value, words in values))


def line_chart(title: str, values: Sequence[tuple[str, float, str]], *, head: tuple[Any, Any]) -> Chart:
    """One line over equal steps of (name, value, value in words); first, last and highest are labelled."""
    top = max((value for _name, value, _words in values), default=0) or 1
    step = 100 / max(1, len(values) - 1)
    points = [(round(step * n, 2), round(100 - 92 * v / top, 2)) for n, (_n, v, _w) in enumerate(values)]
    named = {0, len(values) - 1} if values else set()
    labels = format_html_join(
        "",
        '<text class="soft" x="{}%" y="184" text-anchor="{}">{}</text>',
        ((points[n][0], _anchor(points[n][0]), values[n][0]) for n in sorted(named)),
    )
    label = f"{title}. " + "; ".join(f"{name}: {words}" for name, _value, words in values)
    svg = format_html(
        '<svg class="lines is-now" role="img" aria-label="{}" height="190" dir="ltr">'
        '<svg y="16" width="100%" height="144" viewBox="0 0 100 100" preserveAspectRatio="none">'
        '<polyline vector-effect="non-scaling-stroke" points="{}"/></svg>'
        '<line class="axis" x1="0" x2="100%" y1="162" y2="162"/><g class="is-plain">{}'
        '<text class="bold" x="100%" y="12" text-anchor="end">{}</text></g></svg>',
        label,
        " ".join(f"{x},{y}" for x, y in points),
        labels,
        values[-1][2] if values else "",
    )
    return Chart(title, svg, head, tuple((name, words) for name, _value, words in values))


# ---- arithmetic and words ----


def _percent(at: dt.datetime, start: dt.datetime, end: dt.datetime) -> float:
    """Where `at` lies between `start` and `end`, held to 0…100."""
    whole = (end - start).total_seconds()
    return round(min(100.0, max(0.0, 100 * (at - start).total_seconds() / whole)) if whole > 0 else 0.0, 2)


def _months(start: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    """The first instant of each month strictly between the two."""
    year, month = start.year, start.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        first = start.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
        if first >= end:
            return
        yield first


def _ticks(start: dt.datetime, end: dt.datetime, top: int, bottom: int) -> SafeString:
    """A tick a month; a week where the span is shorter than three months; none beyond four years."""
    days = (end - start).days
    at: Iterable[dt.datetime] = ()
    if days <= _WEEKS_UNTIL:
        at = (start + dt.timedelta(weeks=week) for week in range(1, days // 7 + 1))
    elif days <= _MONTHS_UNTIL:
        at = _months(start, end)
    return format_html_join(
        "",
        '<line class="tick" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>',
        ((_percent(moment, start, end), top, bottom) for moment in at),
    )


def _anchor(x: float) -> str:
    return "start" if x < 18 else "end" if x > 82 else "middle"


def _last(end: dt.datetime) -> dt.datetime:
    return (end - dt.timedelta(microseconds=1)).astimezone(dt.UTC)


def _date(moment: dt.datetime) -> str:
    return formats.date_format(moment.astimezone(dt.UTC), _("j F Y"))


def _day(moment: dt.datetime) -> str:
    return formats.date_format(moment.astimezone(dt.UTC), _("j F"))


def _shorten(name: str) -> str:
    return name if len(name) <= _TEXT_LIMIT else name[: _TEXT_LIMIT - 1].rstrip() + "…"
