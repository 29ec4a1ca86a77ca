"""Floor 6: what our own people set for themselves: the digest of their work, and when they are away."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import staff as actions
from applications.enums import Digest
from applications.exceptions import InvalidInput
from applications.forms.staff import AbsenceForm, DigestForm
from applications.permissions import Can
from applications.views.desk import StaffRequest, page, staff


@staff(Can.SEE_CUSTOMERS, "GET")
def index(request: StaffRequest) -> HttpResponse:
    return _page(request)


def _page(request: StaffRequest, status: int = 200, **typed: Any) -> HttpResponse:
    you = request.user
    context = {
        "title": _("Your work"),
        "you": you,
        "digest_form": DigestForm(initial={"digest": you.digest, "hour": you.digest_hour}),
        "absence_form": AbsenceForm(initial={"until": you.absent_until}),
        **typed,
    }
    return page(request, "admin/you.html", context, status)


@staff(Can.SEE_CUSTOMERS, "POST")
def digest(request: StaffRequest) -> HttpResponse:
    form = DigestForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, digest_form=form)
    given = form.cleaned_data
    actions.set_digest(Digest(given["digest"]), hour=given["hour"], by=request.user)
    messages.success(request, _("Noted."))
    return redirect("admin:you")


@staff(Can.SEE_CUSTOMERS, "POST")
def absence(request: StaffRequest) -> HttpResponse:
    """What they hold stays theirs; leads see on their figures that it could go to others."""
    form = AbsenceForm(request.POST)
    if form.is_valid():
        try:
            until = form.cleaned_data["until"]
            actions.set_absence(request.user, until=until, by=request.user, now=clock.now())
        except InvalidInput as error:
            form.add_error("until", error.errors["until"])
        else:
            messages.success(request, _("Noted. Leads see it.") if until else _("Welcome back."))
            return redirect("admin:you")
    return _page(request, 422, absence_form=form)
