"""Floor 6: the frame of the desk: who may come in, what stands in the side bar, how refusals look.

`site.Desk` wraps every view of the desk and puts `desk` on the request: the AdminSite's own context.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from applications import clock
from applications.exceptions import NoEdition, NotAllowed, NotFound
from applications.models import User
from applications.permissions import Can, can, require
from applications.queries.lanes import lane_counts

P = ParamSpec("P")
Page = Callable[..., HttpResponse]


class StaffRequest(HttpRequest):
    """A request inside the desk: somebody of ours, and the AdminSite's context when a page needs it."""

    user: User
    desk: Callable[[], dict[str, Any]]
    lane_counts: dict[str, int]


View = Callable[Concatenate[StaffRequest, P], HttpResponse]


def staff(power: Can, *methods: str) -> Callable[[View[P]], Page]:
    """Declare what a person of ours needs for a view, and which methods it has (`site.Desk` holds them to these).

    Refusals become pages.
    """

    def wrap(view: View[P]) -> Page:
        @wraps(view)
        def guarded(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                require(request.user, power)
                return view(request, *args, **kwargs)
            except NotFound as error:
                raise Http404 from error
            except NotAllowed as error:
                told = {"title": _("Not for your role"), "why": error.message}
                return page(request, "admin/refused.html", told, status=403)
            except NoEdition as error:
                told = {"title": _("No policy is in force yet"), "why": error.message}
                return page(request, "admin/no_edition.html", told, status=503)

        guarded.methods = [*methods, "HEAD"] if "GET" in methods else list(methods)  # type: ignore[attr-defined]
        return guarded

    return wrap


def page(request: StaffRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page in the desk's frame."""
    return render(request, template, {**request.desk(), **context}, status=status)


def counts(request: StaffRequest, now: datetime) -> dict[str, int]:
    """Cases by lane, counted once a request; a page that sets `lane_counts` to nothing does without."""
    if not hasattr(request, "lane_counts"):
        request.lane_counts = lane_counts(request.user, now)
    return request.lane_counts


def navigation(request: StaffRequest) -> list[dict[str, Any]]:
    """Groups of links for the side bar: what this person may see, with what waits."""
    groups = []
    if can(request.user, Can.SEE_CASES):
        waiting = counts(request, clock.now())
        groups.append(
            _group(
                request,
                _("Reviewing"),
                [
                    (reverse("admin:index"), _("Queue"), waiting.get("open")),
                    (reverse("admin:index") + "?lane=mine", _("My cases"), waiting.get("mine")),
                    (reverse("admin:index") + "?lane=second", _("Second review"), waiting.get("second")),
                    (reverse("admin:index") + "?lane=appeals", _("Appeals"), waiting.get("appeals")),
                ],
            )
        )
    leading = [
        (reverse("admin:blind"), _("Blind second review"), Can.REVIEW),
        (reverse("admin:figures"), _("Figures"), Can.SEE_FIGURES),
        (reverse("admin:handing"), _("Hand cases over"), Can.LEAD),
    ]
    if allowed := [(href, label, None) for href, label, power in leading if can(request.user, power)]:
        groups.append(_group(request, _("Leading"), allowed))
    if can(request.user, Can.SEE_CUSTOMERS):
        links = [
            (reverse("admin:deadlines"), _("When rights end"), None),
            (reverse("admin:rights"), _("Acts on rights"), None),
        ]
        groups.append(_group(request, _("Rights"), links))
    if can(request.user, Can.OPERATE):
        groups.append(_group(request, _("People"), [(reverse("admin:joins"), _("Requests to join"), None)]))
    ways = [
        (reverse("admin:attention"), _("Needs attention"), Can.SEE_CUSTOMERS),
        (reverse("admin:editions"), _("Policy editions"), Can.SEE_CUSTOMERS),
        (reverse("admin:outbox"), _("Outbox"), Can.SEE_RECORD),
        (reverse("admin:privacy"), _("Personal data"), Can.SEE_RECORD),
        (reverse("admin:report"), _("Who had access"), Can.SEE_RECORD),
        (reverse("admin:runs"), _("Duties"), Can.SEE_RECORD),
        (reverse("admin:you"), _("Digest and absence"), Can.SEE_CUSTOMERS),
        (reverse("admin:gateways"), _("Gateways"), Can.SEE_RECORD),
    ]
    if allowed := [(href, label, None) for href, label, power in ways if can(request.user, power)]:
        groups.append(_group(request, _("Operating"), allowed))
    for name, models in _models().items():
        links = [
            (reverse(f"admin:applications_{model}_changelist"), label, None)
            for model, label, power in models
            if can(request.user, power)
        ]
        if links:
            groups.append(_group(request, name, links))
    return groups


def _models() -> dict[str, list[tuple[str, str, Can]]]:
    """Model pages of the side bar, in groups."""
    return {
        _("Customers"): [
            ("customer", _("Customers"), Can.SEE_CUSTOMERS),
            ("subscription", _("Subscriptions"), Can.SEE_CUSTOMERS),
            ("accessgrant", _("Rights"), Can.SEE_CUSTOMERS),
            ("application", _("Applications"), Can.SEE_CASES),
        ],
        _("Deadlines"): [
            ("deadlinepreview", _("Previews"), Can.SEE_CUSTOMERS),
            ("reminder", _("Reminders"), Can.SEE_CUSTOMERS),
            ("outboundmessage", _("Messages"), Can.SEE_RECORD),
        ],
        _("Policy"): [
            ("policyedition", _("Editions"), Can.SEE_CUSTOMERS),
        ],
        _("Record"): [
            ("auditevent", _("Audit"), Can.SEE_RECORD),
            ("jobrun", _("Job runs"), Can.SEE_RECORD),
            ("user", _("People"), Can.SEE_RECORD),
        ],
    }


def _group(request: StaffRequest, name: str, links: Sequence[tuple[str, str, int | None]]) -> dict[str, Any]:
    here = request.path
    lane = request.GET.get("lane", "")
    return {
        "name": name,
        "links": [
            {
                "href": href,
                "label": label,
                "count": count,
                "current": href.partition("?")[0] == here and href.partition("lane=")[2] == lane,
            }
            for href, label, count in links
        ],
    }
