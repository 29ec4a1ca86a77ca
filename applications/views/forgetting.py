"""Floor 6: personal data at the desk: erase for a person or a customer who asked, and hold what must be kept."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import erasure, privacy
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.forms.privacy import EraseAddressForm, WhyForm
from applications.models import Customer
from applications.permissions import Can
from applications.queries import privacy as find
from applications.queries import trail
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff


@staff(Can.SEE_RECORD, "GET")
def index(request: StaffRequest) -> HttpResponse:
    """What is on hold, what waits for a second person, and the way to erase one person."""
    return _index(request, EraseAddressForm())


def _index(request: StaffRequest, form: EraseAddressForm, status: int = 200) -> HttpResponse:
    context = {
        "title": _("Personal data"),
        "form": form,
        "holds": trail.holds(),
        "erasures": trail.erasures(),
    }
    return page(request, "admin/record/privacy.html", context, status)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def erase_person(request: StaffRequest) -> HttpResponse:
    form = EraseAddressForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        try:
            erasure.erase_address(told["address"], reason=told["reason"], by=request.user, now=clock.now())
        except InvalidInput as error:
            for field, said in error.errors.items():
                form.add_error(field, said)
        except (NotAllowed, NotPossibleNow) as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Erased. The record keeps that it was done, and why."))
            return redirect("admin:privacy")
    return _index(request, form, 400)


@staff(Can.SEE_RECORD, "GET")
def customer(request: StaffRequest, *, pk: int) -> HttpResponse:
    return _customer(request, trail.customer(pk), WhyForm())


def _customer(request: StaffRequest, of: Customer, form: WhyForm, status: int = 200) -> HttpResponse:
    context = {
        "title": of.name,
        "customer": of,
        "form": form,
        "hold": find.open_hold(of),
        "erasure": trail.open_erasure(of),
    }
    return page(request, "admin/record/customer.html", context, status)


@step_up(FOR_POWERS)
@staff(Can.FORGET, "POST")
def act(request: StaffRequest, *, pk: int, what: str) -> HttpResponse:
    """One act on the customer; what hinders it is said on the page."""
    of, now = trail.customer(pk), clock.now()
    form = WhyForm(request.POST)
    if what not in _ACTS:
        raise NotFound
    if what in _WITH_REASON and not form.is_valid():
        return _customer(request, of, form, 400)
    try:
        _ACTS[what](of, form.data.get("reason", ""), request, now)
    except InvalidInput as error:
        form.add_error(None, " ".join(error.errors.values()))
        return _customer(request, of, form, 400)
    except (NotAllowed, NotPossibleNow) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done. The record keeps it."))
    return redirect("admin:privacy-customer", pk=pk)


def _place(of: Customer, reason: str, request: StaffRequest, now: object) -> None:
    privacy.place_hold(customer=of, reason=reason, by=request.user, now=now)


def _lift(of: Customer, _reason: str, request: StaffRequest, now: object) -> None:
    placed = find.open_hold(of)
    if placed is None:
        raise NotPossibleNow(_("This customer is not on hold any more."))
    step = privacy.lift_hold if placed.lift_proposed_at else privacy.propose_lift
    step(placed=placed, by=request.user, now=now)


def _ask(of: Customer, reason: str, request: StaffRequest, now: object) -> None:
    erasure.ask_to_erase(customer=of, reason=reason, by=request.user, now=now)


def _erase(of: Customer, _reason: str, request: StaffRequest, now: object) -> None:
    asked = trail.open_erasure(of)
    if asked is None:
        raise NotPossibleNow(_("Nobody has noted that this customer asks to be erased."))
    erasure.erase_customer(asked=asked, by=request.user, now=now)


_ACTS: dict[str, Callable[..., None]] = {"hold": _place, "lift": _lift, "ask": _ask, "erase": _erase}
_WITH_REASON = ("hold", "ask")
