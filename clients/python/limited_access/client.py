"""Ask: a fresh answer, else an allow that is still valid, else deny. The wall clock is never read."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from limited_access.transport import Kept, NoAnswer, exchange

LONGEST_S = 300
MOST_REMEMBERED = 100_000
Pair = tuple[str, str]


class Source(Enum):
    FRESH = "fresh"
    MEMORY = "memory"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """May they? `decision` is the portal's own answer, empty when there was none."""

    allowed: bool
    reason: str
    source: Source
    decision: Mapping[str, Any]


class Client:
    """One portal, one key. Safe to share between threads."""

    def __init__(
        self,
        site: str,
        key: str,
        *,
        timeout_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.site, self.key, self.timeout_s, self.monotonic = site, key, timeout_s, monotonic
        self._allows: OrderedDict[Pair, tuple[float, float, dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()
        self._kept = Kept()

    def decide(self, subscription: str, capability: str) -> Answer:
        """Never raises for what the portal or the network does; in doubt the answer is no."""
        pair = (subscription.lower(), capability)
        sent = self.monotonic()
        try:
            decision = self._ask(pair)
        except NoAnswer:
            return self._remembered(pair)
        self._remember(pair, sent, decision)
        return Answer(decision["allowed"], decision["reason"], Source.FRESH, decision)

    def _ask(self, pair: Pair) -> dict[str, Any]:
        found = exchange(
            self.site,
            "/api/v1/access-decisions",
            key=self.key,
            query={"subscription_id": pair[0], "capability": pair[1]},
            timeout_s=self.timeout_s,
            kept=self._kept,
        )
        if not is_decision(found, pair):
            raise NoAnswer("not a decision about this")
        return found

    def _remember(self, pair: Pair, sent: float, decision: dict[str, Any]) -> None:
        """Validity counts from sending: the portal decided later than that, so we never trust too long.

        An answer to an older question may arrive after one to a newer question; the newer one stands.
        """
        with self._lock:
            known = self._allows.pop(pair, None)
            if known and known[0] > sent:
                self._allows[pair] = known
                return
            lasts = min(decision["valid_for_s"], LONGEST_S) if decision["allowed"] else 0
            self._allows[pair] = (sent, sent + lasts, decision)
            if len(self._allows) > MOST_REMEMBERED:
                self._allows.popitem(last=False)

    def forget(self, pair: Pair) -> None:
        """Drop a remembered allow: the feed has told of its end."""
        with self._lock:
            self._allows.pop(pair, None)

    def _remembered(self, pair: Pair) -> Answer:
        with self._lock:
            known = self._allows.get(pair)
        if known and self.monotonic() < known[1]:
            return Answer(True, known[2]["reason"], Source.MEMORY, known[2])
        return Answer(False, "no_answer", Source.NONE, {})


def is_decision(found: Mapping[str, Any], pair: Pair) -> bool:
    """Whether this is a decision about exactly what was asked. `error` is no answer."""
    subscription, lasts = found.get("subscription_id"), found.get("valid_for_s")
    return (
        isinstance(subscription, str)
        and (subscription.lower(), found.get("capability")) == pair
        and isinstance(found.get("allowed"), bool)
        and isinstance(found.get("reason"), str)
        and found["reason"] != "error"
        and isinstance(lasts, int)
        and not isinstance(lasts, bool)
        and lasts >= 0
    )
