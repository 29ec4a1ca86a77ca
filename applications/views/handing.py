"""Floor 6: leads hand cases over, even out loads and write to many applicants: chosen, seen, then done, row by row.

There is no approving in bulk: a decision is made about one case by who has read it.
"""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import finding, handing
from applications.exceptions import InvalidInput, NotFound
from applications.forms.leads import ManyMessageForm, PickForm
from applications.forms.review import AssignForm
from applications.models import Application, User
from applications.permissions import Can
from applications.queries import desk as shown
from applications.queries import handing as queries
from applications.queries import queue
from applications.queries.policy import edition_in_force
from applications.views.desk import StaffRequest, page, staff
from applications.views.queue import place_of, token_of

FIELD = "case"


@staff(Can.LEAD, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """Open cases to choose from, a page of the queue at a time."""
    return _choice(request)


def _choice(
    request: StaffRequest, *, assign: AssignForm | None = None, none_chosen: bool = False, status: int = 200
) -> HttpResponse:
    now, edition, people = clock.now(), edition_in_force(), queue.reviewers()
    form = PickForm(request.GET, people=people)
    lane, reviewer = form.asked("lane") or "open", form.asked("reviewer")
    asked = queue.Asked(lane=lane, reviewer=reviewer)
    found = queue.page(asked, user=request.user, now=now, after=place_of(request.GET.get("after", "")))
    here = {name: value for name, value in (("lane", lane), ("reviewer", reviewer)) if value}
    context = {
        "title": _("Hand cases over"),
        "form": form,
        "assign": assign or AssignForm(people=people),
        "rows": shown.rows(found.rows, edition=edition, user=request.user, now=now, language=get_language()),
        "next": f"?{urlencode({**here, 'after': token_of(found.last)})}" if found.last else "",
        "picked": set(request.POST.getlist(FIELD)),
        "none_chosen": none_chosen,
    }
    return page(request, "admin/leads/choose.html", context, status)


@staff(Can.LEAD, "POST")
def preview(request: StaffRequest) -> HttpResponse:
    """The chosen cases for one person: per case from whom to whom, and what hinders it."""
    form = AssignForm(request.POST, people=queue.reviewers())
    cases = queries.chosen(request.POST.getlist(FIELD))
    if not form.is_valid() or not cases:
        return _choice(request, assign=form, none_chosen=not cases, status=422)
    lines = queries.lines_to(cases, form.person)
    return _plan(request, _("This is what you hand over"), lines, why=form.cleaned_data["why"])


@staff(Can.LEAD, "GET")
def rebalance(request: StaffRequest) -> HttpResponse:
    """A plan that evens out loads; with `?of=` it empties one person."""
    of = _person(request.GET["of"]) if "of" in request.GET else None
    lines = queries.plan(clock.now(), of=of)
    title = _("Hand over what %(who)s has") % {"who": of} if of else _("Even out the loads")
    return _plan(request, title, lines, of=of)


def _person(key: str) -> User:
    try:
        found = User.objects.filter(key=UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound
    return found


def _plan(
    request: StaffRequest, title: str, lines: list[queries.Line], *, why: str = "", of: User | None = None
) -> HttpResponse:
    context = {
        "title": title,
        "lines": lines,
        "possible": sum(not line.hinders for line in lines),
        "why": why,
        "of": of,
        "most": queries.MOST,
    }
    return page(request, "admin/leads/plan.html", context)


@staff(Can.LEAD, "POST")
def confirm(request: StaffRequest) -> HttpResponse:
    """Do it, case by case; what has moved meanwhile is reported."""
    plan = list(_read(request.POST.getlist("move")))
    results = handing.hand_over(plan, why=request.POST.get("why", ""), by=request.user, now=clock.now())
    return _results(request, results)


def _read(moves: Iterable[str]) -> Iterable[handing.Handing]:
    """`reference~instant~key` of each case, as the preview wrote them; nonsense is left out."""
    for move in moves:
        reference, _tilde, rest = move.partition("~")
        seen, _tilde, key = rest.partition("~")
        try:
            at = datetime.fromisoformat(seen)
        except ValueError:
            continue
        if at.tzinfo:
            yield handing.Handing(reference, at, key)


def _results(request: StaffRequest, results: list[queries.Result]) -> HttpResponse:
    context = {
        "title": _("What became of each case"),
        "results": results,
        "done": sum(one.done for one in results),
    }
    return page(request, "admin/leads/results.html", context)


# --- writing to many ---


@staff(Can.LEAD, "POST")
def write(request: StaffRequest) -> HttpResponse:
    """What to write, then how it reads and to whom, then sent: `step` says which."""
    step = request.POST.get("step", "")
    cases = queries.chosen(request.POST.getlist(FIELD))
    if not cases:
        return _choice(request, none_chosen=True, status=422)
    form = ManyMessageForm(request.POST if step else None)
    if step and form.is_valid():
        if step == "send":
            return _send(request, form)
        if step == "see":
            context = {"sees": True, "batch": uuid4()}
            return _message_page(request, cases, form, context)
    return _message_page(request, cases, form, {"sees": False}, 422 if form.errors else 200)


def _message_page(
    request: StaffRequest,
    cases: list[Application],
    form: ManyMessageForm,
    more: dict[str, object],
    status: int = 200,
) -> HttpResponse:
    customers = len({one.customer_id for one in cases})
    context = {"title": _("Write to many applicants"), "form": form, "cases": cases, "customers": customers}
    return page(request, "admin/leads/message.html", {**context, **more}, status)


def _send(request: StaffRequest, form: ManyMessageForm) -> HttpResponse:
    try:
        results = finding.write_to_many(
            request.POST.getlist(FIELD),
            body=form.cleaned_data["body"],
            batch=UUID(request.POST.get("batch", "")),
            by=request.user,
            now=clock.now(),
        )
    except InvalidInput as error:
        for said in error.errors.values():
            form.add_error("body", said)
    except ValueError:
        form.add_error(None, _("This page was not whole. Look at the message once more."))
    else:
        return _results(request, results)
    cases = queries.chosen(request.POST.getlist(FIELD))
    return _message_page(request, cases, form, {"sees": False}, 422)
