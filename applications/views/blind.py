"""Floor 6: the blind second review: take a case of the sample, judge it, see nothing that others found."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import blind as actions
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.forms.blind import BlindForm
from applications.permissions import Can
from applications.queries import blind as queries
from applications.views.desk import StaffRequest, page, staff


@staff(Can.REVIEW, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """What it is, the case that one has, and whether another waits."""
    now = clock.now()
    held = queries.held_by(request.user)
    waits = bool(held or queries.waiting_for(request.user, now))
    return page(
        request, "admin/blind/index.html", {"title": _("Blind second review"), "held": held, "waits": waits}
    )


@staff(Can.REVIEW, "POST")
def take(request: StaffRequest) -> HttpResponse:
    taken = actions.take(by=request.user, now=clock.now())
    if taken is None:
        messages.info(request, _("Nothing of the sample waits that you may judge."))
        return redirect("admin:blind")
    return redirect("admin:blind-case", taken.decision.application.reference)


@staff(Can.REVIEW, "GET", "POST")
def case(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The submission beside the policy, and one outcome an item."""
    sheet = queries.sheet(request.user, reference, language=get_language())
    form = BlindForm(request.POST if request.method == "POST" else None, items=sheet.items)
    if form.is_bound and form.is_valid():
        try:
            actions.judge(sheet, outcomes=form.outcomes, by=request.user, now=clock.now())
        except InvalidInput as error:
            for name, said in error.errors.items():
                form.add_error(name, said)
        except NotPossibleNow as error:
            messages.error(request, error.message)
            return redirect("admin:blind")
        else:
            messages.success(request, _("Recorded. You may look at the case now."))
            return redirect("admin:blind")
    context = {"title": _("Blind second review"), "sheet": sheet, "form": form}
    return page(request, "admin/blind/case.html", context, 422 if form.errors else 200)
