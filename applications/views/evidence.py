"""Floor 6: files of an application: the section that takes them, and downloading one."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import evidence as act
from applications.enums import State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.models import Application, Evidence
from applications.permissions import Can
from applications.queries import application as find_application
from applications.queries import case as cases
from applications.queries import evidence as find
from applications.queries.policy import edition_in_force
from applications.rules.identifiers import read_reference
from applications.rules.policy import Edition
from applications.uploads import problems_of
from applications.views.desk import StaffRequest, staff
from applications.views.pages import member_page, refuse


def page(request: HttpRequest, application: Application, edition: Edition, part: Any) -> HttpResponse:
    """The section that takes files: add several, see them, remove one. `views.section` asks for it."""
    errors: list[str] = []
    status = 200
    if request.method == "POST":
        try:
            added, errors, status = _take(request, application, edition)
        except (NotAllowed, NotPossibleNow) as error:
            return refuse(request, error, "application", application.reference)
        if added:
            messages.success(
                request,
                ngettext("%(count)s file is added.", "%(count)s files are added.", added) % {"count": added},
            )
        if not errors:
            return redirect("application-section", application.reference, part.code)
    return render(
        request, "applications/evidence.html", _context(application, edition, part, errors), status=status
    )


def _take(request: HttpRequest, application: Application, edition: Edition) -> tuple[int, list[str], int]:
    files = request.FILES.getlist("files")
    cut = problems_of(request)
    errors = [act.refused(name, "too_big") for name, code in cut if code == "too_big"]
    if no_room := any(code == "no_room" for _name, code in cut):
        errors.append(_("We have no room for files right now. Nothing was kept; try again later."))
    if not files and not cut:
        return 0, [_("No file is chosen. Choose one or more, then add them.")], 422
    added = 0
    for one in files:
        try:
            act.attach(
                application=application,
                name=one.name or "",
                content=one.file,
                size=one.size or 0,
                edition=edition,
                by=request.user,  # type: ignore[arg-type]  # signed in
                now=clock.now(),
            )
            added += 1
        except InvalidInput as error:
            errors += error.errors.values()
        except NotPossibleNow as error:
            if error.code != "no_room":
                raise
            no_room = True
            errors.append(error.message)
    return added, list(dict.fromkeys(errors)), 507 if no_room else 422


def _context(application: Application, edition: Edition, part: Any, errors: list[str]) -> dict[str, Any]:
    language = get_language()
    codes = [one.code for one in edition.sections]
    files = find.files_of(application)
    place = codes.index(part.code) + 1
    return {
        "application": application,
        "part": part,
        "title": part.title.to(language),
        "help": part.help.to(language),
        "question": part.questions[0],
        "label": part.questions[0].label.to(language),
        "hint": part.questions[0].help.to(language),
        "files": files,
        "size": sum(one.row.size for one in files),
        "errors": errors,
        "scanned": find.is_scanned(),
        "may_write": application.role in find_application.WRITERS,  # type: ignore[attr-defined]  # annotated
        "following": codes[place] if place < len(codes) and application.state == State.DRAFT else "",
        "crumbs": [
            ("/applications/", _("Applications")),
            (f"/applications/{application.reference}/", application.reference),
            ("", _("Section %(number)s of %(count)s") % {"number": place, "count": len(codes)}),
        ],
    }


@member_page("POST")
def remove(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    application = find_application.load(request.user, read_reference(reference))  # type: ignore[arg-type]
    edition = edition_in_force()
    try:
        gone = act.remove(
            application=application,
            stored_name=name,
            edition=edition,
            by=request.user,  # type: ignore[arg-type]  # signed in
            now=clock.now(),
        )
    except (NotAllowed, NotPossibleNow) as error:
        return refuse(request, error, "application", application.reference)
    messages.success(request, _("“%(name)s” is removed.") % {"name": gone.original_name})
    part = find.part_of(edition)
    return redirect("application-section", application.reference, part.code if part else "")


@member_page("GET")
def download(request: HttpRequest, reference: str, name: str) -> HttpResponseBase:
    """For the members of the customer."""
    application = find_application.load(request.user, read_reference(reference))  # type: ignore[arg-type]
    return _sent(find.to_download(application, name))


@staff(Can.SEE_CASES, "GET")
def download_of_case(request: StaffRequest, *, reference: str, name: str) -> HttpResponseBase:
    """For staff who see cases."""
    return _sent(find.to_download(cases.load(request.user, reference), name))


def _sent(one: Evidence) -> FileResponse:
    """Always as an attachment that no browser runs, whatever is in it."""
    response = FileResponse(
        find.path_of(one).open("rb"),
        as_attachment=True,
        filename=one.original_name,
        content_type="application/octet-stream" if one.content_type.startswith("text/") else one.content_type,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
