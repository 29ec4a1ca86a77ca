"""Floor 3: who is calling the decision API."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from applications.models import GatewayKey


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
