"""Floor 3: who is calling the decision API, and how gateways fare."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from applications.enums import OPEN_WEBHOOK_STATES, WebhookKind
from applications.exceptions import NotFound
from applications.models import Gateway, GatewayKey, GatewayProposal, WebhookDelivery, WebhookEndpoint
from applications.queries.change import unconfirmed

BEHIND = timedelta(minutes=5)
CALL_WAITS = timedelta(hours=1)
RECENT = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """A gateway (or a signed-in member of staff: `gateway_id` None, every service)."""

    gateway_id: int | None
    services: frozenset[str]
    staff: bool = False

    def may_ask(self, service: str | None) -> bool:
        """An unknown capability has no service: anybody may be told that it is unknown."""
        return self.staff or service is None or service in self.services


def caller_of(key_hash: str, now: datetime) -> Caller | None:
    """The gateway whose key has this hash, if key and gateway are good at `now`; one statement."""
    found = (
        GatewayKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), key_hash=key_hash, gateway__disabled_at=None
        )
        .values_list("gateway_id", "gateway__services")
        .first()
    )
    return Caller(found[0], frozenset(found[1])) if found else None


def client_of(name: str, key_hash: str, now: datetime) -> tuple[Caller, int] | None:
    """The gateway of this name whose key has this hash, with the key's id; one statement."""
    found = (
        GatewayKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            key_hash=key_hash,
            gateway__name=name,
            gateway__disabled_at=None,
        )
        .values_list("gateway_id", "gateway__services", "pk")
        .first()
    )
    return (Caller(found[0], frozenset(found[1])), found[2]) if found else None


# --- at the desk ---


@dataclass(frozen=True, slots=True)
class Fare:
    """How a gateway fares. `waits_since`: when the first change was written that it has not confirmed."""

    gateway: Gateway
    waits_since: datetime | None
    is_behind: bool


def gateways(now: datetime) -> list[Fare]:
    """Every gateway by name; three statements for all."""
    return _fares(Gateway.objects.order_by("name"), now)


def _fares(which: QuerySet[Gateway], now: datetime) -> list[Fare]:
    found = list(which.select_related("disabled_by"))
    since = unconfirmed([one for one in found if one.disabled_at is None])
    return [Fare(one, since.get(one.pk), _is_behind(one, since.get(one.pk), now)) for one in found]


def _is_behind(gateway: Gateway, since: datetime | None, now: datetime) -> bool:
    """Longer than it may be silent, and long enough not to call out at each pause of the network."""
    bearable = max(BEHIND, timedelta(seconds=gateway.max_silence_s))
    return since is not None and now - since > bearable


def is_named(name: str) -> bool:
    return Gateway.objects.filter(name__iexact=name).exists()


@dataclass(frozen=True, slots=True)
class GatewayFile:
    fare: Fare
    keys: list[GatewayKey]
    endpoints: list[WebhookEndpoint]
    proposals: list[GatewayProposal]


def gateway_file(pk: int, now: datetime) -> GatewayFile:
    """Everything about one gateway; a fixed number of statements. Raises NotFound."""
    found = _fares(Gateway.objects.filter(pk=pk), now)
    if not found:
        raise NotFound
    proposals = GatewayProposal.objects.filter(gateway=pk)
    return GatewayFile(
        found[0],
        list(GatewayKey.objects.filter(gateway=pk).order_by("-pk")[:RECENT]),
        list(
            WebhookEndpoint.objects.filter(gateway=pk).select_related("disabled_by").order_by("-pk")[:RECENT]
        ),
        list(proposals.select_related("reason", "proposed_by", "answered_by").order_by("-pk")[:RECENT]),
    )


def waiting_proposals() -> list[GatewayProposal]:
    """What waits for a second operator, the oldest first."""
    open_ones = GatewayProposal.objects.filter(answered_at=None)
    return list(open_ones.select_related("gateway", "reason", "proposed_by").order_by("pk"))


def proposal(pk: int) -> GatewayProposal:
    """One proposal. Raises NotFound."""
    found = GatewayProposal.objects.select_related("gateway", "reason").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def key_of(pk: int) -> GatewayKey:
    """One key. Raises NotFound."""
    found = GatewayKey.objects.select_related("gateway").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def alarms(now: datetime) -> list[str]:
    """What calls for a person, in codes and ids: ends are handed on for ever, so somebody has to hear of it."""
    behind = [
        f"gateway behind: {fare.gateway.pk}"
        for fare in _fares(Gateway.objects.filter(disabled_at=None).order_by("pk"), now)
        if fare.is_behind
    ]
    return [*behind, *(f"endpoint {trouble}: {endpoint.pk}" for endpoint, trouble in troubled(now))]


def troubled(now: datetime) -> list[tuple[WebhookEndpoint, str]]:
    """Endpoints of gateways in use that are gone, or that have not taken an end for an hour."""
    of_open_gateways = WebhookEndpoint.objects.filter(gateway__disabled_at=None).select_related("gateway")
    gone = of_open_gateways.filter(disabled_at__isnull=False, disabled_by=None)
    waits = WebhookDelivery.objects.filter(
        state__in=OPEN_WEBHOOK_STATES, kind=WebhookKind.ENDED, queued_at__lt=now - CALL_WAITS
    )
    not_reached = of_open_gateways.filter(pk__in=waits.values("endpoint"))
    return [
        *((one, "gone") for one in gone.order_by("pk")),
        *((one, "not reached") for one in not_reached.order_by("pk")),
    ]
