"""Floor 6: what operators do for people: answer who asks to join a customer without an owner, end sessions."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications import clock
from applications.actions import account
from applications.actions import team as actions
from applications.exceptions import NotPossibleNow
from applications.permissions import Can
from applications.queries import customer as people
from applications.queries import team as queries
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff


@staff(Can.OPERATE, "GET")
def index(request: StaffRequest) -> HttpResponse:
    context = {"title": _("Requests to join"), "requests": queries.requests_for_operators()}
    return page(request, "admin/joins.html", context)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def answer(request: StaffRequest, *, request_id: int) -> HttpResponse:
    asked = queries.request_for_operators(request_id)
    accept = request.POST.get("accept") == "1"
    try:
        actions.answer_join(by=request.user, request=asked, accept=accept, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        words = _("%(name)s is the owner of %(customer)s now.") if accept else _("%(name)s was not let in.")
        messages.success(request, words % {"name": asked.user, "customer": asked.customer})
    return redirect("admin:joins")


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def sign_out(request: StaffRequest, *, person_id: int) -> HttpResponse:
    person = people.person(person_id)
    ended = account.sign_out(person, by=request.user, now=clock.now())
    messages.success(
        request,
        ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", ended) % {"count": ended},
    )
    return redirect("admin:applications_user_change", person_id)
