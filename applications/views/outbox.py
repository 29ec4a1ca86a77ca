"""Floor 6: mail at the desk: what waits for a person, try one again, stop and start all mail."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import delivery
from applications.actions import outbox as actions
from applications.exceptions import NotPossibleNow
from applications.forms.staff import StopMailForm
from applications.permissions import Can, can
from applications.queries import outbox as queries
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff


@staff(Can.SEE_RECORD, "GET")
def index(request: StaffRequest) -> HttpResponse:
    context = {
        "title": _("Outbox"),
        "found": queries.outbox(),
        "form": StopMailForm(),
        "may_operate": can(request.user, Can.OPERATE),
    }
    return page(request, "admin/outbox.html", context)


@staff(Can.OPERATE, "POST")
def try_again(request: StaffRequest, *, pk: int) -> HttpResponse:
    try:
        actions.try_again(queries.message(pk), by=request.user, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is tried again with the next run."))
    return redirect("admin:outbox")


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def stop(request: StaffRequest) -> HttpResponse:
    form = StopMailForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why all mail stops. The record keeps it."))
    elif delivery.stop_mail(by=request.user, now=clock.now(), reason=form.cleaned_data["reason"]):
        messages.success(request, _("All mail is stopped. Nothing is lost: it waits here."))
    else:
        messages.info(request, _("All mail is stopped already."))
    return redirect("admin:outbox")


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def start(request: StaffRequest) -> HttpResponse:
    if delivery.start_mail(by=request.user, now=clock.now()):
        messages.success(request, _("Mail goes out again."))
    else:
        messages.info(request, _("Mail was not stopped."))
    return redirect("admin:outbox")
