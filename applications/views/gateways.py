"""Floor 6: gateways at the desk: how they fare, their keys and addresses, and what two operators do to one."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import gateway as actions
from applications.actions import webhook
from applications.enums import GatewayAct, Source
from applications.exceptions import InvalidInput, NotFound, NotPossibleNow
from applications.forms.base import PortalForm
from applications.forms.gateways import (
    DisableGatewayForm,
    EndpointForm,
    RegisterForm,
    ServicesForm,
    SilenceForm,
)
from applications.models import Gateway
from applications.permissions import Can, can
from applications.queries import gateway as queries
from applications.queries.policy import edition_in_force
from applications.queries.webhook import endpoint_calls
from applications.stepup import FOR_POWERS, step_up
from applications.views.desk import StaffRequest, page, staff

Forms = dict[str, PortalForm]


@staff(Can.SEE_RECORD, "GET")
def index(request: StaffRequest) -> HttpResponse:
    return _index(request, RegisterForm(edition=edition_in_force()))


def _index(request: StaffRequest, form: RegisterForm, status: int = 200) -> HttpResponse:
    waiting = [(one, one.proposed_by_id != request.user.pk) for one in queries.waiting_proposals()]
    now = clock.now()
    context = {
        "title": _("Gateways"),
        "fares": queries.gateways(now),
        "troubled": queries.troubled(now),
        "waiting": waiting,
        "form": form,
        "may_operate": can(request.user, Can.OPERATE),
    }
    return page(request, "admin/gateways/index.html", context, status)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def register(request: StaffRequest) -> HttpResponse:
    """A gateway with its first key, which is shown on the page that answers and never again."""
    edition = edition_in_force()
    form = RegisterForm(request.POST, edition=edition)
    if form.is_valid() and queries.is_named(form.cleaned_data["name"]):
        form.add_error("name", _("There is a gateway with this name. Choose another."))
    if not form.is_valid():
        return _index(request, form, 400)
    made, key = actions.create_key(
        form.cleaned_data["name"],
        form.cleaned_data["services"],
        secret=secrets.token_urlsafe(32),
        edition=edition,
        now=clock.now(),
        by=request.user,
        source=Source.PERSON,
    )
    return _shown_once(request, made, _("The key of %(name)s") % {"name": made.name}, key)


def _shown_once(
    request: StaffRequest, gateway: Gateway, title: str, secret: str, back: str = ""
) -> HttpResponse:
    context = {
        "title": title,
        "secret": secret,
        "back": back or reverse("admin:gateway", args=[gateway.pk]),
        "gateway": gateway,
    }
    return page(request, "admin/gateways/secret.html", context)


@staff(Can.SEE_RECORD, "GET")
def gateway(request: StaffRequest, *, pk: int) -> HttpResponse:
    return _file(request, pk)


def _forms(request: StaffRequest, of: Gateway, data: object = None) -> Forms:
    """What this person may send about this gateway now, by the name in the address."""
    if not can(request.user, Can.OPERATE) or of.disabled_at is not None:
        return {}
    edition = edition_in_force()
    made: Forms = {
        "silence": SilenceForm(data, auto_id="silence-%s", initial={"seconds": of.max_silence_s}),
        "endpoint": EndpointForm(data, auto_id="endpoint-%s"),
        "disable": DisableGatewayForm(data, auto_id="disable-%s"),
    }
    if set(edition.services) - set(of.services):
        made["services"] = ServicesForm(data, edition=edition, but=of.services, auto_id="services-%s")
    return made


def _file(request: StaffRequest, pk: int, sent: Forms | None = None) -> HttpResponse:
    now = clock.now()
    found = queries.gateway_file(pk, now)
    context = {
        "title": found.fare.gateway.name,
        "file": found,
        "gateway": found.fare.gateway,
        "forms": {**_forms(request, found.fare.gateway), **(sent or {})},
        "sent": list((sent or {}).values()),
        "may_operate": can(request.user, Can.OPERATE),
        "you": request.user,
        "now": now,
    }
    return page(request, "admin/gateways/gateway.html", context, 400 if sent else 200)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def act(request: StaffRequest, *, pk: int, name: str) -> HttpResponse:
    """One of the forms of a gateway's page; errors at the fields, nothing typed lost."""
    of = queries.gateway_file(pk, clock.now()).fare.gateway
    form = _forms(request, of, request.POST).get(name)
    if form is None:
        messages.error(request, _("This cannot be done to this gateway now."))
        return redirect("admin:gateway", pk=pk)
    if form.is_valid():
        try:
            return _ACTS[name](form, of, request)
        except InvalidInput as error:
            for field, told in error.errors.items():
                form.add_error(field, told)
        except NotPossibleNow as error:
            form.add_error(None, error.message)
    return _file(request, pk, {name: form})


def _said(request: StaffRequest, of: Gateway, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("admin:gateway", pk=of.pk)


def _services(form: PortalForm, of: Gateway, request: StaffRequest) -> HttpResponse:
    actions.add_services(
        of, form.cleaned_data["services"], edition=edition_in_force(), by=request.user, now=clock.now()
    )
    return _said(request, of, _("It may ask about these services too."))


def _silence(form: PortalForm, of: Gateway, request: StaffRequest) -> HttpResponse:
    seconds, now = form.cleaned_data["seconds"], clock.now()
    if actions.LEAST_SILENCE_S <= seconds < of.max_silence_s:
        actions.shorten_silence(of, seconds, by=request.user, now=now)
        return _said(request, of, _("Shorter from now on."))
    reason = form.cleaned_data["reason"]
    actions.propose(of, GatewayAct.SILENCE, seconds=seconds, reason=reason, by=request.user, now=now)
    return _said(request, of, _("Proposed. It is done when a second operator agrees."))


def _disable(form: PortalForm, of: Gateway, request: StaffRequest) -> HttpResponse:
    reason = form.cleaned_data["reason"]
    actions.propose(of, GatewayAct.DISABLE, reason=reason, by=request.user, now=clock.now())
    return _said(request, of, _("Proposed. It is done when a second operator agrees."))


def _endpoint(form: PortalForm, of: Gateway, request: StaffRequest) -> HttpResponse:
    made, secret = webhook.add_endpoint(
        of,
        form.cleaned_data["url"],
        random=secrets.token_bytes(32),
        allowed=settings.WEBHOOK_HOSTS,
        by=request.user,
        now=clock.now(),
    )
    back = reverse("admin:endpoint", args=[made.pk])
    return _shown_once(request, of, _("The secret that signs calls"), secret, back)


_ACTS: dict[str, Callable[[PortalForm, Gateway, StaffRequest], HttpResponse]] = {
    "services": _services,
    "silence": _silence,
    "disable": _disable,
    "endpoint": _endpoint,
}


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def answer(request: StaffRequest, *, proposal: int) -> HttpResponse:
    """The second operator agrees or refuses."""
    agree = request.POST.get("agree") == "1"
    try:
        actions.answer(queries.proposal(proposal), agree=agree, by=request.user, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Agreed, and done.") if agree else _("Refused."))
    return redirect("admin:gateways")


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def enable(request: StaffRequest, *, pk: int) -> HttpResponse:
    of = queries.gateway_file(pk, clock.now()).fare.gateway
    return _tried(request, _of(of), lambda: actions.enable(of, by=request.user, now=clock.now()))


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def replace_key(request: StaffRequest, *, pk: int) -> HttpResponse:
    of = queries.gateway_file(pk, clock.now()).fare.gateway
    try:
        key = actions.replace_key(of, secret=secrets.token_urlsafe(32), by=request.user, now=clock.now())
    except NotPossibleNow as error:
        messages.error(request, error.message)
        return redirect("admin:gateway", pk=pk)
    return _shown_once(request, of, _("The key of %(name)s") % {"name": of.name}, key)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def end_key(request: StaffRequest, *, key: int) -> HttpResponse:
    found = queries.key_of(key)
    return _tried(
        request, _of(found.gateway), lambda: actions.end_key(found, by=request.user, now=clock.now())
    )


def _of(gateway: Gateway) -> str:
    return reverse("admin:gateway", args=[gateway.pk])


def _tried(request: StaffRequest, back: str, do: Callable[[], object]) -> HttpResponse:
    try:
        do()
    except NotPossibleNow as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
    return redirect(back)


# --- where a gateway is called ---


@staff(Can.SEE_RECORD, "GET")
def endpoint(request: StaffRequest, *, pk: int) -> HttpResponse:
    """One address with its newest calls and every try of them."""
    found = endpoint_calls(pk)
    context = {
        "title": _("Calls to %(name)s") % {"name": found.endpoint.gateway.name},
        "endpoint": found.endpoint,
        "deliveries": found.deliveries,
        "may_operate": can(request.user, Can.OPERATE),
        "now": clock.now(),
    }
    return page(request, "admin/gateways/endpoint.html", context)


@step_up(FOR_POWERS)
@staff(Can.OPERATE, "POST")
def endpoint_act(request: StaffRequest, *, pk: int, name: str) -> HttpResponse:
    """`test`, `rotate` or `disable`."""
    of = endpoint_calls(pk).endpoint
    back = reverse("admin:endpoint", args=[pk])
    if name == "rotate":
        try:
            secret = webhook.rotate_secret(
                of, random=secrets.token_bytes(32), by=request.user, now=clock.now()
            )
        except NotPossibleNow as error:
            messages.error(request, error.message)
            return redirect(back)
        return _shown_once(request, of.gateway, _("The secret that signs calls"), secret, back)
    if name not in _ENDPOINT_ACTS:
        raise NotFound
    return _tried(request, back, lambda: _ENDPOINT_ACTS[name](of, by=request.user, now=clock.now()))


_ENDPOINT_ACTS: dict[str, Callable[..., object]] = {
    "test": webhook.send_test,
    "disable": webhook.disable_endpoint,
}
