"""Floor 5: plans the digests of our own people: one row of the outbox a person and day, whatever runs how often."""

from datetime import datetime

from applications.actions import message
from applications.enums import Duty, MessageKind
from applications.exceptions import NoEdition
from applications.jobs.run import recorded
from applications.models import OutboundMessage
from applications.queries.digest import due
from applications.queries.policy import edition_in_force


def plan_digests(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Queue the digest of everybody whose hour has come today and who has none yet."""
    with recorded(Duty.DIGESTS, now, budget_s=budget_s) as run:
        try:
            edition = edition_in_force()
        except NoEdition:
            return run.counts
        people = {f"digest:{person.pk}:{day:%F}": person for person, day in due(edition, now)}
        known = OutboundMessage.objects.filter(key__in=people).values_list("key", flat=True)
        for key in set(known):
            del people[key]
        message.queue_all(MessageKind.DIGEST, people.items(), now=now)
        run.add(queued=len(people))
        return run.counts
