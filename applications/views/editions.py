"""Floor 6: policy editions at the desk: read, compare, see whom one would touch, activate it by two people (P7)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications import clock
from applications.actions import policy as actions
from applications.exceptions import NotAllowed, NotPossibleNow
from applications.permissions import Can, can
from applications.queries import editions as queries
from applications.queries.policy import edition_in_force, edition_of
from applications.queries.policy_preview import preview_edition
from applications.rules.policy import compare
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff


@staff(Can.SEE_CUSTOMERS, "GET")
def index(request: StaffRequest) -> HttpResponse:
    context = {"title": _("Policy editions"), "editions": queries.editions(), "now": clock.now()}
    return page(request, "admin/editions/index.html", context)


@staff(Can.SEE_CUSTOMERS, "GET")
def edition(request: StaffRequest, *, code: str) -> HttpResponse:
    """One edition: its text, and either whom it would touch or how it differs from another (`?with=`)."""
    row, now = queries.edition_row(code), clock.now()
    shown = edition_of(row)
    with_code = request.GET.get("with", "")
    other = queries.edition_row(with_code) if with_code else None
    waits = row.activated_at is None and other is None
    context = {
        "title": row.code,
        "row": row,
        "now": now,
        "others": [one for one in queries.editions() if one.pk != row.pk],
        "other": other,
        "differences": compare(edition_of(other), shown) if other else (),
        "preview": preview_edition(edition_in_force(), shown, now=now) if waits else None,
        "may_operate": can(request.user, Can.OPERATE),
        "you": request.user,
    }
    return page(request, "admin/editions/edition.html", context)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def propose(request: StaffRequest, *, code: str) -> HttpResponse:
    """The first person, who has seen the preview."""
    try:
        actions.propose_activation(queries.edition_row(code), by=request.user, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Proposed. Another operator activates it."))
    return redirect("admin:edition", code=code)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def activate(request: StaffRequest, *, code: str) -> HttpResponse:
    """The second person. Items that need no decision any more are closed by the next run of the duty."""
    row = queries.edition_row(code)
    try:
        if row.proposed_by is None:
            raise NotPossibleNow(_("Nobody has proposed this edition yet. See the preview and propose it."))
        done = actions.activate_policy(row, by=row.proposed_by, second=request.user, now=clock.now())
    except (NotPossibleNow, NotAllowed) as error:
        messages.error(request, error.message)
    else:
        touched = done.moved + done.written
        words = ngettext(
            "In force. %(count)d right was moved or written.",
            "In force. %(count)d rights were moved or written.",
            touched,
        )
        messages.success(request, words % {"count": touched})
    return redirect("admin:edition", code=code)
