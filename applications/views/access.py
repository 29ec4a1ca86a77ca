"""The access page: which capability works on which subscription, until when, and what the API answers (floor 6)."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from applications import clock
from applications.models import Customer
from applications.queries import access as find
from applications.queries import application as find_application
from applications.queries import customer as find_customer
from applications.queries import decision
from applications.queries.history import history_of
from applications.queries.policy import edition_in_force
from applications.views.pages import member_page


@member_page("GET")
def index(request: HttpRequest) -> HttpResponse:
    """Everything about one customer; a person of several chooses with `?customer=`."""
    memberships = list(find_customer.memberships(request.user))
    if not memberships:
        return render(request, "access/nobody.html")
    chosen = request.GET.get("customer", "")
    member = next((one for one in memberships if str(one.customer_id) == chosen), None)
    if chosen and member is None:
        raise find_application.NotFound
    member = member or memberships[0]
    customer: Customer = member.customer
    edition, now, language = edition_in_force(), clock.now(), get_language()
    board = find.board_of(customer, edition, now)
    zone = find.zone_of(customer, edition, request.user.time_zone)
    history = history_of(customer, edition, now, language)
    blocks = find.blocks_of(board, language, history)
    context = {
        "customer": customer,
        "memberships": memberships,
        "heading": find.headline(board, language),
        "board": board,
        "blocks": blocks,
        "may_apply": find.may_apply(blocks),
        "turned": len(board.subscriptions) > find.COLUMNS_MOST,
        "deadline": find.banner_of(board, zone),
        "now": now,
        "history": history.lines,
        "may_write": member.role in find_application.WRITERS,
        "asked": _asked(request, board),
        "capabilities": [(one.code, one.name.to(language)) for one in edition.capabilities.values()],
        "contact": edition.contact_email,
    }
    return render(request, "access/index.html", context)


def _asked(request: HttpRequest, board: find.Board) -> dict[str, object] | None:
    """The machine's answer about one pair, word for word."""
    code, wanted = request.GET.get("capability", ""), request.GET.get("subscription", "")
    found = next((one for one in board.subscriptions if str(one.guid) == wanted), None)
    if found is None or board.edition.capability(code) is None:
        return None
    answer = decision.Decision(UUID(wanted), code, board.verdict(found, code), board.edition).as_json()
    return {
        "subscription": wanted,
        "capability": code,
        "allowed": answer["allowed"],
        "reason": answer["reason"],
        "json": json.dumps(answer, indent=2, ensure_ascii=False),
    }
