"""Floor 6: the queue, first page of the desk."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import desk, review
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.forms.review import QueueFilter, SaveFilterForm
from applications.permissions import Can, can
from applications.queries import desk as shown
from applications.queries import queue
from applications.queries.lanes import LANE, LANES
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition
from applications.views.desk import StaffRequest, counts, page, staff


@staff(Can.SEE_CASES, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """The queue: a lane, narrowed by the filters of the address, from a place on."""
    return _index(request)


def _index(request: StaffRequest, saving: SaveFilterForm | None = None) -> HttpResponse:
    now, edition = clock.now(), edition_in_force()
    people, kept = queue.reviewers_and_filters(request.user)
    form = QueueFilter(request.GET, edition=edition, language=get_language(), people=people)
    asked = _asked(form, edition)
    if reference := queue.named(asked.text):
        return redirect("admin:case", reference)
    found = queue.page(asked, user=request.user, now=now, after=place_of(request.GET.get("after", "")))
    waiting = counts(request, now)
    context = {
        "title": _("Queue"),
        "now": now,
        "form": form,
        "lanes": _lanes(request, asked.lane, waiting),
        "waiting": waiting,
        "lane": LANE[asked.lane],
        "rows": shown.rows(found.rows, edition=edition, user=request.user, now=now, language=get_language()),
        "narrowed": _is_narrowed(asked),
        "closed_too": _address(request, closed="on") if asked.text and not asked.closed_too else "",
        "everything": _address(request, drop=_FILTERS),
        "next": _address(request, after=token_of(found.last)) if found.last else "",
        "first": _address(request, drop=("after",)) if request.GET.get("after") else "",
        "takes": can(request.user, Can.REVIEW),
        "dense": request.GET.get("view") == "dense",
        "other_view": _address(request, view="" if request.GET.get("view") == "dense" else "dense"),
        "keys": _keys(),
        "kept": kept,
        "saving": saving or SaveFilterForm(),
        "asked": request.GET.urlencode(),
        "you": request.user,
        "here": reverse("admin:index"),
    }
    return page(request, "admin/queue.html", context, 422 if saving else 200)


@staff(Can.REVIEW, "POST")
def take_next(request: StaffRequest) -> HttpResponse:
    """Give the person the most urgent case that nobody has."""
    try:
        taken = review.take_next(by=request.user, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
        return redirect("admin:index")
    if taken is None:
        messages.info(request, _("Nothing is waiting that you may take."))
        return redirect("admin:index")
    messages.success(request, _("%(reference)s is yours.") % {"reference": taken.reference})
    return redirect("admin:case", taken.reference)


@staff(Can.REVIEW, "POST")
def save_filter(request: StaffRequest) -> HttpResponse:
    """Keep what the address asks for under a name."""
    form = SaveFilterForm(request.POST)
    if form.is_valid():
        try:
            saved = desk.save_filter(
                form.cleaned_data["name"],
                request.GET.urlencode(),
                shared=form.cleaned_data["shared"],
                by=request.user,
                now=clock.now(),
            )
        except InvalidInput as error:
            form.add_error("name", error.errors["name"])
        else:
            messages.success(request, _("Saved as “%(name)s”.") % {"name": saved.name})
            return redirect(f"{reverse('admin:index')}?{saved.query}")
    return _index(request, form)


@staff(Can.REVIEW, "POST")
def delete_filter(request: StaffRequest, *, pk: int) -> HttpResponse:
    desk.delete_filter(pk, by=request.user)
    messages.success(request, _("The view is deleted."))
    return redirect("admin:index")


# --- the address ---

_FILTERS = ("q", "reviewer", "service", "risk", "flag", "closed", "after")


def _asked(form: QueueFilter, edition: Edition) -> queue.Asked:
    service = form.asked("service")
    risk = form.asked("risk")
    return queue.Asked(
        lane=form.asked("lane") or "open",
        reviewer=form.asked("reviewer"),
        capabilities=tuple(one.code for one in edition.capabilities_of(service)) if service else (),
        risk=int(risk) if risk else None,
        flag=form.asked("flag"),
        text=form.asked("q"),
        closed_too=bool(form.asked("closed")),
    )


def _is_narrowed(asked: queue.Asked) -> bool:
    return asked != queue.Asked(lane=asked.lane)


def _address(request: StaffRequest, drop: tuple[str, ...] = ("after",), **values: str) -> str:
    """This address with other values; what is empty falls away."""
    kept = {key: value for key, value in request.GET.items() if key not in drop} | values
    text = urlencode({key: value for key, value in kept.items() if value})
    return f"{reverse('admin:index')}?{text}" if text else reverse("admin:index")


def _lanes(request: StaffRequest, current: str, waiting: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "label": lane.label,
            "count": waiting[lane.name],
            "href": _address(request, lane="" if lane.code == "open" else lane.code),
            "current": lane.code == current,
            "alarm": lane.alarm,
            "key": lane.key or number,
        }
        for number, lane in enumerate(LANES, start=1)
    ]


def token_of(place: queue.Place) -> str:
    rank, urgent_at, pk = place
    return f"{rank}~{urgent_at.isoformat()}~{pk}"


def place_of(token: str) -> queue.Place | None:
    """The row after which the page begins; nonsense means the first page."""
    rank, _tilde, rest = token.partition("~")
    moment, _tilde, pk = rest.partition("~")
    try:
        urgent_at = datetime.fromisoformat(moment)
        found = int(rank), urgent_at, int(pk)
    except ValueError:
        return None
    return found if urgent_at.tzinfo and abs(found[0]) < 10 and 0 <= found[2] < 2**63 else None


def _keys() -> list[tuple[str, str]]:
    return [
        ("J, K", _("down, up")),
        ("Enter", _("open the case")),
        ("C", _("claim the case of the row")),
        ("T", _("take next")),
        ("1–9", _("lane")),
        *((lane.key.upper(), str(lane.label)) for lane in LANES if lane.key),
        ("D", _("to the decision, in a case of yours")),
        ("N", _("next page")),
        ("/", _("search")),
        ("?", _("all keys")),
    ]
