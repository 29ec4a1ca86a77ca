"""Floor 6: a customer's request for more time at the desk: read it, propose it to a second person, or decline."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import more_time as actions
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.forms.base import PortalForm
from applications.forms.followups import DeclineForm, ProposeForm
from applications.models import TimeRequest
from applications.permissions import Can, can
from applications.queries import more_time as queries
from applications.queries.policy import edition_in_force
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff

Forms = dict[str, PortalForm]


@staff(Can.SEE_CUSTOMERS, "GET")
def asked(request: StaffRequest, *, pk: int) -> HttpResponse:
    return _page(request, queries.request_waiting(pk), {})


@step_up(FOR_POWERS)
@staff(Can.EXTEND, "POST")
def propose(request: StaffRequest, *, pk: int) -> HttpResponse:
    form = ProposeForm(request.POST, auto_id="propose-%s")
    return _attempt(
        request,
        pk,
        "propose",
        form,
        lambda found, given: actions.propose_time(
            found, **given, edition=edition_in_force(), by=request.user, now=clock.now()
        ),
        _("Proposed. It is done when a second person agrees."),
    )


@step_up(FOR_POWERS)
@staff(Can.EXTEND, "POST")
def decline(request: StaffRequest, *, pk: int) -> HttpResponse:
    form = DeclineForm(request.POST, auto_id="decline-%s")
    return _attempt(
        request,
        pk,
        "decline",
        form,
        lambda found, given: actions.decline_time(found, **given, by=request.user, now=clock.now()),
        _("Declined. The customer gets your answer."),
    )


def _attempt(
    request: StaffRequest,
    pk: int,
    name: str,
    form: PortalForm,
    act: Callable[[TimeRequest, dict[str, Any]], object],
    said: str,
) -> HttpResponse:
    found = queries.request_waiting(pk)
    if form.is_valid():
        try:
            act(found, form.cleaned_data)
        except InvalidInput as error:
            for field, told in error.errors.items():
                form.add_error(field if field in form.fields else None, told)
        except NotPossibleNow as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, said)
            return redirect("admin:rights")
    return _page(request, found, {name: form})


def _page(request: StaffRequest, found: TimeRequest, sent: Forms) -> HttpResponse:
    edition, now = edition_in_force(), clock.now()
    ends = queries.ends_of(found.customer, edition, now)
    end = next((one for one in ends if one.ends_at == found.deadline_at), None)
    language = get_language()
    may = can(request.user, Can.EXTEND)
    context = {
        "title": _("Request for more time"),
        "asked": found,
        "names": [
            known.name.to(language)
            for code in (end.capabilities if end else ())
            if (known := edition.capability(code))
        ],
        "rights": len(end.rights) if end else 0,
        "cases": queries.cases_of(found.customer),
        "propose": sent.get("propose", ProposeForm(auto_id="propose-%s")) if may and end else None,
        "decline": sent.get("decline", DeclineForm(auto_id="decline-%s")) if may else None,
        "sent": list(sent.values()),
        "now": now,
        "sees_cases": can(request.user, Can.SEE_CASES),
    }
    return page(request, "admin/rights/asked.html", context, 400 if sent else 200)
