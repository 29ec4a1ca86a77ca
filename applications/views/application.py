"""Pages of access applications: the list, a new one, the task list of a draft (floor 6)."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import application as act
from applications.enums import Kind, Role, State
from applications.exceptions import NotAllowed, NotPossibleNow
from applications.forms.application import StartForm
from applications.models import Application
from applications.queries import application as find
from applications.queries import customer as find_customer
from applications.queries.access import banner_for
from applications.queries.answers import rows_of
from applications.queries.followups import submit_by, ways_on
from applications.queries.policy import edition_in_force
from applications.rules import answers as said
from applications.rules import eligibility
from applications.rules.identifiers import read_reference
from applications.rules.policy import Edition
from applications.views.pages import member_page, refuse

PAGE = 50


def load(request: HttpRequest, reference: str, *, ways: bool = False) -> Application:
    return find.load(request.user, read_reference(reference), ways=ways)  # type: ignore[arg-type]  # signed in


def may_write(application: Application) -> bool:
    return application.role in find.WRITERS  # type: ignore[attr-defined]  # annotated by the query


def crumbs(application: Application, *more: str) -> list[tuple[str, str]]:
    here = reverse("application", args=[application.reference]) if more else ""
    return [
        (reverse("application-list"), _("Applications")),
        (here, application.reference),
        *(("", one) for one in more),
    ]


@member_page("GET")
def index(request: HttpRequest) -> HttpResponse:
    """Every application of the person's customers, newest first."""
    edition = edition_in_force()
    page = Paginator(find.own(request.user, edition), PAGE).get_page(request.GET.get("page"))
    language, now = get_language(), clock.now()
    rows = [
        {
            "application": one,
            "asks": find.names_of(edition, find.asks_for(one, edition), language),
            "way": next((way for way in ways_on(one, edition, now) if not way.why_not), None),
        }
        for one in page
    ]
    memberships = list(find_customer.memberships(request.user))
    return render(
        request,
        "applications/list.html",
        {
            "rows": rows,
            "page": page,
            "several": len(memberships) > 1,
            "may_start": any(one.role in find.WRITERS for one in memberships),
            "member": bool(memberships),
        },
    )


@member_page("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    """Begin: choose the organisation when there are several, see what will be needed."""
    edition = edition_in_force()
    memberships = [one for one in find_customer.memberships(request.user) if one.role in find.WRITERS]
    asked = request.POST.getlist("capability") or request.GET.getlist("capability")
    wanted = [code for code in asked if edition.capability(code)]
    known = eligibility.prefilled(edition, (request.POST or request.GET).dict())
    form = StartForm(request.POST or None, memberships=memberships, initial={"create_key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        customer = form.cleaned_data["customer"]
        started = act.start(
            customer=customer,
            edition=edition,
            by=request.user,
            now=clock.now(),
            create_key=form.cleaned_data["create_key"],
            prefill=find.prefill(edition, customer, request.user, wanted, known),
        )
        return redirect("application", started.reference)
    context = {
        "form": form,
        "memberships": memberships,
        "edition": edition,
        "sections": [part.title.to(get_language()) for part in edition.sections],
        "known": list(known.items()),
        "wanted": [(code, edition.capabilities[code].name.to(get_language())) for code in wanted],
        "crumbs": [(reverse("application-list"), _("Applications")), ("", _("New application"))],
    }
    return render(request, "applications/new.html", context)


@member_page("GET")
def overview(request: HttpRequest, reference: str) -> HttpResponse:
    """The task list of a draft; anything else has a status page."""
    application = load(request, reference)
    if application.state != State.DRAFT:
        return redirect("application-status", application.reference)
    edition, now = edition_in_force(), clock.now()
    draft = find.draft_of(application)
    tasks = find.tasks(edition, draft)
    held = find.held_by(application.customer)
    reading = find.read_answers(edition, draft, application.customer, now, held)
    language = get_language()
    rows = [
        {
            "task": task,
            "title": task.part.title.to(language),
            "hint": _summary(edition, task.part, draft, language) or task.part.help.to(language),
        }
        for task in tasks
    ]
    left = [row for row in rows if row["task"].state in ("not_started", "in_progress")]
    latest = max(draft.sections.values(), key=lambda one: one.saved_at, default=None)
    context = {
        "application": application,
        "rows": rows,
        "left": len(left),
        "following": left[0] if left else None,
        "ready": not reading.errors and not left,
        "nothing_to_decide": reading.nothing_to_decide,
        "latest": latest,
        "kept_until": application.saved_at + find.days(edition.limits.draft_days),
        "review_days": edition.limits.review_business_days,
        "answer_by": find.target_of(edition, now),
        "may_write": may_write(application),
        "owner": application.role == Role.OWNER,
        "deadline": banner_for(
            application.customer,
            edition,
            now,
            request.user.time_zone,
            said.listed(edition, draft.answers, find.QuestionType.SUBSCRIPTIONS),
            held.subscriptions.values(),
        ),
        "title": _title(application, edition, draft, language),
        "follows": application.previous.reference if application.previous else "",
        "grounds": draft.answers.get(said.GROUNDS, ""),
        "submit_by": submit_by(application, edition),
        "crumbs": crumbs(application),
    }
    return render(request, "applications/overview.html", context)


def _title(application: Application, edition: Edition, draft: find.Draft, language: str | None) -> str:
    names = find.names_of(edition, said.listed(edition, draft.answers, CAPABILITIES), language)
    words = {
        Kind.AMENDMENT: _("Amendment: %(names)s"),
        Kind.RENEWAL: _("Renewal of %(names)s"),
        Kind.APPEAL: _("Appeal about %(names)s"),
    }.get(Kind(application.kind), _("Application for %(names)s"))
    return words % {"names": names} if names else _("New access application")


CAPABILITIES = find.QuestionType.CAPABILITIES


def _summary(edition: Edition, part: Any, draft: find.Draft, language: str | None) -> str:
    """The first answers of a section in one line."""
    shown = []
    for row in rows_of(edition, part, draft.answers, language):
        lines = [name or guid for name, guid in row.ids] or list(row.lines)
        if lines and row.short:
            shown.append(lines[0] if len(lines) == 1 else f"{lines[0]} +{len(lines) - 1}")
    return ", ".join(shown[:3])


@member_page("GET", "POST")
def discard(request: HttpRequest, reference: str) -> HttpResponse:
    application = load(request, reference)
    if application.state != State.DRAFT:
        return redirect("application-status", application.reference)
    if request.method == "POST":
        try:
            act.discard(application=application, by=request.user, now=clock.now())
        except (NotAllowed, NotPossibleNow) as error:
            return refuse(request, error, "application", reference)
        messages.success(request, _("The draft %(reference)s is discarded.") % {"reference": reference})
        return redirect("application-list")
    context = {"application": application, "crumbs": crumbs(application, _("Discard"))}
    return render(request, "applications/discard.html", context)
