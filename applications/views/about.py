"""Pages for everybody about the rules of the house: policy, editions compared, how we decide, help (floor 6)."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from applications import clock
from applications.exceptions import NotFound
from applications.models import PolicyEdition
from applications.queries import catalogue as find
from applications.queries import editions
from applications.queries.pace import latest_pace
from applications.queries.policy import edition_in_force, edition_of, no_edition
from applications.rules.policy import (
    Difference,
    Edition,
    Paragraph,
    Text,
    Turn,
    compare,
    turned,
    uses_turned,
)
from applications.rules.privacy import PERIODS
from applications.views.pages import public_page

TOLD = ("limits", "paragraphs", "reasons", "conditions")
"""Tables of an edition that are told key by key; words that screening looks for are not."""


@public_page("GET")
def policy(request: HttpRequest) -> HttpResponse:
    """An edition in plain words; each paragraph has an anchor, since reasons and letters cite them."""
    rows = editions.editions()
    wanted = request.GET.get("edition", "")
    row = _named(rows, wanted) if wanted else next((one for one in rows if one.in_force), None)
    if row is None:
        raise NotFound if wanted else no_edition()
    edition, now, language = edition_of(row), clock.now(), get_language()
    services: dict[str, dict[str, list[find.Entry]]] = {}
    for entry in find.entries(edition, now, language):
        services.setdefault(entry.service, {}).setdefault(entry.state.value, []).append(entry)
    uses = [
        (use, [edition.capabilities[code].name.to(language) for code in use.capabilities])
        for use in edition.use_cases.values()
    ]
    context = {
        "edition": edition,
        "row": row,
        "editions": rows,
        "services": [(name, by_state.items()) for name, by_state in services.items()],
        "uses": uses,
        "now": now,
    }
    return render(request, "about/policy.html", context)


def _named(rows: list[PolicyEdition], code: str) -> PolicyEdition | None:
    return next((one for one in rows if one.code == code), None)


@public_page("GET")
def compare_editions(request: HttpRequest) -> HttpResponse:
    """What one edition changes against another: `?from=…&to=…`, by default the two newest."""
    rows = editions.editions()
    newest = next((one for one in rows if one.in_force), rows[0] if rows else None)
    before = next((one for one in rows if one != newest), None)
    old = _named(rows, request.GET["from"]) if request.GET.get("from") else before
    new = _named(rows, request.GET["to"]) if request.GET.get("to") else newest
    context = {
        "editions": rows,
        "old": old,
        "new": new,
        "unknown": len(rows) > 1 and (old is None or new is None),
        "changes": _changes(edition_of(old), edition_of(new)) if old and new and old != new else None,
    }
    return render(request, "about/compare.html", context)


def _changes(old: Edition, new: Edition) -> dict[str, object]:
    found = turned(old, new)
    uses = uses_turned(old, new)
    rest = [(_named_by(one, old, new), one) for one in compare(old, new) if one.table in TOLD]
    return {
        "turns": [
            (turn.value, rows)
            for turn in Turn
            if (rows := [(one, of) for one, of in found.items() if one.turn is turn])
        ],
        "uses": [(kind, cases) for kind, cases in uses.items() if cases],
        "rest": rest,
        "any": bool(found or rest or any(uses.values())),
    }


_TERMS = {
    "approval_months": gettext_lazy("Months for which an approval runs"),
    "review_business_days": gettext_lazy("Business days for an answer"),
    "information_business_days": gettext_lazy("Business days to answer a question"),
    "draft_days": gettext_lazy("Days for which a draft is kept"),
    "appeal_days": gettext_lazy("Days to appeal"),
    "renewal_lead_business_days": gettext_lazy("Business days before the end to renew in time"),
    "renewal_extension_days": gettext_lazy("Days for which a renewal holds an end, at most"),
    "earlier_end_days": gettext_lazy("Days left, at least, when an end moves forward"),
    "last_safe_business_days": gettext_lazy("Business days before an end to submit safely"),
}


def _named_by(one: Difference, old: Edition, new: Edition) -> str:
    """A term by what it says, a paragraph by its title, a reason or condition by its words; else by its key."""
    if one.table == "limits":
        return str(_TERMS.get(one.field, one.field))
    known = getattr(new, one.table).get(one.code) or getattr(old, one.table)[one.code]
    text: Text = known.title if isinstance(known, Paragraph) else known.text
    return text.to(get_language())


@public_page("GET")
def how_we_decide(request: HttpRequest) -> HttpResponse:
    context = {"edition": edition_in_force(), "pace": latest_pace()}
    return render(request, "about/how_we_decide.html", context)


@public_page("GET")
def privacy(request: HttpRequest) -> HttpResponse:
    edition = edition_in_force()
    return render(request, "about/privacy.html", {"edition": edition, "kept": _kept(edition)})


def _kept(edition: Edition) -> list[tuple[str, str, str]]:
    """What, why and how long; the periods are those that the jobs and settings go by."""
    held = {name: _long(period.after) for name, period in PERIODS.items()}
    case, warned = held["case"], _long(PERIODS["case"].warned)
    return [
        (
            _("Your name, address, language and time zone"),
            _("To sign in, and to write to you"),
            _("Until you ask us to erase them, or %(time)s after you last signed in, without an organisation")
            % {"time": held["account"]},
        ),
        (
            _("Contacts that the vendor's records name"),
            _("To warn your organisation before access ends"),
            _("Until the organisation or the person asks us to erase them"),
        ),
        (
            _("Drafts"),
            _("So that nothing you typed is lost"),
            _("%(time)s after they were last saved; then two warnings, and %(more)s more")
            % {"time": _long(timedelta(days=edition.limits.draft_days)), "more": held["draft"]},
        ),
        (
            _("Submitted applications, files, messages and letters"),
            _("To decide, and to show why"),
            _("%(time)s after the case is closed; we warn you %(before)s before")
            % {"time": case, "before": warned},
        ),
        (
            _("Rights and their dates"),
            _("They are what access rests on"),
            _("For good; they name ids and no person"),
        ),
        (
            _("The record of who did what"),
            _("To answer for every decision"),
            _("For good, in codes; without your name once you are erased"),
        ),
        (
            _("Mail that we sent"),
            _("To show that you were warned; links that open something are not kept"),
            _("%(time)s; then without text and address") % {"time": held["mail"]},
        ),
        (
            _("Invitations and requests to join"),
            _("So that a colleague can join"),
            _("%(time)s after they are answered or expire") % {"time": held["joining"]},
        ),
        (_("Your session"), _("To keep you signed in"), _hours(settings.SESSION_COOKIE_AGE // 3600)),
        (_("Runs of jobs"), _("To run the site; ids only"), held["run"]),
    ]


def _long(time: timedelta | None) -> str:
    days = time.days if time else 0
    if days >= 365:
        return ngettext("%(count)d year", "%(count)d years", round(days / 365.25)) % {
            "count": round(days / 365.25)
        }
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def _hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


@public_page("GET")
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "about/accessibility.html", {"edition": edition_in_force()})


@public_page("GET")
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "about/help.html", {"edition": edition_in_force(), "pace": latest_pace()})
