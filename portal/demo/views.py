"""The demo's pages: the mailbox and the jump."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from applications import clock
from applications.models import AccessGrant, OutboundMessage, User
from applications.permissions import Can, can
from portal.accounts import totp_code
from portal.demo.clock import jump_to
from portal.demo.seed import PASSWORD, STAFF, TOTP_SECRET

PER_PAGE = 30
JUMPS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Every mail the portal has handed over, newest first, and how to sign in as whom."""
    address = request.GET.get("to", "").strip()[:254]
    mails = OutboundMessage.objects.exclude(body="").order_by("-finished_at", "-pk")
    if address:
        mails = mails.filter(address=address)
    page = Paginator(mails, PER_PAGE).get_page(request.GET.get("page"))
    staff = User.objects.filter(email__in=[email for email, *_rest in STAFF]).order_by("staff_role", "name")
    return render(
        request,
        "demo/mailbox.html",
        {
            "page": page,
            "address": address,
            "waiting": OutboundMessage.objects.filter(
                state__in=["queued", "sending"], due_at__lte=clock.now()
            ).count(),
            "staff": staff,
            "customers_people": User.objects.filter(staff_role="", memberships__isnull=False)
            .distinct()
            .prefetch_related("memberships__customer")
            .order_by("pk")[:8],
            "password": PASSWORD,
            "code": totp_code(TOTP_SECRET),
        },
    )


@require_safe
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(
        request,
        "demo/mail.html",
        {"mail": get_object_or_404(OutboundMessage.objects.exclude(body=""), pk=pk)},
    )


@require_POST
def jump(request: HttpRequest) -> HttpResponse:
    """Operators move the demo's clock forward: by a step, or to just before or at the next deadline."""
    if not (request.user.is_authenticated and can(request.user, Can.OPERATE)):
        messages.error(request, _("Only an operator moves the clock. Sign in as one: see the mailbox page."))
        return redirect("demo-mailbox")
    target = _target(request.POST.get("to", ""))
    if target is None:
        messages.error(request, _("Choose where to jump to."))
        return redirect("demo-mailbox")
    jump_to(target)
    messages.success(request, _("The demo's clock has moved. The schedule catches up within a few seconds."))
    return redirect("demo-mailbox")


def _target(step: str) -> datetime | None:
    now = clock.now()
    if step in JUMPS:
        return now + JUMPS[step]
    deadline = next_deadline(now)
    if deadline is None or step not in ("before", "deadline"):
        return None
    return deadline - timedelta(minutes=1) if step == "before" else deadline


def next_deadline(now: datetime) -> datetime | None:
    """The next instant at which any right ends."""
    return (
        AccessGrant.objects.filter(closed_at__isnull=True, ends_at__gt=now)
        .order_by("ends_at")
        .values_list("ends_at", flat=True)
        .first()
    )


def banner(request: HttpRequest) -> dict[str, Any]:
    """Context of the demo's banner on every page: its time, the next deadline, who may jump."""
    now = clock.now()
    user = getattr(request, "user", None)
    return {
        "demo_banner": True,
        "demo_now": now,
        "demo_deadline": next_deadline(now),
        "demo_may_jump": bool(user and user.is_authenticated and can(user, Can.OPERATE)),
    }
