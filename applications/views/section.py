"""One section of a draft: its page, saving while typing, and the choice when two people wrote at once (floor 6)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import application as act
from applications.enums import Role, State
from applications.exceptions import Conflict, NotAllowed, NotFound, NotPossibleNow, PortalError
from applications.forms.questions import SectionForm
from applications.models import Application, Section
from applications.queries import application as find
from applications.queries.answers import rows_of
from applications.queries.evidence import takes_files
from applications.queries.policy import edition_in_force
from applications.rules import answers as said
from applications.rules.policy import Edition, QuestionType
from applications.views import evidence, kept
from applications.views.application import CAPABILITIES, crumbs, load, may_write
from applications.views.pages import member_page, refuse

_ATTESTATION = QuestionType.ATTESTATION
_IDS = (QuestionType.SUBSCRIPTIONS, QuestionType.TENANT)


def section(request: HttpRequest, reference: str, section: str) -> HttpResponse:
    """What comes without a session waits for its author to sign in."""
    if request.method == "POST" and not request.user.is_authenticated:
        kept.keep(request)
    return _section(request, reference, section)


@member_page("GET", "POST")
def _section(request: HttpRequest, reference: str, section: str) -> HttpResponse:
    """Kept as it is, complete or not. A script that saves while typing asks for JSON (`static/js/autosave.js`)."""
    typing = request.method == "POST" and _wants_json(request)
    try:
        application = load(request, reference)
        edition = edition_in_force()
        part = edition.section(section)
        if part is None:
            raise NotFound
        if find.is_fixed(application, section):
            return _fixed(request, application, edition, part, typing)
        if takes_files(part):
            return evidence.page(request, application, edition, part)
        draft = find.draft_of(application)
        form = _form(request, application, edition, part, draft)
        if request.method == "POST":
            return _save(request, application, edition, part, form)
    except (NotFound, NotAllowed, NotPossibleNow) as error:
        return _refusal(request, error, reference, typing)
    return _page(request, application, edition, part, form, draft.sections.get(section))


def _fixed(
    request: HttpRequest, application: Application, edition: Edition, part: Any, typing: bool
) -> HttpResponse:
    """Submitted, withdrawn or lapsed meanwhile, or not asked about: what was typed since is shown, not dropped."""
    if typing:
        raise NotPossibleNow(_("These answers are fixed now. What you typed since is not saved."))
    if request.method == "POST" and not takes_files(part):
        form = _form(request, application, edition, part, find.draft_of(application))
        form.is_valid()
        if rows := _differing(edition, part, form, form.answers, set()):
            context = {
                "application": application,
                "title": part.title.to(get_language()),
                "rows": rows,
                "crumbs": crumbs(application, part.title.to(get_language())),
            }
            return render(request, "applications/too_late.html", context, status=409)
    if application.state == State.INFORMATION_REQUESTED:
        messages.info(request, _("The reviewer's question is not about that section, so it stays as it is."))
    return redirect("application-status", application.reference)


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _form(
    request: HttpRequest, application: Application, edition: Edition, part: Any, draft: find.Draft
) -> SectionForm:
    saved = draft.sections.get(part.code)
    return SectionForm(
        request.POST if request.method == "POST" else kept.take(request),
        section=part,
        edition=edition,
        answers=draft.answers,
        now=clock.now(),
        version=saved.version if saved else 0,
        may_attest=application.role == Role.OWNER,
        default_sector=application.customer.sector,
    )


def _save(
    request: HttpRequest, application: Application, edition: Edition, part: Any, form: SectionForm
) -> HttpResponse:
    """Keep what was typed, or what was chosen of two versions; nobody's answers are replaced unseen."""
    now, typing = clock.now(), _wants_json(request)
    valid = form.is_valid()
    choice = request.POST.get("choose", "")
    if choice == "theirs":
        return _chosen(application, part, form.cleaned_data.get("version") or 0)
    try:
        written = act.save_section(
            application=application,
            section=part.code,
            answers=form.merged(form.answers, _picked(request) if choice == "each" else ()),
            version=form.cleaned_data.get("version") or 0,
            edition=edition,
            by=request.user,
            now=now,
        )
    except Conflict as error:
        if typing:
            return _told_of_conflict(request, part, error.what)
        return _two_versions(request, application, edition, part, form, error.what)
    if typing:
        return JsonResponse(
            {
                "version": written.version,
                "saved_at": _hour(written.saved_at, request.user.time_zone),
                "unkept": form.unkept,
            }
        )
    if choice:
        return _chosen(application, part, written.version)
    if valid:
        return redirect(_after(request, application, edition, part.code, now))
    form.renew_version(written.version)
    return _page(request, application, edition, part, form, written)


def _refusal(request: HttpRequest, error: PortalError, reference: str, typing: bool) -> HttpResponse:
    """What cannot be saved, to a script by status: 403 by role, 404 not theirs, 422 no longer a draft."""
    if typing:
        status = {NotAllowed: 403, NotFound: 404}.get(type(error), 422)
        message = error.message or _("There is no such draft.")
        return JsonResponse({"problem": error.code, "message": message}, status=status)
    if isinstance(error, NotFound):
        raise error
    return refuse(request, error, "application", reference)


def _page(
    request: HttpRequest,
    application: Application,
    edition: Edition,
    part: Any,
    form: SectionForm,
    saved: Section | None,
) -> HttpResponse:
    language = get_language()
    codes = [one.code for one in edition.sections]
    missing = said.missing(part, form.answers) if saved and not form.is_bound else ()
    number = codes.index(part.code) + 1
    context = {
        "application": application,
        "part": part,
        "title": part.title.to(language),
        "help": part.help.to(language),
        "form": form,
        "saved": saved,
        "unread": _unread(form, missing),
        "missing": [
            (form.field_of(one.code), one.label.to(language))
            for one in missing
            if not form.answers.get(said.typed_key(one))
        ],
        "may_write": may_write(application),
        "mark": kept.mark(request.user),
        "returned": form.is_bound and request.method == "GET",
        "chosen": request.GET.get("chosen", ""),
        "cannot_attest": not form.may_attest and any(one.type == _ATTESTATION for one in part.questions),
        "asks_ids": any(one.type in _IDS for one in part.questions),
        "needs_capabilities": not form.shown_use_cases(),
        "need_section": find.section_of(edition, CAPABILITIES),
        "crumbs": crumbs(
            application,
            _("Section %(number)s of %(count)s") % {"number": number, "count": len(codes)},
        ),
        "back": reverse("application", args=[application.reference]),
    }
    return render(request, "applications/section.html", context)


def _unread(form: SectionForm, missing: Any) -> list[tuple[str, str]]:
    """Fields that hold what cannot be read yet, in a page that is opened again."""
    return [
        (form.field_of(one.code), one.label.to(form.language))
        for one in missing
        if form.answers.get(said.typed_key(one))
    ]


def _after(
    request: HttpRequest, application: Application, edition: Edition, section: str, now: datetime
) -> str:
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


# --- two people in one section ---


def _picked(request: HttpRequest) -> set[str]:
    """The questions for which theirs was chosen."""
    return {
        name.removeprefix("pick-")
        for name, value in request.POST.items()
        if name.startswith("pick-") and value == "theirs"
    }


def _chosen(application: Application, part: Any, version: int) -> HttpResponse:
    """Back to the section. Copies in the browser that began before this version are settled by the choice."""
    address = reverse("application-section", args=[application.reference, part.code])
    return redirect(f"{address}?chosen={version}")


def _told_of_conflict(request: HttpRequest, part: Any, newer: Section) -> HttpResponse:
    language = get_language()
    names = {
        "who": newer.saved_by or _("Somebody"),
        "section": part.title.to(language),
        "when": _instant(newer.saved_at, request.user.time_zone),
    }
    words = (
        _("You saved “%(section)s” in another window on %(when)s.")
        if newer.saved_by == request.user
        else _("%(who)s saved “%(section)s” on %(when)s.")
    )
    return JsonResponse(
        {
            "problem": "conflict",
            "message": words % names,
            "by": str(newer.saved_by or ""),
            "section": part.code,
            "saved_at": _instant(newer.saved_at, request.user.time_zone),
            "version": newer.version,
        },
        status=409,
    )


def _two_versions(
    request: HttpRequest,
    application: Application,
    edition: Edition,
    part: Any,
    form: SectionForm,
    newer: Section,
) -> HttpResponse:
    """Both versions side by side by question. What was typed goes along in the form and is not lost."""
    form.renew_version(newer.version)
    language = get_language()
    context = {
        "application": application,
        "title": part.title.to(language),
        "newer": newer,
        "yourself": newer.saved_by == request.user,
        "zone": request.user.time_zone,
        "rows": _differing(edition, part, form, newer.answers, _picked(request)),
        "typed": [
            (name, value)
            for name in form.data
            if name not in _NOT_ANSWERS and not name.startswith("pick-")
            for value in form.data.getlist(name)
        ],
        "version": newer.version,
        "crumbs": crumbs(application, part.title.to(language)),
    }
    return render(request, "applications/two_versions.html", context, status=409)


def _differing(
    edition: Edition, part: Any, form: SectionForm, theirs: Mapping[str, Any], picked: set[str]
) -> list[dict[str, Any]]:
    """The questions that are answered otherwise, each with both answers as a person reads them."""
    mine, language = form.merged(form.answers, ()), get_language()
    own = {key for question in part.questions for key in said.keys_of(question)}
    others = {key: value for key, value in form.answers.items() if key not in own}
    rows = [
        {row.code: row for row in rows_of(edition, part, others | answers, language)}
        for answers in (mine, theirs)
    ]
    return [
        {
            "code": question.code,
            "label": question.label.to(language),
            "mine": rows[0].get(question.code),
            "theirs": rows[1].get(question.code),
            "take_theirs": question.code in picked or not any(mine.get(key) for key in keys),
        }
        for question in part.questions
        if (keys := said.keys_of(question))
        and any((mine.get(key) or None) != (theirs.get(key) or None) for key in keys)
    ]


_NOT_ANSWERS = frozenset({"csrfmiddlewaretoken", "mark", "version", "choose", "then"})


# --- words ---


def _hour(at: datetime, zone: str) -> str:
    """`16:03 CEST`: for somebody who saved just now."""
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{formats.date_format(local, 'H:i')} {local.tzname()}"


def _instant(at: datetime, zone: str) -> str:
    """`15 May 2023, 16:03 CEST`."""
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{formats.date_format(local, _('j F Y, H:i'))} {local.tzname()}"
