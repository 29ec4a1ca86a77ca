"""Floor 6: a person's own data: what is held, a copy of it, having it erased, and the notices they are shown."""

from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import erasure, privacy
from applications.enums import NoticeKind, Role
from applications.exceptions import NotAllowed, NotPossibleNow
from applications.forms.privacy import EraseForm
from applications.queries import customer as people
from applications.queries import privacy as queries
from applications.rules.bundle import Member as File
from applications.rules.bundle import bundle
from applications.stepup import FOR_POWERS, step_up
from applications.views.pages import member_page, refuse


@member_page("GET")
def data(request: HttpRequest) -> HttpResponse:
    """What there is about the person, and the three things they may do with it."""
    owned = [one.customer for one in people.memberships(request.user) if one.role == Role.OWNER]
    seen = queries.acceptances(request.user)
    return render(request, "account/data.html", {"owned": owned, "seen": seen})


@member_page("POST")
@step_up(FOR_POWERS)
def copy(request: HttpRequest, customer_id: int | None = None) -> HttpResponse:
    """The copy as one zip, made while it is sent."""
    customer = people.membership(request.user, customer_id).customer if customer_id else None
    now = clock.now()
    try:
        privacy.note_copy(by=request.user, customer=customer, now=now)
    except (NotAllowed, NotPossibleNow) as error:
        return refuse(request, error, "account-data")
    if customer is None:
        return as_zip("my-data.zip", queries.copy_for_person(request.user, now))
    return as_zip(f"organisation-{customer.pk}.zip", queries.copy_for_customer(customer, request.user, now))


def as_zip(name: str, files: Iterator[File]) -> StreamingHttpResponse:
    """A download that nothing keeps and no page can run."""
    return StreamingHttpResponse(
        bundle(files),
        content_type="application/zip",
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name)
            or "attachment",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
        },
    )


@member_page("GET", "POST")
@step_up(FOR_POWERS)
def erase(request: HttpRequest) -> HttpResponse:
    """What would go and what stays; then it is done, and the person is signed out."""
    form = EraseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            erasure.erase_person(request.user, by=request.user, now=clock.now())
        except (NotAllowed, NotPossibleNow) as error:
            form.add_error(None, error.message)
        else:
            logout(request)
            messages.success(request, _("Your data is erased. Nobody can sign in as you any more."))
            return redirect("home")
    effects = queries.effects_of(request.user, clock.now())
    return render(
        request, "account/erase.html", {"form": form, "effects": effects}, status=422 if form.errors else 200
    )


@member_page("GET", "POST")
def notices(request: HttpRequest) -> HttpResponse:
    """Notices whose version in force the person has not seen: once each, then on to where they were going."""
    onward = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(onward, allowed_hosts=None):
        onward = "/accounts/start/"
    due = queries.due_notices(request.user)
    if request.method == "POST":
        privacy.accept_notices(by=request.user, now=clock.now())
    if request.method == "POST" or not due:
        return redirect(onward)
    shown = {
        "onward": onward,
        "terms": NoticeKind.TERMS in due,
        "privacy": NoticeKind.PRIVACY in due,
        "versions": {notice.value: queries.NOTICES[notice] for notice in due},
    }
    return render(request, "account/notices.html", shown)
