"""Pages of access applications: the list, a draft by sections, check and submit (floor 6)."""

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
from applications.enums import Role, State
from applications.exceptions import Conflict, NotAllowed, NotPossibleNow
from applications.forms.application import StartForm
from applications.forms.questions import SectionForm
from applications.models import Application, Section
from applications.queries import application as find
from applications.queries import customer as find_customer
from applications.queries.access import banner_for
from applications.queries.answers import Row, rows_of
from applications.queries.evidence import takes_files
from applications.queries.policy import edition_in_force
from applications.rules import answers as said
from applications.rules.identifiers import read_reference
from applications.rules.policy import Edition
from applications.views import evidence
from applications.views.pages import member_page, refuse

PAGE = 50


def load(request: HttpRequest, reference: str) -> Application:
    return find.load(request.user, read_reference(reference))  # type: ignore[arg-type]  # signed in


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
    language = get_language()
    rows = [
        {
            "application": one,
            "asks": find.names_of(edition, find.asks_for(one, edition), language),
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
    form = StartForm(request.POST or None, memberships=memberships, initial={"create_key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        customer = form.cleaned_data["customer"]
        started = act.start(
            customer=customer,
            edition=edition,
            by=request.user,
            now=clock.now(),
            create_key=form.cleaned_data["create_key"],
            prefill=find.prefill(edition, customer, request.user, wanted),
        )
        return redirect("application", started.reference)
    context = {
        "form": form,
        "memberships": memberships,
        "edition": edition,
        "sections": [part.title.to(get_language()) for part in edition.sections],
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
    reading = find.read_answers(edition, draft, application.customer, now)
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
        ),
        "title": _title(edition, draft, language),
        "crumbs": crumbs(application),
    }
    return render(request, "applications/overview.html", context)


def _title(edition: Edition, draft: find.Draft, language: str | None) -> str:
    names = find.names_of(edition, said.listed(edition, draft.answers, CAPABILITIES), language)
    return _("Application for %(names)s") % {"names": names} if names else _("New access application")


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
def section(request: HttpRequest, reference: str, section: str) -> HttpResponse:
    """One section: kept as it is, complete or not; only what cannot be true is refused, at its field."""
    application = load(request, reference)
    edition, now = edition_in_force(), clock.now()
    part = edition.section(section)
    if part is None:
        raise find.NotFound
    if find.is_fixed(application, section):
        if application.state == State.INFORMATION_REQUESTED:
            messages.info(
                request, _("The reviewer's question is not about that section, so it stays as it is.")
            )
        return redirect("application-status", application.reference)
    if takes_files(part):
        return evidence.page(request, application, edition, part)
    draft = find.draft_of(application)
    saved = draft.sections.get(section)
    owner = application.role == Role.OWNER
    form = SectionForm(
        request.POST if request.method == "POST" else None,
        section=part,
        edition=edition,
        answers=draft.answers,
        now=now,
        version=saved.version if saved else 0,
        may_attest=owner,
        default_sector=application.customer.sector,
    )
    newer: Section | None = None
    kept: Section | None = None
    if request.method == "POST":
        valid = form.is_valid()
        try:
            kept = act.save_section(
                application=application,
                section=section,
                answers=form.cleaned_answers(),
                version=form.cleaned_data.get("version") or 0,
                edition=edition,
                by=request.user,
                now=now,
            )
        except Conflict as error:
            newer = error.what
            form.renew_version(newer.version)
        except (NotAllowed, NotPossibleNow) as error:
            return refuse(request, error, "application", application.reference)
        if valid and kept:
            return redirect(_after(request, application, edition, section, now))
        if kept:
            form.renew_version(kept.version)
    return _section_page(request, application, edition, part, form, saved=kept or saved, newer=newer)


def _section_page(
    request: HttpRequest,
    application: Application,
    edition: Edition,
    part: Any,
    form: SectionForm,
    *,
    saved: Section | None,
    newer: Section | None,
) -> HttpResponse:
    language = get_language()
    codes = [one.code for one in edition.sections]
    missing = said.missing(part, form.answers) if saved and not form.is_bound else ()
    context = {
        "application": application,
        "part": part,
        "title": part.title.to(language),
        "help": part.help.to(language),
        "form": form,
        "saved": saved,
        "newer": newer,
        "theirs": _theirs(edition, part, newer, form.cleaned_answers()) if newer else [],
        "missing": [(form.field_of(one.code), one.label.to(language)) for one in missing],
        "may_write": may_write(application),
        "cannot_attest": not form.may_attest and any(one.type == _ATTESTATION for one in part.questions),
        "asks_ids": any(one.type in _IDS for one in part.questions),
        "needs_capabilities": not form.shown_use_cases(),
        "need_section": find.section_of(edition, CAPABILITIES),
        "number": codes.index(part.code) + 1,
        "count": len(codes),
        "crumbs": crumbs(
            application,
            _("Section %(number)s of %(count)s")
            % {"number": codes.index(part.code) + 1, "count": len(codes)},
        ),
        "back": reverse("application", args=[application.reference]),
    }
    return render(request, "applications/section.html", context, status=409 if newer else 200)


def _theirs(edition: Edition, part: Any, newer: Section, mine: dict[str, Any]) -> list[Row]:
    """Only what differs: the answers of the newer version that mine would replace."""
    rows = rows_of(edition, part, newer.answers, get_language())
    return [row for row in rows if newer.answers.get(row.code) != mine.get(row.code)]


_ATTESTATION = find.QuestionType.ATTESTATION
_IDS = (find.QuestionType.SUBSCRIPTIONS, find.QuestionType.TENANT)


def _after(request: HttpRequest, application: Application, edition: Edition, section: str, now: Any) -> str:
    """Where to go on: the task list, the check page, or the next section."""
    then = request.POST.get("then", "")
    reference = application.reference
    if application.state == State.INFORMATION_REQUESTED:
        return reverse("application-status", args=[reference])
    if then == "list":
        return reverse("application", args=[reference])
    if section == find.section_of(edition, CAPABILITIES):
        reading = find.read_answers(edition, find.draft_of(application), application.customer, now)
        if reading.nothing_to_decide:
            return reverse("application-check", args=[reference])
    if request.GET.get("from") == "check":
        return reverse("application-check", args=[reference])
    codes = [one.code for one in edition.sections]
    place = codes.index(section) + 1
    if place == len(codes):
        return reverse("application-check", args=[reference])
    return reverse("application-section", args=[reference, codes[place]])


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
