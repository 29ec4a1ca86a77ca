"""Floor 6: acts on rights at the desk: look at a subscription, propose, answer."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import rights as actions
from applications.actions import suspension
from applications.enums import ExtensionReason, RightsAct
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.forms.base import PortalForm
from applications.forms.rights import (
    ExtendForm,
    FindForm,
    MoveForm,
    ReasonForm,
    ReinstateForm,
    RevokeForm,
)
from applications.models import Proposal
from applications.permissions import Can, can
from applications.queries import more_time
from applications.queries import rights as queries
from applications.queries.policy import edition_in_force
from applications.queries.rights import RightsFile
from applications.rules.policy import Edition
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff

Forms = dict[str, PortalForm]


@staff(Can.SEE_CUSTOMERS, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """What waits for a second person, what was answered lately, and the way to one subscription."""
    find = FindForm(request.GET if "subscription" in request.GET else None, auto_id="find-%s")
    if find.is_bound and find.is_valid():
        try:
            found = queries.subscription_by_text(find.cleaned_data["subscription"])
        except NotFound:
            find.add_error(
                "subscription", _("No such subscription is known. Check the id with the customer.")
            )
        else:
            return redirect("admin:rights-file", guid=found.guid)
    context = {
        "title": _("Acts on rights"),
        "find": find,
        "waiting": [(one, _may_answer(request, one)) for one in queries.waiting()[:200]],
        "recent": queries.recent(),
        "asked": list(more_time.waiting()[:200]),
        "now": clock.now(),
    }
    return page(request, "admin/rights/index.html", context, 400 if find.errors else 200)


def _may_answer(request: StaffRequest, proposal: Proposal) -> bool:
    power = actions.POWER[RightsAct(proposal.act)]
    return can(request.user, power) and proposal.proposed_by_id != request.user.pk


@staff(Can.SEE_CUSTOMERS, "GET")
def file(request: StaffRequest, *, guid: UUID) -> HttpResponse:
    return _file_page(request, guid)


def _file_page(
    request: StaffRequest, guid: UUID, *, sent: Forms | None = None, status: int = 200
) -> HttpResponse:
    now, edition = clock.now(), edition_in_force()
    found = queries.rights_file(guid, now)
    made = _forms(request, found, edition)
    context = {
        "title": str(found.subscription.label or found.subscription.guid),
        "file": found,
        "forms": {name: (sent or {}).get(name, form) for name, form in made.items()},
        "sent": list((sent or {}).values()),
        "now": now,
    }
    return page(request, "admin/rights/file.html", context, status)


def _forms(request: StaffRequest, found: RightsFile, edition: Edition, data: object = None) -> Forms:
    """The forms that this person can send now, by the name in the address."""
    language = get_language()
    user, made = request.user, Forms()
    if can(user, Can.EXTEND) and found.deadlines:
        made["extend"] = ExtendForm(data, deadlines=found.deadlines, edition=edition)
    if can(user, Can.REVOKE) and found.standing:
        made["revoke"] = RevokeForm(
            data, codes=found.standing, edition=edition, language=language, auto_id="revoke-%s"
        )
    if can(user, Can.REVOKE) and found.revoked:
        made["reinstate"] = ReinstateForm(
            data, codes=found.revoked, edition=edition, language=language, auto_id="reinstate-%s"
        )
    if can(user, Can.EXTEND):
        made["move"] = MoveForm(data, auto_id="move-%s")
    if can(user, Can.LEAD):
        name = "resume" if found.suspended else "suspend"
        made[name] = ReasonForm(data, auto_id=f"{name}-%s")
    return made


@step_up(FOR_POWERS)
@staff(Can.SEE_CUSTOMERS, "POST")
def act(request: StaffRequest, *, guid: UUID, name: str) -> HttpResponse:
    """Propose (or, for a lead, suspend at once): one action, its errors at the fields, nothing typed lost."""
    now, edition = clock.now(), edition_in_force()
    found = queries.rights_file(guid, now)
    if name not in _ACTS:
        raise NotFound
    form = _forms(request, found, edition, request.POST).get(name)
    if form is None:
        raise NotAllowed(_("Your role does not allow this, or nothing stands here that it could be done to."))
    if form.is_valid():
        try:
            said = _ACTS[name](form, found, edition, request, now)
        except InvalidInput as error:
            for field, told in error.errors.items():
                form.add_error(field if field in form.fields else None, told)
        except NotPossibleNow as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, said)
            return redirect("admin:rights-file", guid=guid)
    return _file_page(request, guid, sent={name: form}, status=400)


@step_up(FOR_POWERS)
@staff(Can.SEE_CUSTOMERS, "POST")
def answer(request: StaffRequest, *, proposal: int) -> HttpResponse:
    """The second person agrees or refuses."""
    agree = request.POST.get("agree") == "1"
    found = queries.proposal(proposal)
    try:
        done = actions.answer(
            found, agree=agree, edition=edition_in_force(), by=request.user, now=clock.now()
        )
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        said = _("Agreed: %(n)s rights were touched.") % {"n": done.touched} if agree else _("Refused.")
        messages.success(request, said)
    return redirect("admin:rights")


# --- what each form does ---


def _extend(
    form: PortalForm, found: RightsFile, edition: Edition, request: StaffRequest, now: datetime
) -> str:
    given = form.cleaned_data
    actions.propose_extension(
        found.subscription,
        deadline_at=datetime.fromisoformat(given["deadline"]),
        until=given["until"],
        why=ExtensionReason(given["why"]),
        reason=given["reason"],
        edition=edition,
        by=request.user,
        now=now,
    )
    return _proposed()


def _revoke(
    form: PortalForm, found: RightsFile, edition: Edition, request: StaffRequest, now: datetime
) -> str:
    given = form.cleaned_data
    if given["emergency"]:
        actions.revoke_now(
            found.subscription,
            given["capability"],
            reason=given["reason"],
            edition=edition,
            by=request.user,
            now=now,
        )
        return _("Ended now. A second person has to answer within 24 hours.")
    actions.propose_revocation(
        found.subscription, given["capability"], reason=given["reason"], by=request.user, now=now
    )
    return _proposed()


def _reinstate(
    form: PortalForm, found: RightsFile, edition: Edition, request: StaffRequest, now: datetime
) -> str:
    given = form.cleaned_data
    actions.propose_reinstatement(
        found.subscription,
        given["capability"],
        until=given["until"],
        reason=given["reason"],
        edition=edition,
        by=request.user,
        now=now,
    )
    return _proposed()


def _move(form: PortalForm, found: RightsFile, edition: Edition, request: StaffRequest, now: datetime) -> str:
    target = queries.customer_named(form.cleaned_data["customer"])
    if target is None:
        raise InvalidInput({"customer": _("There is no customer with this number.")})
    actions.propose_move(
        found.subscription, to=target, reason=form.cleaned_data["reason"], by=request.user, now=now
    )
    return _proposed()


def _suspend(
    form: PortalForm, found: RightsFile, edition: Edition, request: StaffRequest, now: datetime
) -> str:
    suspension.suspend(
        found.subscription, reason=form.cleaned_data["reason"], edition=edition, by=request.user, now=now
    )
    return _("Suspended: nothing gated works on this subscription until it is resumed.")


def _resume(
    form: PortalForm, found: RightsFile, edition: Edition, request: StaffRequest, now: datetime
) -> str:
    suspension.resume(
        found.subscription, reason=form.cleaned_data["reason"], edition=edition, by=request.user, now=now
    )
    return _("Resumed: its rights count again.")


def _proposed() -> str:
    return _("Proposed. It is done when a second person agrees.")


Act = Callable[[PortalForm, RightsFile, Edition, StaffRequest, datetime], str]
_ACTS: dict[str, Act] = {
    "extend": _extend,
    "revoke": _revoke,
    "reinstate": _reinstate,
    "move": _move,
    "suspend": _suspend,
    "resume": _resume,
}
