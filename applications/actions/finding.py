"""Floor 4: what reviewers find and write on a case until it is decided: flags, verdicts, notes (design §5)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications.actions import audit, desk, message
from applications.actions.review import TEXT_MAX, WRITERS, required_text, too_long
from applications.enums import MessageKind, Move, Settlement, State
from applications.exceptions import InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.models import Application, Customer, Flag, Note, OutboundMessage, SectionReview, User
from applications.permissions import Can, is_own_customer, require, require_staff_move
from applications.queries import case
from applications.queries.handing import Result, chosen
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

VERDICTS = ("fine", "doubt")


@transaction.atomic
def settle_flag(
    flag: Flag, *, settlement: Settlement, note: str, edition: Edition, by: User, now: datetime
) -> Flag:
    """A person finds that a flag stands, or does not apply (then a note says why).

    Effects: the finding on the flag, the risk of the case from the flags that stand, one audit row with the rule.
    The same finding twice is one. Raises NotAllowed, NotPossibleNow (not in review), InvalidInput (`settlement`,
    `note`).
    """
    why = clean_text(note, multiline=True)
    if settlement not in (Settlement.STANDS, Settlement.CURED):
        raise InvalidInput({"settlement": _("Say whether the flag stands or does not apply.")})
    if settlement == Settlement.CURED and not why:
        raise InvalidInput({"note": _("Say why it does not apply. One sentence is enough.")})
    if len(why) > TEXT_MAX:
        raise InvalidInput({"note": too_long(TEXT_MAX)})
    application = flag.application
    _require_working(application, by)
    if (flag.settlement, flag.note, flag.settled_by_id) == (settlement, why, by.pk):
        return flag
    flag.settlement, flag.note, flag.settled_at, flag.settled_by = settlement, why, now, by
    flag.save(update_fields=["settlement", "note", "settled_at", "settled_by"])
    application.risk = case.risk_now(application, edition)
    application.save(update_fields=["risk"])
    audit.record(
        "flag.settled",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=flag,
        data={"rule": flag.rule, "settlement": settlement.value},
        reason=why,
    )
    return flag


@transaction.atomic
def review_section(
    application: Application,
    *,
    section: str,
    verdict: str,
    note: str = "",
    edition: Edition,
    by: User,
    now: datetime,
) -> SectionReview:
    """A verdict (`fine` or `doubt`, with a note) on one section.

    Effects: the verdict in place of an older one, audit row. Raises NotFound (no such section),
    NotAllowed, NotPossibleNow (not in review), InvalidInput (`verdict`, `note`).
    """
    if edition.section(section) is None:
        raise NotFound
    said = clean_text(note, multiline=True)
    if verdict not in VERDICTS:
        raise InvalidInput({"verdict": _("Say whether this section is fine or in doubt.")})
    if verdict == "doubt" and not said:
        raise InvalidInput({"note": _("Say what is in doubt. One sentence is enough.")})
    if len(said) > TEXT_MAX:
        raise InvalidInput({"note": too_long(TEXT_MAX)})
    _require_working(application, by)
    found, _new = SectionReview.objects.update_or_create(
        application=application,
        section=section,
        defaults={"verdict": verdict, "note": said, "reviewed_at": now, "reviewed_by": by},
    )
    audit.record(
        "section.reviewed",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=found,
        data={"section": section, "verdict": verdict},
    )
    return found


@transaction.atomic
def note(
    application: Application,
    *,
    body: str,
    internal: bool,
    by: User,
    now: datetime,
    section: str = "",
) -> Note:
    """Write a line between staff (`internal`), or one to the applicant.

    Effects: the note, audit row, mail if to them; what mentions the writer in the case is read; whom a line between
    staff names with "@" is told (`desk.mention`).

    The same line by the same person within a minute is one (double click). Raises NotAllowed, NotPossibleNow (a
    draft, or to the applicant of a closed case), InvalidInput (`body`).
    """
    said = required_text(body, "body")
    require(by, Can.REVIEW)
    _require_distance(by, application)
    if application.state == State.DRAFT or (not internal and application.closed_at is not None):
        raise NotPossibleNow(_("Nobody reads messages on this application any more."))
    last = application.notes.order_by("-id").first()
    if (
        last is not None
        and (last.body, last.internal, last.author_id) == (said, internal, by.pk)
        and (now - last.written_at).total_seconds() < 60
    ):
        return last
    written = Note.objects.create(
        application=application, author=by, internal=internal, section=section, body=said, written_at=now
    )
    _record_note(written, application, by, now)
    desk.read_mentions(application.pk, by=by, now=now)  # who writes has read
    if internal:
        desk.mention(written, by=by, now=now)
    else:
        message.tell_customer(
            MessageKind.MESSAGE_WRITTEN,
            key=f"message_written:{written.pk}",
            customer=application.customer,
            application=application,
            roles=WRITERS,
            now=now,
            context={"note": written.pk},
        )
    return written


def write_to_many(
    references: Sequence[str], *, body: str, batch: UUID, by: User, now: datetime
) -> list[Result]:
    """A lead writes the same line to the applicants of chosen cases. Returns what became of each case.

    Effects per customer, in one transaction: one notice in the outbox (its key names the batch, so a second click
    writes nothing), and per case the message and an audit row. Raises NotAllowed, InvalidInput (`body`).
    """
    require(by, Can.LEAD)
    said = required_text(body, "body")
    results: list[Result] = []
    cases = sorted(chosen(references), key=lambda one: (one.customer.name, one.customer_id, one.pk))
    queued = OutboundMessage.objects.filter(key__startswith=f"message_written:{batch}:")
    written = set(queued.values_list("customer", flat=True))
    for customer, found in groupby(cases, key=lambda one: one.customer):
        group = list(found)
        near = is_own_customer(by, customer)
        hindered = {one.pk: _hinders(one, near) for one in group}
        if customer.pk not in written:
            _write_to(customer, [one for one in group if not hindered[one.pk]], said, batch, by, now)
        results += [
            Result(one.reference, customer.name, not hindered[one.pk], hindered[one.pk] or _("Written."))
            for one in group
        ]
    return results


def _write_to(
    customer: Customer, cases: list[Application], body: str, batch: UUID, by: User, now: datetime
) -> None:
    if not cases:
        return
    notice = OutboundMessage(
        key=f"message_written:{batch}:{customer.pk}",
        kind=MessageKind.MESSAGE_WRITTEN,
        customer=customer,
        application=cases[0],
        context={"cases": [one.pk for one in cases]},
        queued_at=now,
        due_at=now,
    )
    with suppress(IntegrityError), transaction.atomic():  # the other click of the two has written it
        notice.save(force_insert=True)
        for one in cases:
            written = Note.objects.create(application=one, author=by, body=body, written_at=now)
            _record_note(written, one, by, now)


def _hinders(application: Application, near: bool) -> str:
    if near:
        return _("You belong to this customer or share its mail domain. Somebody else has to write.")
    return "" if application.closed_at is None else _("Nobody reads messages on this application any more.")


def _record_note(written: Note, application: Application, by: User, now: datetime) -> None:
    audit.record(
        "note.written",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=written,
        data={"internal": written.internal},
    )


def _require_distance(by: User, application: Application) -> None:
    if is_own_customer(by, application.customer):
        raise NotAllowed(
            _("You belong to this customer or share its mail domain. Somebody else has to take this case."),
            code="own_customer",
        )


def _require_working(application: Application, by: User) -> None:
    """Findings belong to who has the case while it is in review (or to a lead)."""
    if application.state != State.IN_REVIEW:
        require(by, Can.REVIEW)
        raise NotPossibleNow(_("Findings are noted while the case is in review."))
    require_staff_move(by, application, Move.REQUEST_INFORMATION)
