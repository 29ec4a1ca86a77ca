"""Floor 6: what operators do for people: answer who asks to join, end sessions, disable, note who is away."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications import clock
from applications.actions import account
from applications.actions import staff as ours
from applications.actions import team as actions
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.forms.staff import AbsenceForm, DisableForm
from applications.models import User
from applications.permissions import Can, can
from applications.queries import customer as people
from applications.queries import queue
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


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def disable(request: StaffRequest, *, person_id: int) -> HttpResponse:
    form = DisableForm(request.POST)

    def act(person: User) -> str:
        freed = ours.disable(person, reason=form.cleaned_data["reason"], by=request.user, now=clock.now())
        return ngettext(
            "Disabled. %(count)d case went back to the queue.",
            "Disabled. %(count)d cases went back to the queue.",
            freed,
        ) % {"count": freed}

    return _to_person(request, person_id, form, act)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def enable(request: StaffRequest, *, person_id: int) -> HttpResponse:
    def act(person: User) -> str:
        ours.enable(person, by=request.user, now=clock.now())
        return _("They can sign in again. Cases that were freed stay where they are.")

    return _to_person(request, person_id, None, act)


@staff(Can.SEE_RECORD, "POST")
def absence(request: StaffRequest, *, person_id: int) -> HttpResponse:
    form = AbsenceForm(request.POST)

    def act(person: User) -> str:
        until = form.cleaned_data["until"]
        ours.set_absence(person, until=until, by=request.user, now=clock.now())
        if not until:
            return _("Noted: they are back.")
        return ngettext(
            "Noted. Nobody gives them a case until then. They have %(count)d; a lead can hand it over.",
            "Noted. Nobody gives them a case until then. They have %(count)d; a lead can hand them over.",
            has := queue.count_of(person),
        ) % {"count": has}

    answer = _to_person(request, person_id, form, act)
    person = people.person(person_id)
    if can(request.user, Can.LEAD) and person.absent_until and queue.count_of(person):
        return redirect(f"{reverse('admin:rebalance')}?of={person.key}")
    return answer


@staff(Can.LEAD, "POST")
def lift(request: StaffRequest, *, person_id: int, conflict: int) -> HttpResponse:
    """A lead lifts a conflict that somebody declared."""
    found = people.conflict(person_id, conflict)
    try:
        ours.lift_conflict(found, by=request.user, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Lifted: they may judge this customer again."))
    return redirect("admin:applications_user_change", person_id)


def _to_person(
    request: StaffRequest,
    person_id: int,
    form: AbsenceForm | DisableForm | None,
    act: Callable[[User], str],
) -> HttpResponse:
    """Act on a person and go back to their page; what hinders it is said there."""
    person = people.person(person_id)
    try:
        if form is not None and not form.is_valid():
            raise InvalidInput({name: str(said[0]) for name, said in form.errors.items()})
        messages.success(request, act(person))
    except InvalidInput as error:
        for said in error.errors.values():
            messages.error(request, said)
    except NotPossibleNow as error:
        messages.error(request, error.message)
    return redirect("admin:applications_user_change", person_id)
