"""Floor 6: a person's organisation and its people. Strangers get the same answer as for what does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from applications import clock
from applications.actions import customer as customers
from applications.actions import team as actions
from applications.enums import Role, Sector
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.forms.team import InvitationForm, JoinAnswerForm, MemberForm, OrganisationForm
from applications.models import Membership
from applications.queries import customer as people
from applications.queries import team as queries
from applications.stepup import FOR_POWERS, step_up

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def of_a_member(view: View[P]) -> View[P]:
    """Signed in; what is not theirs is not there; what cannot be done now is said on the team page."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except (NotAllowed, NotPossibleNow) as error:
            messages.error(request, error.message)
            return redirect("team-of", kwargs["customer_id"]) if "customer_id" in kwargs else redirect("team")

    return guarded


@require_safe
@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Where a person goes after signing in."""
    if request.user.is_staff:
        return redirect("/admin/")
    if not people.memberships(request.user).exists():
        return redirect("organisation")
    return redirect("/applications/")


# --- The first person of an organisation ---


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def organisation(request: HttpRequest) -> HttpResponse:
    if people.memberships(request.user).exists():
        return redirect("team")
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = customers.found_customer(
                by=request.user,
                name=data["name"],
                website=data["website"],
                country=data["country"],
                sector=Sector(data["sector"]),
                now=clock.now(),
            )
        except NotPossibleNow as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("%(name)s is set up, and you are its owner.") % {"name": made.name})
            return redirect("/applications/")
    context = {
        "form": form,
        "waits": people.waits_to_join(request.user),
        "domain": people.organisation_domain(request.user),
    }
    return render(request, "team/organisation.html", context, status=422 if form.errors else 200)


# --- The team page ---


@require_safe
@of_a_member
def team(request: HttpRequest) -> HttpResponse:
    first = people.memberships(request.user).first()
    if first is None:
        return redirect("organisation")
    return _team_page(request, first.customer_id, InvitationForm())


@require_safe
@of_a_member
def team_of(request: HttpRequest, *, customer_id: int) -> HttpResponse:
    return _team_page(request, customer_id, InvitationForm())


def _team_page(
    request: HttpRequest, customer_id: int, form: InvitationForm, status: int = 200
) -> HttpResponse:
    found = queries.team(request.user, customer_id, clock.now())
    context = {
        "team": found,
        "customer": found.mine.customer,
        "others": [m for m in people.memberships(request.user) if m.customer_id != customer_id],
        "form": form,
        "answer": JoinAnswerForm(),
    }
    return render(request, "team/team.html", context, status=status)


@require_POST
@of_a_member
@step_up(FOR_POWERS)
def invite(request: HttpRequest, *, customer_id: int) -> HttpResponse:
    customer = people.membership(request.user, customer_id).customer
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            made = actions.invite(
                by=request.user,
                customer=customer,
                email=form.cleaned_data["email"],
                role=Role(form.cleaned_data["role"]),
                now=clock.now(),
            )
        except InvalidInput as error:
            for field, text in error.errors.items():
                form.add_error(field, text)
        else:
            messages.success(request, _("We sent an invitation to %(email)s.") % {"email": made.email})
            return redirect("team-of", customer_id)
    return _team_page(request, customer_id, form, status=422)


@require_POST
@of_a_member
def withdraw_invitation(request: HttpRequest, *, customer_id: int, invitation_id: int) -> HttpResponse:
    customer = people.membership(request.user, customer_id).customer
    found = queries.invitation(customer, invitation_id)
    actions.withdraw_invitation(by=request.user, invitation=found, now=clock.now())
    messages.success(request, _("The invitation of %(email)s is taken back.") % {"email": found.email})
    return redirect("team-of", customer_id)


@require_POST
@of_a_member
@step_up(FOR_POWERS)
def answer_join(request: HttpRequest, *, customer_id: int, request_id: int) -> HttpResponse:
    customer = people.membership(request.user, customer_id).customer
    found = queries.join_request(customer, request_id)
    form = JoinAnswerForm(request.POST)
    if not form.is_valid():
        raise Http404
    accept = form.cleaned_data["accept"]
    role = Role(form.cleaned_data["role"])
    actions.answer_join(by=request.user, request=found, accept=accept, role=role, now=clock.now())
    words = _("%(name)s belongs to the team now.") if accept else _("%(name)s was not let in.")
    messages.success(request, words % {"name": found.user})
    return redirect("team-of", customer_id)


# --- One member ---


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_member
@step_up(FOR_POWERS)
def member(request: HttpRequest, *, customer_id: int, member_id: int) -> HttpResponse:
    mine, other = _owner_and(request, customer_id, member_id)
    form = MemberForm(request.POST or None, initial={"role": other.role})
    if request.method == "POST" and form.is_valid():
        actions.change_role(
            by=request.user, member=other, role=Role(form.cleaned_data["role"]), now=clock.now()
        )
        messages.success(request, _("The role of %(name)s is saved.") % {"name": other.user})
        return redirect("team-of", customer_id)
    context = {"form": form, "member": other, "customer": mine.customer, "is_me": other.pk == mine.pk}
    return render(request, "team/member.html", context, status=422 if form.errors else 200)


@require_POST
@of_a_member
@step_up(FOR_POWERS)
def hand_over(request: HttpRequest, *, customer_id: int, member_id: int) -> HttpResponse:
    _mine, other = _owner_and(request, customer_id, member_id)
    actions.hand_over(by=request.user, member=other, now=clock.now())
    messages.success(request, _("%(name)s is the owner now, and you are an editor.") % {"name": other.user})
    return redirect("team-of", customer_id)


@require_POST
@of_a_member
@step_up(FOR_POWERS)
def remove(request: HttpRequest, *, customer_id: int, member_id: int) -> HttpResponse:
    _mine, other = _owner_and(request, customer_id, member_id)
    actions.remove(by=request.user, member=other, now=clock.now())
    messages.success(request, _("%(name)s does not belong to the team any more.") % {"name": other.user})
    return redirect("team-of", customer_id)


def _owner_and(request: HttpRequest, customer_id: int, member_id: int) -> tuple[Membership, Membership]:
    """The owner who asks, and the member they mean. Whoever is no owner sees no page of a member."""
    mine = people.membership(request.user, customer_id)
    if mine.role != Role.OWNER:
        raise NotFound
    return mine, queries.member(mine.customer, member_id)


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_member
def leave(request: HttpRequest, *, customer_id: int) -> HttpResponse:
    mine = people.membership(request.user, customer_id)
    if request.method == "POST":
        actions.leave(by=request.user, customer=mine.customer, now=clock.now())
        messages.success(request, _("You have left %(name)s.") % {"name": mine.customer.name})
        return redirect("account-start")
    last = mine.role == Role.OWNER and not people.owners(mine.customer).exclude(pk=request.user.pk).exists()
    return render(request, "team/leave.html", {"customer": mine.customer, "last_owner": last})


# --- An invitation ---


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing: the person accepts by a button, signed in with the invited address."""
    try:
        found = queries.invited(token)
    except NotFound as error:
        raise Http404 from error
    now = clock.now()
    context: dict[str, Any] = {
        "invitation": found,
        "is_open": found.closed_at is None and found.expires_at > now,
        "is_theirs": request.user.is_authenticated
        and found.email in people.confirmed_addresses(request.user),
        "here": reverse("invitation", args=[token]),
    }
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect("account_login")
        try:
            actions.accept_invitation(by=request.user, invitation=found, now=now)
        except (NotAllowed, NotPossibleNow) as error:
            messages.error(request, error.message)
            return render(request, "team/invitation.html", context, status=409)
        messages.success(request, _("You belong to %(name)s now.") % {"name": found.customer.name})
        return redirect("account-start")
    return render(request, "team/invitation.html", context)
