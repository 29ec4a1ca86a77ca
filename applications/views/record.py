"""Floor 6: the record at the desk: trails to read, who had access on a day, and the archive of a decision."""

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from applications import clock
from applications.actions.privacy import note_download
from applications.forms.privacy import ReportForm
from applications.models import User
from applications.permissions import Can
from applications.queries import case as cases
from applications.queries import customer as people
from applications.queries import trail
from applications.queries.archive import archive_of, decision_of
from applications.queries.report import as_csv, held_at, start_of
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff
from applications.views.privacy import as_zip


@staff(Can.SEE_RECORD, "GET")
def report(request: StaffRequest) -> HttpResponse:
    return _report_page(request, ReportForm(initial={"on": clock.now().date()}))


@step_up(FOR_POWERS)
@staff(Can.SEE_RECORD, "POST")
def report_csv(request: StaffRequest) -> HttpResponse:
    """The lines as they are found, never all in memory."""
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _report_page(request, form, 400)
    day, customer = form.cleaned_data["on"], form.cleaned_data["customer"]
    note_download(
        "report.taken", by=request.user, now=clock.now(), customer_id=customer, data={"on": f"{day:%F}"}
    )
    return StreamingHttpResponse(
        as_csv(held_at(start_of(day), customer)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="access-{day:%F}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _report_page(request: StaffRequest, form: ReportForm, status: int = 200) -> HttpResponse:
    return page(request, "admin/record/report.html", {"title": _("Who had access"), "form": form}, status)


@step_up(FOR_POWERS)
@staff(Can.ARCHIVE, "POST")
def archive(request: StaffRequest, *, reference: str) -> HttpResponse:
    """All that the decision rests on, as one zip with a manifest."""
    application = cases.load(request.user, reference)
    decision = decision_of(application)
    note_download(
        "archive.taken",
        by=request.user,
        now=clock.now(),
        customer_id=application.customer_id,
        application_id=application.pk,
    )
    return as_zip(f"{application.reference}-archive.zip", archive_of(decision))


# --- trails ---


@staff(Can.SEE_RECORD, "GET")
def of_customer(request: StaffRequest, *, pk: int) -> HttpResponse:
    customer = trail.customer(pk)
    return _trail_page(request, customer.name, trail.of_customer(customer, _before(request)))


@staff(Can.SEE_RECORD, "GET")
def of_person(request: StaffRequest, *, pk: int) -> HttpResponse:
    person: User = people.person(pk)
    return _trail_page(request, person.name or str(person.key), trail.of_person(person, _before(request)))


@staff(Can.SEE_CASES, "GET")
def of_application(request: StaffRequest, *, reference: str) -> HttpResponse:
    application = cases.load(request.user, reference)
    return _trail_page(request, application.reference, trail.of_application(application.pk, _before(request)))


def _trail_page(request: StaffRequest, name: str, found: trail.Trail) -> HttpResponse:
    context = {"title": _("Record of %(name)s") % {"name": name}, "trail": found}
    return page(request, "admin/record/trail.html", context)


def _before(request: StaffRequest) -> int | None:
    text = request.GET.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)
