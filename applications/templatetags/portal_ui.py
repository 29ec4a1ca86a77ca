"""Tags for the face of the portal: icons, states, instants, ids, spans. docs/look.md shows each in use."""

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import template
from django.forms import BaseForm, BoundField
from django.forms.formsets import BaseFormSet
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from applications import charts, enums, icons
from applications.rules.policy import Text

register = template.Library()

# code → (icon, meaning, word). Colour repeats what icon and word have said.
_FACES: dict[str, tuple[str, str, Any]] = {
    "open": ("ring", "open", gettext_lazy("Open")),
    "waiting": ("half", "waiting", gettext_lazy("Waiting")),
    "granted": ("disc-tick", "granted", gettext_lazy("Granted")),
    "ended": ("square-bar", "ended", gettext_lazy("Ended")),
    "gated": ("lock", "plain", enums.CapabilityState.GATED.label),
    "retired": ("square-bar", "ended", enums.CapabilityState.RETIRED.label),
    "not_applied": ("lock", "quiet", gettext_lazy("Not applied for")),
    "in_draft": ("ring-bar", "quiet", gettext_lazy("In this draft")),
    # sections of a draft
    "complete": ("tick", "granted", gettext_lazy("Complete")),
    "in_progress": ("ring-bar", "plain", gettext_lazy("In progress")),
    "not_started": ("dashed", "quiet", gettext_lazy("Not started")),
    "optional": ("dashed", "quiet", gettext_lazy("Optional")),
    "locked": ("lock", "quiet", gettext_lazy("Cannot start yet")),
    "errors": ("triangle", "ended", gettext_lazy("Errors")),
    # who has the ball
    "with_us": ("half", "waiting", gettext_lazy("With us")),
    "with_you": ("dot", "now", gettext_lazy("With you")),
    "paused": ("pause", "quiet", gettext_lazy("The clock stood still")),
    # states of an access application
    "draft": ("ring-bar", "quiet", enums.State.DRAFT.label),
    "submitted": ("half", "waiting", enums.State.SUBMITTED.label),
    "in_review": ("half", "waiting", enums.State.IN_REVIEW.label),
    "information_requested": ("dot", "now", enums.State.INFORMATION_REQUESTED.label),
    "second_review": ("half", "waiting", enums.State.SECOND_REVIEW.label),
    "decided": ("tick", "plain", enums.State.DECIDED.label),
    "withdrawn": ("square-bar", "quiet", enums.State.WITHDRAWN.label),
    "lapsed": ("square-bar", "ended", enums.State.LAPSED.label),
    # the same at the desk: only what a person must touch stands out
    "desk_new": ("dashed", "quiet", gettext_lazy("New")),
    "desk_in_review": ("ring-bar", "quiet", gettext_lazy("In review")),
    "desk_answered": ("half", "waiting", gettext_lazy("Answered")),
    "desk_second_review": ("half", "waiting", gettext_lazy("Second review")),
    "desk_information_requested": ("pause", "quiet", gettext_lazy("With the customer")),
    # outcomes
    "approved": ("disc-tick", "granted", enums.Outcome.APPROVED.label),
    "approved_with_conditions": ("disc-tick", "granted", enums.Outcome.CONDITIONS.label),
    "denied": ("square-bar", "ended", enums.Outcome.DENIED.label),
    "not_needed": ("ring", "open", enums.Outcome.NOT_NEEDED.label),
    "answered": ("tick", "plain", enums.Outcome.ANSWERED.label),
    # answers of the access rule that are not in the list above
    "extension": ("disc-tick", "granted", gettext_lazy("Extended")),
    "grace": ("disc-tick", "granted", gettext_lazy("Grace year")),
    "pending": ("half", "waiting", gettext_lazy("Waiting")),
    "suspended": ("square-bar", "ended", gettext_lazy("Suspended")),
    "revoked": ("square-bar", "ended", gettext_lazy("Revoked")),
    "expired": ("square-bar", "ended", gettext_lazy("Ran out")),
    "grace_ended": ("square-bar", "ended", gettext_lazy("Grace year ended")),
    "unknown_capability": ("square-bar", "ended", gettext_lazy("Capability not known")),
    "unknown_subscription": ("square-bar", "ended", gettext_lazy("Subscription not known")),
    "error": ("triangle", "ended", gettext_lazy("No answer possible now")),
    # risk, flags
    "risk_0": ("risk-0", "plain", enums.Risk.LOW.label),
    "risk_1": ("risk-1", "plain", enums.Risk.MEDIUM.label),
    "risk_2": ("risk-2", "plain", enums.Risk.HIGH.label),
    "deny": ("pennant", "ended", enums.FlagEffect.DENY.label),
    "escalate": ("pennant", "waiting", enums.FlagEffect.ESCALATE.label),
    "condition": ("pennant", "waiting", enums.FlagEffect.CONDITION.label),
    "ask": ("pennant", "waiting", enums.FlagEffect.ASK.label),
    "cured": ("tick", "granted", gettext_lazy("Does not apply")),
    "stands": ("pennant", "waiting", gettext_lazy("Stands")),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    return icons.icon(name, css)


@register.simple_tag
def state(code: Any, label: Any = None, note: Any = None) -> SafeString:
    """Icon and word of a state; `note` stands beneath. An unknown code is a fault of ours: KeyError."""
    badge = _badge(str(code), get_language()) if label is None else _labelled(str(code), label)
    if not note:
        return badge
    return format_html('<span>{}<span class="state-note">{}</span></span>', badge, note)


@lru_cache(maxsize=1024)
def _badge(code: str, language: str | None) -> SafeString:
    """A page says the same few a hundred times; `language` only tells one from another."""
    return _labelled(code)


def _labelled(code: str, label: Any = None) -> SafeString:
    shape, meaning, word = _FACES[code]
    return format_html(
        '<span class="state is-{}">{}<span>{}</span></span>', meaning, icons.icon(shape), label or word
    )


@register.simple_tag
def state_icon(code: Any, css: str = "") -> SafeString:
    """Only the icon, in the colour of its meaning: the word stands in the heading beside it."""
    shape, meaning, _word = _FACES[str(code)]
    return icons.icon(shape, f"is-{meaning} {css}".strip())


# ---- instants: a date has its year, an end its hour and zone ----


@register.filter
def day(value: dt.datetime | dt.date | None) -> SafeString | str:
    """`30 June 2023` (UTC)."""
    if value is None:
        return ""
    moment = value.astimezone(dt.UTC).date() if isinstance(value, dt.datetime) else value
    return _time(moment.isoformat(), formats.date_format(moment, _("j F Y")))


@register.filter
def short_day(value: dt.datetime | dt.date | None) -> SafeString | str:
    """`30 June`: only in dense tables, clocks and rulers whose year stands nearby."""
    if value is None:
        return ""
    return _short(
        value.astimezone(dt.UTC).date() if isinstance(value, dt.datetime) else value, get_language()
    )


@lru_cache(maxsize=1024)
def _short(moment: dt.date, language: str | None) -> SafeString:
    return _time(moment.isoformat(), formats.date_format(moment, _("j F")))


@register.filter
def instant(value: dt.datetime | None, zone: str = "UTC") -> SafeString | str:
    """`30 June 2023, 23:59 UTC`; with a zone name, the same instant there: `1 July 2023, 01:59 CEST`."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone or "UTC"))
    words = f"{formats.date_format(local, _('j F Y, H:i'))} {local.tzname()}"
    return _time(value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), words)


@register.filter
def last_day(ends_at: dt.datetime | None) -> SafeString | str:
    """The last day on which a right with this exclusive end still holds: `30 June 2023`."""
    return "" if ends_at is None else day(ends_at - dt.timedelta(microseconds=1))


@register.filter
def short_last_day(ends_at: dt.datetime | None) -> SafeString | str:
    """`last_day` without its year: only in dense tables."""
    return "" if ends_at is None else short_day(ends_at - dt.timedelta(microseconds=1))


@register.filter
def last_instant(ends_at: dt.datetime | None, zone: str = "UTC") -> SafeString | str:
    """The last minute of a right with this exclusive end: `30 June 2023, 23:59 UTC`."""
    return "" if ends_at is None else instant(ends_at - dt.timedelta(microseconds=1), zone)


def _time(machine: str, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', machine, words)


# ---- ids, names, errors ----


@register.filter
def said(text: Any) -> str:
    """A text of an edition in the reader's language."""
    return text.to(get_language()) if isinstance(text, Text) else str(text)


@register.filter
def guid(value: UUID | str) -> SafeString:
    """An id, whole, that breaks only after a dash."""
    groups = str(value).split("-")
    return format_html('<span class="id">{}</span>', format_html_join("-", "<wbr>{}", ((g,) for g in groups)))


@register.filter
def first_sentence(text: Any) -> str:
    """What is wrong, in bold; `rest_of` is what to do."""
    return _sentences(text)[0]


@register.filter
def rest_of(text: Any) -> str:
    return _sentences(text)[1]


def _sentences(text: Any) -> tuple[str, str]:
    match = re.match(r"(.+?[.!?])\s+(.+)", str(text), re.DOTALL)
    return (match[1], match[2]) if match else (str(text), "")


@register.inclusion_tag("includes/error_summary.html")
def error_summary(*sources: Any) -> dict[str, Any]:
    """The errors of forms and formsets, each linked to its field. Marks them as shown.

    A form whose summary was not shown above shows it at its own head (`bootstrap5/errors.html`), so that a
    message is never lost and never said twice.
    """
    entries: list[tuple[str, Any, Any]] = []
    for source in (source for source in sources if not getattr(source, "summary_shown", False)):
        source.summary_shown = True
        forms = [*source.forms] if isinstance(source, BaseFormSet) else [source]
        if isinstance(source, BaseFormSet) and source.is_bound:
            entries += [("", "", message) for message in source.non_form_errors()]
        for form in forms:
            form.summary_shown = True
            entries += _errors_of(form)
    return {"entries": entries, "counted": sum(1 for href, _label, _message in entries if href)}


def _errors_of(form: BaseForm) -> Iterator[tuple[str, Any, Any]]:
    for message in form.non_field_errors():
        yield "", "", message
    for field in form:
        for message in field.errors:
            href = "" if field.is_hidden else f"#{field.id_for_label or field.auto_id + '_0'}"
            yield href, field.label, _sentences(message)[0].rstrip(".")


@register.filter
def option_help(field: BoundField, value: Any) -> Any:
    """The line beneath one choice of a radio or check box group: `widget.option_help[value]`."""
    return getattr(field.field.widget, "option_help", {}).get(str(value), "")


@register.filter
def read_back(field: BoundField) -> bool:
    """Whether the field's value is read back beneath it (long ids do not fit a small screen)."""
    return "data-read-back" in field.field.widget.attrs


@register.filter
def marked_optional(field: BoundField) -> bool:
    """Fields are required unless marked "(optional)"; forms that filter set `mark_optional = False`."""
    return not field.field.required and getattr(field.form, "mark_optional", True)


# ---- page frame ----


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The reader's chosen theme: `light`, `dark` or empty for the system's."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return chosen if chosen in {"light", "dark"} else ""


@register.inclusion_tag("includes/nav_item.html", takes_context=True)
def nav_item(context: Context, name: str, label: Any, css: str = "") -> dict[str, Any]:
    """A link of the navigation, marked when the page is at or below it. Absent while its URL is not there."""
    try:
        href = reverse(name)
    except NoReverseMatch:
        return {"href": "", "label": label, "css": css, "current": ""}
    request = context.get("request")
    path = request.path if request else ""
    below = href != "/" and path.startswith(href)
    current = "page" if path == href else "true" if below else ""
    return {"href": href, "label": label, "css": css, "current": current}


@register.simple_tag
def span(
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime | None = None,
    mark: dt.datetime | None = None,
    mark_text: str = "",
    tone: str = "accent",
) -> SafeString:
    """A right as a span with a filled start and an open end; see `charts.span`."""
    return charts.span(start, end, now=now, mark=mark, mark_text=mark_text, tone=tone)
