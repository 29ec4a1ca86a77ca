"""Floor 3: the ends at which a customer may ask for more time, and what became of what it asked (design §5)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from applications.enums import UNDECIDED_STATES, ExtensionReason, Kind
from applications.exceptions import NotFound
from applications.models import AccessGrant, Application, Customer, TimeRequest
from applications.rules import followups as rule
from applications.rules.policy import Edition

LOOK_BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class End:
    """An end that nothing covers, of these capabilities; `rights` are what ends."""

    ends_at: datetime
    capabilities: tuple[str, ...]
    rights: tuple[int, ...]


def ends_of(customer: Customer, edition: Edition, now: datetime) -> list[End]:
    """The ends for which more time may be asked, the next one first. Two statements."""
    undecided = Application.objects.filter(customer=customer, state__in=UNDECIDED_STATES).exists()
    other = AccessGrant.objects.filter(
        subscription=OuterRef("subscription"),
        capability=OuterRef("capability"),
        revoked_at__isnull=True,
        starts_at__lte=OuterRef("ends_at"),
        ends_at__gt=OuterRef("ends_at"),
    )
    codes = [code for code, one in edition.capabilities.items() if one.needs_approval]
    rights = AccessGrant.objects.filter(
        ~Exists(other),
        customer=customer,
        revoked_at__isnull=True,
        capability__in=codes,
        ends_at__gt=now - LOOK_BACK,
    )
    together: dict[datetime, list[tuple[str, int]]] = defaultdict(list)
    for ends_at, code, pk in rights.order_by("ends_at", "capability").values_list(
        "ends_at", "capability", "pk"
    ):
        if rule.more_time(ends_at, now, undecided=undecided).why_not is None:
            together[ends_at].append((code, pk))
    return [
        End(ends_at, tuple(dict.fromkeys(code for code, _pk in found)), tuple(pk for _code, pk in found))
        for ends_at, found in together.items()
    ]


def reason_for(customer: Customer) -> ExtensionReason:
    """While an appeal is undecided an end is held for it, within the edition's limit for appeals."""
    appeals = Application.objects.filter(customer=customer, kind=Kind.APPEAL, state__in=UNDECIDED_STATES)
    return ExtensionReason.APPEAL if appeals.exists() else ExtensionReason.CUSTOMER


def requests_of(customer: Customer) -> list[TimeRequest]:
    """What the customer asked, the newest first."""
    return list(
        customer.time_requests.select_related("asked_by", "proposal").order_by("-asked_at", "-pk")[:50]
    )


def waiting() -> QuerySet[TimeRequest]:
    """Requests that wait for somebody of ours: not declined, and not proposed, or the second person refused."""
    return (
        TimeRequest.objects.filter(declined_at__isnull=True)
        .filter(Q(proposal__isnull=True) | Q(proposal__agreed=False))
        .select_related("customer", "asked_by")
        .order_by("deadline_at", "pk")
    )


def request_waiting(pk: int) -> TimeRequest:
    """Raises NotFound."""
    found = waiting().filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def cases_of(customer: Customer) -> list[Application]:
    """What of this customer is undecided: why it may need time."""
    undecided = Application.objects.filter(customer=customer, state__in=UNDECIDED_STATES)
    return list(undecided.order_by("pk").only("reference", "kind", "state", "submitted_at")[:20])
