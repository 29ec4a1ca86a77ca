"""Pages of the ways on: appeal, renewal, amendment, applying again, and asking for more time (floor 6)."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import followups as act
from applications.actions import more_time as ask
from applications.enums import Kind, State
from applications.exceptions import Conflict, InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.forms.followups import GroundsForm, MoreTimeForm
from applications.models import Application
from applications.queries import customer as find_customer
from applications.queries import followups as find
from applications.queries import more_time as find_time
from applications.queries.access import zone_of
from applications.queries.application import WRITERS, draft_of
from applications.queries.policy import edition_in_force
from applications.rules.answers import APPEAL, GROUNDS
from applications.rules.followups import KIND, Followup
from applications.rules.policy import Edition
from applications.views.application import crumbs, load, may_write
from applications.views.pages import member_page, refuse


@member_page("GET", "POST")
def follow(request: HttpRequest, reference: str, what: Followup) -> HttpResponse:
    """What the way on means, until when it is open, and the button that begins it."""
    previous = load(request, reference)
    edition, now = edition_in_force(), clock.now()
    form = GroundsForm(request.POST or None) if what is Followup.APPEAL else None
    if request.method == "POST" and (form is None or form.is_valid()):
        grounds = form.cleaned_data["grounds"] if form else ""
        try:
            made = act.follow(previous, what, edition=edition, by=request.user, now=now, grounds=grounds)
            return redirect("application", made.reference)
        except Conflict as error:
            _conflict(form, error)
        except InvalidInput as error:
            _refused(form, error)
        except (NotAllowed, NotPossibleNow) as error:
            return refuse(request, error, f"application-{what.value}", previous.reference)
    return _page(request, previous, what, form, edition, now)


@member_page("GET", "POST")
def appeal(request: HttpRequest, reference: str) -> HttpResponse:
    """Of a denied application: begin an appeal. Of an appeal in draft: its grounds."""
    found = load(request, reference)
    if found.kind == Kind.APPEAL and found.state == State.DRAFT:
        return _grounds(request, found)
    return follow(request, reference, Followup.APPEAL)  # type: ignore[no-any-return]  # wrapped


def _grounds(request: HttpRequest, found: Application) -> HttpResponse:
    kept = draft_of(found).sections.get(APPEAL)
    version = kept.version if kept else 0
    form = GroundsForm(
        request.POST or None,
        initial={"grounds": kept.answers.get(GROUNDS) if kept else "", "version": version},
    )
    if request.method == "POST" and form.is_valid():
        try:
            act.state_grounds(
                found,
                grounds=form.cleaned_data["grounds"],
                version=form.cleaned_data["version"] or 0,
                by=request.user,
                now=clock.now(),
            )
            return redirect("application", found.reference)
        except Conflict as error:
            _conflict(form, error)
            form.seen(version)
        except InvalidInput as error:
            _refused(form, error)
        except (NotAllowed, NotPossibleNow) as error:
            return refuse(request, error, "application", found.reference)
    context = {
        "application": found,
        "form": form,
        "may_write": may_write(found),
        "theirs": kept if form.errors and kept else None,
        "crumbs": crumbs(found, _("Why you appeal")),
    }
    return render(request, "applications/grounds.html", context, status=409 if form.errors else 200)


def _conflict(form: Any, error: Conflict) -> None:
    form.add_error(
        "grounds",
        _("%(what)s What you typed stands here still. Look at the other text before you save.")
        % {"what": error.message},
    )
    form.other = error.what


def _refused(form: Any, error: InvalidInput) -> None:
    for message in error.errors.values():
        form.add_error("grounds", message)


def _page(
    request: HttpRequest, previous: Application, what: Followup, form: Any, edition: Edition, now: datetime
) -> HttpResponse:
    country = previous.customer.country
    offer = find.offer_of(previous, what, edition, now)
    standing = find.open_follower(previous, KIND[what])
    context = {
        "application": previous,
        "what": what.value,
        "form": form,
        "title": _titles()[what],
        "lead": _leads()[what],
        "asks": find.about_said(previous, what, edition, get_language()),
        "held": find.held_of(previous, edition) if what is Followup.RENEW and not offer.why_not else "",
        "last_day": find.last_day(offer.until, country, edition) if offer.until and not offer.why_not else "",
        "why_not": find.why_not(offer, country, edition) if offer.why_not and not standing else "",
        "standing": standing,
        "may_write": may_write(previous),
        "crumbs": crumbs(previous, _titles()[what]),
    }
    status = (409 if getattr(form, "other", None) else 400) if form is not None and form.errors else 200
    return render(request, "applications/follow.html", context, status=status)


def _titles() -> dict[Followup, str]:
    return {
        Followup.APPEAL: _("Appeal against a denial"),
        Followup.RENEW: _("Renew what was approved"),
        Followup.AMEND: _("Add a subscription or a use case"),
        Followup.AGAIN: _("Apply again"),
    }


def _leads() -> dict[Followup, str]:
    return {
        Followup.APPEAL: _(
            "Somebody who did not judge it before looks at what was denied. Say why the decision should be another."
        ),
        Followup.RENEW: _(
            "It begins with your answers and with what was approved. Correct what has changed and submit it."
        ),
        Followup.AMEND: _(
            "It begins with your answers. Add a subscription or a use case; what is approved already stays as it is."
        ),
        Followup.AGAIN: _("It begins with your answers. Change what the reasons named and submit it."),
    }


# --- more time ---


@member_page("GET", "POST")
def more_time(request: HttpRequest) -> HttpResponse:
    """Ask for more time at one end of the organisation's rights, and see what became of earlier requests."""
    memberships = list(find_customer.memberships(request.user))
    chosen = request.GET.get("customer", "")
    member = next((one for one in memberships if chosen in ("", str(one.customer_id))), None)
    if member is None:
        raise NotFound
    edition, now = edition_in_force(), clock.now()
    ends = find_time.ends_of(member.customer, edition, now)
    form = MoreTimeForm(request.POST or None)
    form.offer(ends, edition, get_language())
    if request.method == "POST" and form.is_valid():
        try:
            ask.ask_for_time(
                member.customer,
                deadline_at=form.cleaned_data["ends"],
                reason=form.cleaned_data["reason"],
                edition=edition,
                by=request.user,
                now=now,
            )
            messages.success(request, _("We have your request. You see here what becomes of it."))
            return redirect(f"{reverse('more-time')}?customer={member.customer_id}")
        except InvalidInput as error:
            for field, message in error.errors.items():
                form.add_error(field, message)
        except (NotAllowed, NotPossibleNow) as error:
            form.add_error(None, error.message)
    asked = find_time.requests_of(member.customer)
    waiting = {one.deadline_at for one in asked if one.declined_at is None}
    if request.method != "POST":  # who clicks twice is not told that it cannot be chosen
        form.offer([one for one in ends if one.ends_at not in waiting], edition, get_language())
    context = {
        "customer": member.customer,
        "form": form,
        "ends": any(one.ends_at not in waiting for one in ends),
        "asked": asked,
        "may_write": member.role in WRITERS,
        "zone": str(zone_of(member.customer, edition, request.user.time_zone)),
        "crumbs": [(reverse("access"), _("Your access")), ("", _("Ask for more time"))],
    }
    return render(request, "access/more_time.html", context, status=400 if form.errors else 200)
