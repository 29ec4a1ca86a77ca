"""Floor 4: rights whose end is past are closed by batches of whole customers (design §7; promises P1, P2, P6, P7).

Nothing here changes an answer: access is a function of rows and time (`rules.access`). A batch records, hands on
and tells. It is four statements of the database, whatever its size.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from applications.actions import audit, duty
from applications.enums import ChangeKind, Duty, MessageKind, MessageState, Source
from applications.exceptions import NotPossibleNow, SomebodyWasFaster
from applications.models import DeadlinePreview, JobRun, OutboundMessage, User
from applications.queries import bulk
from applications.queries.deadlines import COVERED, DUE, kept_open, preview_numbers
from applications.queries.forecast import standings
from applications.rules.policy import Edition

EVERYBODY = 2**63 - 1

_BOUNDARY = f"""
SELECT g.customer_id FROM applications_accessgrant g WHERE {DUE} AND g.customer_id > %(after)s
ORDER BY g.customer_id LIMIT 1 OFFSET %(size)s
"""  # noqa: S608 -- built from constants of this package

_CLOSE = """
UPDATE applications_accessgrant AS g
SET closed_at = %(now)s, closed_run = %(run)s, closed_covered = ({covered})
WHERE g.customer_id > %(after)s AND g.customer_id <= %(upto)s AND {due}
"""

# What this run closed of these customers: another run that was faster leaves nothing here.
_CLOSED = "g.customer_id > %(after)s AND g.customer_id <= %(upto)s AND g.closed_run = %(run)s"

_AUDIT = f"""
INSERT INTO applications_auditevent (at, action, source, customer_ref, target, target_ref, data)
SELECT %(now)s, 'right.closed', %(source)s, g.customer_id, 'accessgrant', g.id,
       {{json}}('capability', g.capability, 'basis', g.basis, 'run', g.closed_run,
               'effect', CASE WHEN g.closed_covered THEN 'covered' ELSE 'lost' END)
FROM applications_accessgrant g WHERE {_CLOSED}
"""  # noqa: S608

_FEED = """
INSERT INTO applications_change (at, kind, service, subscription_guid, capability, deadline_at)
SELECT %(now)s, %(ended)s, {service}, s.guid, g.capability, g.ends_at
FROM applications_accessgrant g JOIN applications_subscription s ON s.id = g.subscription_id
WHERE {closed}
"""

_NOTICE = f"""
INSERT INTO applications_outboundmessage (key, kind, state, customer_id, address, context, queued_at, due_at,
                                          attempts, unknown_outcomes, last_error, subject, body)
SELECT '{MessageKind.ACCESS_ENDED.value}:' || %(run)s || ':' || g.customer_id, %(kind)s, %(state)s, g.customer_id,
       '', {{json}}('run', %(run)s), %(now)s, %(now)s, 0, 0, '', '', ''
FROM applications_accessgrant g WHERE {_CLOSED} AND NOT g.closed_covered
GROUP BY g.customer_id
"""  # noqa: S608

_COUNT = f"""
SELECT COUNT(*), COALESCE(SUM(CASE WHEN g.closed_covered THEN 1 ELSE 0 END), 0), COUNT(DISTINCT g.customer_id)
FROM applications_accessgrant g WHERE {_CLOSED}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did; `upto` is the last customer it took, None when it was the last batch."""

    closed: int = 0
    covered: int = 0
    customers: int = 0
    notices: int = 0
    upto: int | None = None


@transaction.atomic
def close_batch(
    *,
    run: JobRun,
    after: int,
    size: int,
    edition: Edition | None,
    hold: bool,
    now: datetime,
    source: Source = Source.CLOCK,
) -> Batch | None:
    """Close the due rights of the next customers after `after`, about `size` of them, whole customers only.

    Effects, in order: each right gets `closed_at`, the run, and whether another right covered its end; one audit row
    and one feed row (with the deadline) per right; one notice without a verdict per customer that lost something,
    held when `hold`. Twice, late or at once: a right is closed by one run only. Returns None when another run of
    the duty is at work.
    """
    if not duty.alone(Duty.ENDS):
        return None
    found = bulk.fetch(_BOUNDARY, {"now": now, "after": after, "size": size - 1})
    upto = found[0][0] if found else EVERYBODY
    opened, open_codes = kept_open(edition, now)
    span = {"run": run.pk, "after": after, "upto": upto}
    bulk.execute(_CLOSE.format(covered=f"{COVERED}{opened}", due=DUE), {**span, **open_codes, "now": now})
    bulk.execute(_AUDIT.replace("{{", "{"), {**span, "now": now, "source": source.value})
    service, codes = _service_of(edition)
    bulk.execute(
        _FEED.format(service=service, closed=_CLOSED),
        {**span, **codes, "now": now, "ended": ChangeKind.ENDED.value},
    )
    state = MessageState.HELD if hold else MessageState.QUEUED
    notices = bulk.execute(
        _NOTICE, {**span, "now": now, "kind": MessageKind.ACCESS_ENDED.value, "state": state.value}
    )
    closed, covered, customers = bulk.fetch(_COUNT, span)[0]
    return Batch(closed, covered, customers, notices, upto if found else None)


def _service_of(edition: Edition | None) -> tuple[str, dict[str, str]]:
    """The expression that says which service a right belongs to: gateways are told of their own."""
    if edition is None:
        return "''", {}
    values: dict[str, str] = {}
    for number, capability in enumerate(edition.capabilities.values()):
        values |= {f"code{number}": capability.code, f"service{number}": capability.service}
    cases = " ".join(f"WHEN %(code{n})s THEN %(service{n})s" for n in range(len(edition.capabilities)))
    return f"CASE g.capability {cases} ELSE '' END", values


@transaction.atomic
def make_preview(ends_at: datetime, *, now: datetime) -> DeadlinePreview:
    """Record whom one deadline would touch, by what is known now (promise P7)."""
    numbers = preview_numbers(ends_at, known_at=now)
    return DeadlinePreview.objects.create(
        ends_at=ends_at, made_at=now, standings=standings(ends_at, known_at=now), **numbers
    )


@transaction.atomic
def propose_release(*, run: JobRun, by: User, now: datetime) -> None:
    """A first person wants the held notices of a run to go out. Effects: the proposal, an audit row.

    Raises NotPossibleNow when nothing is held or it is proposed already.
    """
    proposed = _held(run).exists() and JobRun.objects.filter(
        pk=run.pk, released_at__isnull=True, release_proposed_at__isnull=True
    ).update(release_proposed_at=now, release_proposed_by=by)
    if not proposed:
        raise NotPossibleNow(_("Nothing of this run waits, or its release is proposed already."))
    audit.record("notices.release_proposed", by=by, now=now, target=run)


@transaction.atomic
def release_held(*, run: JobRun, by: User, now: datetime) -> int:
    """A second person lets the held notices of a run go. Returns how many.

    Effects, in order: the run is released (once), its held notices are queued, an audit row. Raises NotPossibleNow
    without a proposal or by the person who proposed, SomebodyWasFaster when it was released already.
    """
    current = JobRun.objects.get(pk=run.pk)
    if current.release_proposed_at is None:
        raise NotPossibleNow(_("Somebody has to propose the release first."))
    if current.release_proposed_by_id == by.pk:
        raise NotPossibleNow(_("You proposed it; the release needs a second person."), code="four_eyes")
    touched = JobRun.objects.filter(pk=run.pk, released_at__isnull=True).update(
        released_at=now, released_by=by
    )
    if not touched:
        raise SomebodyWasFaster(_("These notices were released already."))
    queued = _held(run).update(state=MessageState.QUEUED, due_at=now)
    audit.record("notices.released", by=by, now=now, target=run, data={"notices": queued})
    return queued


def _held(run: JobRun) -> QuerySet[OutboundMessage]:
    prefix = f"{MessageKind.ACCESS_ENDED.value}:{run.pk}:"
    return OutboundMessage.objects.filter(key__startswith=prefix, state=MessageState.HELD)
