"""Floor 6: customers that need a person: the list, the ways to settle each, letters to print and post."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from applications import clock, pdf
from applications import letters as paper
from applications.actions import attention as actions
from applications.enums import AttentionCode
from applications.exceptions import InvalidInput, NotFound, NotPossibleNow
from applications.forms.attention import ContactForm, DismissForm, PostedForm
from applications.forms.base import PortalForm
from applications.models import Attention
from applications.permissions import Can, can
from applications.queries import attention as queries
from applications.queries.policy import edition_in_force
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff
from applications.views.papers import sent

NAMES = {
    "all": gettext_lazy("All"),
    "unreached": gettext_lazy("Nobody was reached"),
    "import": gettext_lazy("Doubts from an import"),
    "joins": gettext_lazy("Requests to join"),
}
FORMS: dict[str, type[PortalForm]] = {"contact": ContactForm, "posted": PostedForm, "dismissed": DismissForm}


@staff(Can.SEE_CUSTOMERS, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """Open reasons, the oldest first, narrowed by what they are about."""
    return _list(request)


def _list(request: StaffRequest, form: PostedForm | None = None, status: int = 200) -> HttpResponse:
    group = request.GET.get("about", "unreached")
    group = group if group in queries.GROUPS else "unreached"
    now = clock.now()
    found = queries.page(group, now=now, after=_place(request.GET.get("after", "")))
    rest = {"about": group, "after": f"{found.last[0].isoformat()}~{found.last[1]}"} if found.last else {}
    context = {
        "title": _("Needs attention"),
        "groups": [(name, label, name == group) for name, label in NAMES.items()],
        "group": group,
        "rows": found.rows,
        "next": f"?{urlencode(rest)}" if rest else "",
        "form": form or PostedForm(initial={"on": now.date()}),
        "picked": set(request.POST.getlist("row")),
        "may_operate": can(request.user, Can.OPERATE),
        "most": queries.MOST,
    }
    return page(request, "admin/attention/index.html", context, status)


def _place(token: str) -> queries.Place | None:
    """The row after which the page begins; nonsense means the first page."""
    moment, _tilde, pk = token.partition("~")
    try:
        found = datetime.fromisoformat(moment), int(pk)
    except ValueError:
        return None
    return found if found[0].tzinfo and 0 <= found[1] < 2**63 else None


@staff(Can.SEE_CUSTOMERS, "GET")
def one(request: StaffRequest, *, pk: int) -> HttpResponse:
    return _one(request, queries.load(pk))


def _one(
    request: StaffRequest, found: Attention, typed: dict[str, PortalForm] | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    [row] = queries.rows_of([found], now)
    offered: dict[str, PortalForm] = {}
    if (
        can(request.user, Can.OPERATE)
        and found.settled_at is None
        and found.code != AttentionCode.JOIN_REQUEST
    ):
        offered = {
            "contact": ContactForm(auto_id="contact-%s"),
            "posted": PostedForm(initial={"on": now.date()}, auto_id="posted-%s"),
            "dismissed": DismissForm(auto_id="dismissed-%s"),
        }
    context = {
        "title": found.customer.name,
        "row": row,
        "forms": {name: (typed or {}).get(name, form) for name, form in offered.items()},
        "typed": list((typed or {}).values()),
    }
    return page(request, "admin/attention/one.html", context, status)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def settle(request: StaffRequest, *, pk: int, name: str) -> HttpResponse:
    """One way to settle it: what hinders it is said at its field, and nothing typed is lost."""
    if name not in FORMS:
        raise NotFound
    found, form = queries.load(pk), FORMS[name](request.POST, auto_id=f"{name}-%s")
    if form.is_valid():
        try:
            said = _WAYS[name](request, found, form)
        except InvalidInput as error:
            for field, told in error.errors.items():
                form.add_error(field, told)
        except NotPossibleNow as error:
            messages.error(request, error.message)
            return redirect("admin:attention-one", pk)
        else:
            messages.success(request, said)
            return redirect("admin:attention")
    return _one(request, found, {name: form}, 422)


def _contact(request: StaffRequest, found: Attention, form: PortalForm) -> str:
    given = form.cleaned_data
    actions.add_contact(
        found,
        name=given["name"],
        email=given["email"],
        language=given["language"],
        by=request.user,
        now=clock.now(),
    )
    found.refresh_from_db()
    if found.settled_at is None:
        return _(
            "The contact is added and the warning is on its way. It leaves the list when a mail is accepted."
        )
    return _("The contact is added.")


def _posted(request: StaffRequest, found: Attention, form: PortalForm) -> str:
    if not actions.mark_posted([found], on=form.cleaned_data["on"], by=request.user, now=clock.now()):
        raise NotPossibleNow(_("Somebody has settled this already."))
    return _("Noted as posted.")


def _dismissed(request: StaffRequest, found: Attention, form: PortalForm) -> str:
    actions.dismiss(found, reason=form.cleaned_data["reason"], by=request.user, now=clock.now())
    return _("Dismissed. The record keeps why.")


_WAYS: dict[str, Callable[[StaffRequest, Attention, PortalForm], str]] = {
    "contact": _contact,
    "posted": _posted,
    "dismissed": _dismissed,
}


# --- letters ---


@staff(Can.OPERATE, "GET")
def letter(request: StaffRequest, *, pk: int) -> HttpResponse:
    """The warning of one customer, to print and post."""
    found = queries.load(pk)
    made = _letters([found])
    if not made:
        messages.error(request, _("Nothing of this customer ends ahead, so there is no warning to post."))
        return redirect("admin:attention-one", pk)
    return sent(pdf.posted(made, clock.now()), "application/pdf", f"letter-{found.customer_id}.pdf")


@staff(Can.OPERATE, "POST")
def letters(request: StaffRequest) -> HttpResponse:
    """The letters of the ticked customers in one file, a page or more each."""
    made = _letters(queries.chosen(request.POST.getlist("row")))
    if not made:
        messages.error(request, _("No letter to print: tick customers for whom something ends."))
        return redirect("admin:attention")
    return sent(pdf.posted(made, clock.now()), "application/pdf", "letters.pdf")


def _letters(rows: list[Attention]) -> list[paper.Posted]:
    now, edition = clock.now(), edition_in_force()
    customers = {row.customer_id: row.customer for row in rows}
    ends = queries.next_ends(customers, now)
    names = queries.names_of(customers)
    made = (
        paper.warning(
            customer,
            ends[pk],
            name=names.get(pk, ("", ""))[0],
            language=names.get(pk, ("", ""))[1],
            edition=edition,
            now=now,
        )
        for pk, customer in customers.items()
        if pk in ends
    )
    return [one for one in made if one]


@staff(Can.OPERATE, "POST")
def posted(request: StaffRequest) -> HttpResponse:
    """The ticked ones were posted on a day."""
    form, rows = PostedForm(request.POST), queries.chosen(request.POST.getlist("row"))
    if form.is_valid():
        try:
            done = actions.mark_posted(rows, on=form.cleaned_data["on"], by=request.user, now=clock.now())
        except InvalidInput as error:
            form.add_error("on", error.errors["on"])
        else:
            said = ngettext("%(count)d is noted as posted.", "%(count)d are noted as posted.", done)
            messages.success(request, said % {"count": done})
            return redirect("admin:attention")
    return _list(request, form, 422)
