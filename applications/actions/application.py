"""Floor 4: what the people of a customer do with an access application, besides submitting and answering.

Submitting and answering freeze answers and stand in `actions.submission`.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import audit, message, renewal, transition
from applications.enums import Kind, MessageKind, Move, Role, State
from applications.exceptions import Conflict, InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.models import (
    Application,
    Customer,
    InformationRequest,
    Note,
    RequestedCapability,
    Section,
    User,
)
from applications.queries.application import WRITERS, is_fixed
from applications.rules import answers as said
from applications.rules.identifiers import clean_text, new_reference
from applications.rules.policy import Edition

MESSAGE_MAX = 4000
_SAME_MESSAGE = timedelta(minutes=2)
_EDITABLE = (State.DRAFT, State.INFORMATION_REQUESTED)


def start(
    *,
    customer: Customer,
    edition: Edition,
    by: User,
    now: datetime,
    create_key: UUID,
    kind: Kind = Kind.INITIAL,
    previous: Application | None = None,
    prefill: Mapping[str, Mapping[str, Any]] | None = None,
) -> Application:
    """Begin a draft; the same `create_key` again gives the same draft (promise P4).

    Effects, in order: application in state draft, its sections that are known already, audit row
    `application.start`. Raises NotFound for strangers, NotAllowed for viewers.
    """
    _require_writer(by, customer)
    known = _started(create_key, customer, by)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _start(customer, edition, by, now, create_key, kind, previous, prefill or {})
    except IntegrityError:
        known = _started(create_key, customer, by)
        if known is None:
            raise
        return known


def _start(
    customer: Customer,
    edition: Edition,
    by: User,
    now: datetime,
    create_key: UUID,
    kind: Kind,
    previous: Application | None,
    prefill: Mapping[str, Mapping[str, Any]],
) -> Application:
    application = Application.objects.create(
        reference=new_reference(secrets.token_bytes),
        customer=customer,
        kind=kind,
        previous=previous,
        state_changed_at=now,
        created_at=now,
        created_by=by,
        saved_at=now,
        create_key=create_key,
    )
    together = said.flat(prefill)
    Section.objects.bulk_create(
        Section(
            application=application,
            code=part.code,
            answers=dict(prefill[part.code]),
            complete=not said.missing(part, together),
            saved_at=now,
            saved_by=by,
        )
        for part in edition.sections
        if prefill.get(part.code)
    )
    audit.record(
        "application.start",
        by=by,
        now=now,
        customer_id=customer.pk,
        application_id=application.pk,
        target=application,
        data={"kind": kind.value, "edition": edition.code},
    )
    return application


def _started(create_key: UUID, customer: Customer, by: User) -> Application | None:
    found = Application.objects.filter(create_key=create_key).select_related("customer").first()
    if found is not None and (found.customer_id != customer.pk or found.created_by_id != by.pk):
        raise NotFound
    return found


@transaction.atomic
def save_section(
    *,
    application: Application,
    section: str,
    answers: Mapping[str, Any],
    version: int,
    edition: Edition,
    by: User,
    now: datetime,
) -> Section:
    """Keep the answers of one section, complete or not. `version` is the one the person saw; 0 for none.

    Effects, in order: `saved_at` of the application (the condition that it is still open for changes), the
    section with its next version. Saving the same again changes nothing. Raises NotFound and NotAllowed by role,
    NotPossibleNow when it is not a draft nor waiting for an answer, Conflict (`what`: the newer section) when
    somebody saved another answer in between.
    """
    _require_writer(by, application.customer)
    part = edition.section(section)
    if part is None:
        raise NotFound
    touched = Application.objects.filter(pk=application.pk, state__in=_EDITABLE).update(saved_at=now)
    if not touched:
        raise NotPossibleNow(_("This application is no longer a draft: its answers are fixed."))
    if is_fixed(application, section):
        raise NotPossibleNow(_("The reviewer's question is not about this section, so it stays as it is."))
    saved = {row.code: row for row in application.sections.all()}
    others = {code: row.answers for code, row in saved.items() if code != section}
    together = said.flat(others) | dict(answers)
    complete = not said.missing(part, together)
    before = saved.get(section)
    if before is not None and _filled(before.answers) == _filled(answers):
        return before
    if (before.version if before else 0) != version:
        newer = application.sections.select_related("saved_by").get(code=section)
        raise Conflict(_("Somebody else saved this section in the meantime."), what=newer)
    written, _made = Section.objects.update_or_create(
        application=application,
        code=section,
        defaults={
            "answers": dict(answers),
            "version": version + 1,
            "complete": complete,
            "saved_at": now,
            "saved_by": by,
        },
    )
    application.saved_at = now
    return written


def _filled(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Without empty answers: a question that was not yet shown is answered as little as one left empty."""
    return {key: value for key, value in answers.items() if value not in ("", [], {}, None)}


@transaction.atomic
def discard(*, application: Application, by: User, now: datetime) -> None:
    """Delete a draft. Effects: audit row `application.discard`; the draft and its answers are gone.

    Raises NotFound, NotAllowed, and NotPossibleNow when it is no draft any more.
    """
    permissions.require_member_move(by, application, Move.DISCARD)
    touched = Application.objects.filter(pk=application.pk, state=State.DRAFT).update(saved_at=now)
    if not touched:
        raise NotPossibleNow(_("Only a draft can be discarded. A submitted application can be withdrawn."))
    audit.record(
        "application.discard",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=application,
        data={"reference": application.reference},
    )
    application.delete()


@transaction.atomic
def withdraw(*, application: Application, by: User, now: datetime) -> Application:
    """Take an undecided application back. A second time changes nothing.

    Effects, in order: state withdrawn with its audit row, items closed without an outcome, an open question
    closed, what a renewal held ends, one message to the owners. Raises NotFound, NotAllowed, NotPossibleNow once it
    is decided.
    """
    permissions.require_member_move(by, application, Move.WITHDRAW)
    if application.state == State.WITHDRAWN:
        return application
    transition.move(application, Move.WITHDRAW, by=by, now=now, paused_at=None)
    RequestedCapability.objects.filter(application=application, closed_at__isnull=True).update(closed_at=now)
    InformationRequest.objects.filter(application=application, closed_at__isnull=True).update(closed_at=now)
    renewal.let_go(application, by=by, now=now)
    message.tell_customer(
        MessageKind.APPLICATION_WITHDRAWN,
        key=f"withdrawn:{application.pk}",
        customer=application.customer,
        application=application,
        now=now,
    )
    return application


@transaction.atomic
def add_message(*, application: Application, body: str, by: User, now: datetime) -> Note:
    """Write to the reviewer. The same text again within two minutes is the same message.

    Effects, in order: note, audit row `application.message`. Does not stop the clock. Raises NotFound, NotAllowed,
    InvalidInput for an empty or over-long text, NotPossibleNow for a draft.
    """
    _require_writer(by, application.customer)
    text = clean_text(body, multiline=True)
    if not text:
        raise InvalidInput({"body": _("Write something first.")})
    if len(text) > MESSAGE_MAX:
        raise InvalidInput(
            {"body": _("This is too long. Keep it below %(most)s characters.") % {"most": MESSAGE_MAX}}
        )
    if application.state == State.DRAFT:
        raise NotPossibleNow(_("Nobody reads a draft. Submit it first."))
    latest = application.notes.filter(internal=False).order_by("-written_at", "-pk").first()
    if (
        latest
        and latest.author_id == by.pk
        and latest.body == text
        and now - latest.written_at < _SAME_MESSAGE
    ):
        return latest
    note = Note.objects.create(application=application, author=by, body=text, written_at=now)
    audit.record(
        "application.message",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=note,
    )
    return note


def _require_writer(by: User, customer: Customer) -> None:
    role = permissions.role_in(by, customer)
    if role is None:
        raise NotFound
    if Role(role) not in WRITERS:
        raise NotAllowed(_("You can read here, but not change anything. Ask an owner for another role."))
