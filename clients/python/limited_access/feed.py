"""Follow the feed: begin with the snapshot, obey each right's end, and answer from memory while contact is recent."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from limited_access.client import Answer, Client, Pair, Source, is_decision
from limited_access.transport import NoAnswer, exchange


class Follower:
    """A memory of allows, fed by the portal; run `step()` in a loop (`run` does), ask with `decide`.

    `max_silence_s` is what operators set for this gateway: how long after the last contact the memory counts.
    Time comes from the portal and goes on by the monotonic clock, so a wrong wall clock does no harm.
    """

    def __init__(
        self,
        client: Client,
        *,
        max_silence_s: float = 60.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client, self.max_silence_s, self.monotonic = client, max_silence_s, monotonic
        self.cursor: str | None = None
        self._confirmed: str | None = None
        self._ends: dict[Pair, float | None] = {}
        self._contact = float("-inf")  # when the question was sent whose answer left nothing more to read
        self._ahead = 0.0  # the portal's time minus our monotonic clock, never too small
        self._lock = threading.Lock()

    def decide(self, subscription: str, capability: str) -> Answer:
        """From memory an allow; what is not there, is over or is too old to trust is asked."""
        pair = (subscription.lower(), capability)
        with self._lock:
            moment = self.monotonic()
            if moment - self._contact < self.max_silence_s and pair in self._ends:
                end = self._ends[pair]
                if end is None or moment + self._ahead < end:
                    return Answer(True, "memory", Source.MEMORY, {})
        return self.client.decide(subscription, capability)

    def step(self, wait_s: int = 0) -> bool:
        """Read once: the snapshot at first, then a page of the feed, which is confirmed. Raises NoAnswer.

        Answers whether more is waiting.
        """
        if self.cursor is None:
            self._start()
            return True
        sent = self.monotonic()
        query = {"after": self.cursor, "limit": "1000", **({"wait": str(wait_s)} if wait_s else {})}
        page = self._read("/api/v1/changes", query, wait_s)
        try:
            rows, cursor, more = list(page["changes"]), str(page["cursor"]), page["has_more"] is not False
            whole = all(row["subscription_id"] and row["capability"] for row in rows)
            told = [
                _learn(row["decision"], (row["subscription_id"], row["capability"])) for row in rows if whole
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoAnswer("not a page of the feed") from error
        if (
            not whole
        ):  # a policy or a whole subscription changed: read everything anew, and keep it until then
            self._start()
            return True
        with self._lock:
            for pair, allowed, end in told:
                self._ends.pop(pair, None)
                if allowed:
                    self._ends[pair] = end
            self.cursor = cursor
            if not more:
                self._contact = sent
                self._set_time(page, sent)
        for pair, allowed, _end in told:
            if not allowed:
                self.client.forget(pair)
        self._confirm()
        return more

    def run(self, stop: threading.Event, wait_s: int = 20) -> None:
        """Follow until `stop`; after a failure try again after a second."""
        while not stop.is_set():
            try:
                self.step(wait_s)
            except NoAnswer:
                stop.wait(1.0)

    def _start(self) -> None:
        """Everything anew. The first page's cursor is where the feed goes on, and what is confirmed."""
        ends: dict[Pair, float | None] = {}
        first: tuple[str, float, Mapping[str, Any]] | None = None
        after: int | None = None
        while first is None or after is not None:
            sent = self.monotonic()
            page = self._read("/api/v1/snapshot", {} if after is None else {"after": str(after)}, 0)
            try:
                for row in page["decisions"]:
                    pair, allowed, end = _learn(row, (row["subscription_id"], row["capability"]))
                    if allowed:
                        ends[pair] = end
                following = page["after"]
                if following is not None and following <= (after or 0):
                    raise NoAnswer("a snapshot that does not go on")
                first = first or (str(page["cursor"]), sent, page)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise NoAnswer("not a page of the snapshot") from error
            after = following
        with self._lock:
            self._ends, (self.cursor, self._contact) = ends, first[:2]
            self._set_time(first[2], first[1])
        self._confirm()

    def _set_time(self, page: Mapping[str, Any], sent: float) -> None:
        """The portal read its clock after `sent`, so its time is never later than this says: ends come in time.

        After a held-back answer they may come early from memory, by its wait; then the portal is asked.
        """
        self._ahead = _seconds(page["evaluated_at"]) - sent

    def _read(self, path: str, query: Mapping[str, str], wait_s: int) -> dict[str, Any]:
        page = exchange(
            self.client.site,
            path,
            key=self.client.key,
            query=query,
            timeout_s=self.client.timeout_s + wait_s,
        )
        try:
            _seconds(page["evaluated_at"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoAnswer("no time in it") from error
        return page

    def _confirm(self) -> None:
        """Say what is obeyed by now; what failed to be said is said after the next step."""
        cursor = self.cursor
        if cursor == self._confirmed:
            return
        exchange(
            self.client.site,
            "/api/v1/changes/ack",
            key=self.client.key,
            body={"cursor": cursor},
            timeout_s=self.client.timeout_s,
        )
        self._confirmed = cursor


def _learn(decision: Mapping[str, Any], about: Pair) -> tuple[Pair, bool, float | None]:
    """What a decision means for the memory; one that cannot be read is no allow (ValueError)."""
    pair = (about[0].lower(), about[1])
    if not is_decision(decision, pair):
        raise ValueError("not a decision")
    ends_at = decision["ends_at"]
    return pair, decision["allowed"], None if ends_at is None else _seconds(ends_at)


def _seconds(text: str) -> float:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise ValueError("an instant without zone")
    return at.timestamp()
