"""Check your answers, submit, and the confirmation (floor 6)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import submission
from applications.enums import Role, State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.forms.questions import field_name
from applications.models import Application
from applications.queries import application as find
from applications.queries.answers import grounds_of, rows_of
from applications.queries.policy import edition_in_force, edition_in_force_row, edition_of
from applications.rules import answers as said
from applications.rules.policy import Edition
from applications.views.application import CAPABILITIES, crumbs, load, may_write
from applications.views.pages import member_page


@member_page("GET", "POST")
def check(request: HttpRequest, reference: str) -> HttpResponse:
    """Check your answers, then submit. When nothing needs a decision this page says so instead."""
    application = load(request, reference)
    if application.state != State.DRAFT:
        target = "application-submitted" if request.method == "POST" else "application-status"
        return redirect(target, application.reference)
    row, now = edition_in_force_row(), clock.now()
    edition = edition_of(row)
    errors: dict[str, str] = {}
    refused = ""
    if request.method == "POST":
        try:
            submission.submit(
                application=application, edition=edition, edition_id=row.pk, by=request.user, now=now
            )
            return redirect("application-submitted", application.reference)
        except InvalidInput as error:
            errors = error.errors
        except (NotPossibleNow, NotAllowed) as error:
            refused = error.message
    draft = find.draft_of(application)
    reading = find.read_answers(edition, draft, application.customer, now)
    if reading.nothing_to_decide:
        return render(request, "applications/not_needed.html", _outcomes(application, edition, reading))
    errors = errors or reading.errors
    language = get_language()
    parts = [
        {
            "code": part.code,
            "title": part.title.to(language),
            "rows": rows_of(edition, part, draft.answers, language, errors),
        }
        for part in edition.sections
    ]
    if grounds := grounds_of(draft.by_section):
        parts.insert(0, {"code": said.APPEAL, "title": _("Why you appeal"), "rows": grounds})
    context = {
        "application": application,
        "parts": parts,
        "errors": _error_links(application, edition, errors, language),
        "shown_errors": request.method == "POST",
        "refused": refused,
        "may_submit": application.role == Role.OWNER,
        "wishes": len(reading.wishes),
        "settled": _outcomes(application, edition, reading)["outcomes"],
        "answer_by": find.target_of(edition, now),
        "review_days": edition.limits.review_business_days,
        "crumbs": crumbs(application, _("Check and submit")),
    }
    return render(request, "applications/check.html", context)


def _error_links(
    application: Application, edition: Edition, errors: dict[str, str], language: str | None
) -> list[tuple[str, str, str]]:
    """(address of the field, label, message) in the order of the form."""
    links = []
    for question in edition.questions:
        if question.code in errors:
            page = reverse("application-section", args=[application.reference, question.section])
            place = f"{page}?from=check#div_id_{field_name(edition, question)}"
            links.append((place, question.label.to(language), errors[question.code]))
    return links


def _outcomes(application: Application, edition: Edition, reading: find.Reading) -> dict[str, Any]:
    """What needs no person, by capability, with since when."""
    language, rows = get_language(), {}
    for _guid, code, outcome in reading.settled:
        capability = edition.capabilities[code]
        rows[code] = {
            "name": capability.name.to(language),
            "code": code,
            "outcome": outcome,
            "since": capability.retired_for_new_at if outcome == "retired" else None,
            "until": capability.retired_for_existing_at if outcome == "retired" else None,
            "note": capability.note.to(language),
        }
    return {
        "application": application,
        "outcomes": list(rows.values()),
        "open": [row for row in rows.values() if row["outcome"] == "not_needed"],
        "retired": [row for row in rows.values() if row["outcome"] == "retired"],
        "accessibility_contact": edition.accessibility_contact.to(language),
        "need_section": find.section_of(edition, CAPABILITIES),
        "may_write": may_write(application),
        "crumbs": crumbs(application, _("Check and submit")),
    }


@member_page("GET")
def submitted(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation: reference, what happens next and when."""
    application = load(request, reference)
    if application.submitted_at is None:
        return redirect("application", application.reference)
    context = {
        "application": application,
        "contact": edition_in_force().contact_email,
        "crumbs": crumbs(application, _("Received")),
    }
    return render(request, "applications/submitted.html", context)
