"""Floor 6: what people take away: the letter and the copy as PDF, dates as a calendar file."""

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock, letters, pdf
from applications.exceptions import NotFound
from applications.models import Application
from applications.permissions import Can
from applications.queries import access as find_access
from applications.queries import application as find
from applications.queries import case as cases
from applications.queries import customer as find_customer
from applications.queries.answers import grounds_of, rows_of
from applications.queries.calendar import entries_of
from applications.queries.policy import edition_in_force, edition_of
from applications.rules.calendar_file import calendar_file
from applications.rules.identifiers import read_reference
from applications.templatetags.portal_ui import instant
from applications.views.desk import StaffRequest, staff
from applications.views.pages import member_page


@member_page("GET")
def letter(request: HttpRequest, reference: str) -> HttpResponse:
    """The letter, once it has gone out."""
    application = find.load(request.user, read_reference(reference))  # type: ignore[arg-type]  # signed in
    return _letter(application, only_sent=True)


@staff(Can.SEE_CASES, "GET")
def letter_of_case(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The letter as staff may read it from the decision on."""
    return _letter(cases.load(request.user, reference), only_sent=False)


def _letter(application: Application, *, only_sent: bool) -> HttpResponse:
    decided = application.decisions.filter(decided_at__isnull=False, taken_back_at=None).exclude(letter="")
    if only_sent:
        decided = decided.filter(letter_due_at__lte=clock.now())
    found = decided.first()
    if found is None:
        raise NotFound
    found.application = application
    edition = edition_of(application.edition) if application.edition else edition_in_force()
    language = letters.language_of(application, edition)
    with translation.override(language):
        return sent(pdf.letter(found, language), "application/pdf", f"{application.reference}-letter.pdf")


@member_page("GET")
def answers(request: HttpRequest, reference: str) -> HttpResponse:
    """A copy of what was submitted, with its reference and fingerprint."""
    application = find.load(request.user, read_reference(reference))  # type: ignore[arg-type]  # signed in
    frozen = application.submissions.order_by("-number").first()
    if frozen is None:
        raise NotFound
    edition = edition_of(application.edition) if application.edition else edition_in_force()
    language = get_language() or edition.language
    said = {code: value for part in frozen.answers.values() for code, value in part.items()}
    parts = [(one.title.to(language), rows_of(edition, one, said, language)) for one in edition.sections]
    if grounds := grounds_of(frozen.answers):
        parts.insert(0, (_("Why you appeal"), grounds))
    made = pdf.answers(application, frozen, parts, instant(frozen.submitted_at), language)
    return sent(made, "application/pdf", f"{application.reference}.pdf")


@member_page("GET")
def calendar(request: HttpRequest) -> HttpResponse:
    """The dates of one customer; chosen with `?customer=` as on the access page."""
    memberships = list(find_customer.memberships(request.user))
    chosen = request.GET.get("customer", "")
    member = next((one for one in memberships if chosen in ("", str(one.customer_id))), None)
    if member is None:
        raise NotFound
    now = clock.now()
    board = find_access.board_of(member.customer, edition_in_force(), now)
    text = calendar_file(entries_of(board, member.customer_id, get_language()), now)
    return sent(text.encode(), "text/calendar; charset=utf-8", "access-dates.ics")


def sent(content: bytes, content_type: str, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": disposition,
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
