"""Floor 4: follow-ups of an application: appeal, renewal, amendment, another try (design §5)."""

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import application as act
from applications.enums import Kind, Role, State
from applications.exceptions import Conflict, InvalidInput, NotAllowed, NotFound, NotPossibleNow
from applications.models import Application, Customer, Section, User
from applications.queries import followups as find
from applications.queries.application import WRITERS
from applications.rules.answers import APPEAL, GROUNDS
from applications.rules.followups import KIND, Followup
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition

GROUNDS_MAX = 8000


def follow(
    previous: Application,
    what: Followup,
    *,
    edition: Edition,
    by: User,
    now: datetime,
    grounds: str = "",
) -> Application:
    """Begin the follow-up, or go on with the one that was begun: two clicks, or two people at once, are one.

    Effects: as `application.start`, with the previous answers, narrowed to what it is about; of an appeal also the
    grounds. Raises NotFound, NotAllowed by role; NotPossibleNow when it is not open (`code` says why); InvalidInput
    (`grounds`); Conflict (`what`: the appeal that somebody began with other grounds).
    """
    _require_writer(by, previous.customer)
    kind = KIND[what]
    text = _written(grounds, GROUNDS, GROUNDS_MAX) if what is Followup.APPEAL else ""
    if (standing := find.open_follower(previous, kind)) is not None:
        return _same(standing, text)
    offer = find.offer_of(previous, what, edition, now)
    if offer.why_not:
        raise NotPossibleNow(
            find.why_not(offer, previous.customer.country, edition), code=offer.why_not.value
        )
    try:
        with transaction.atomic():
            made = act.start(
                customer=previous.customer,
                edition=edition,
                by=by,
                now=now,
                create_key=uuid.uuid4(),
                kind=kind,
                previous=previous,
                prefill=find.beginning(previous, what, edition),
            )
            if text:
                _state(made, text, 1, by, now)
            return made
    except IntegrityError:
        if (standing := find.open_follower(previous, kind)) is None:
            raise
        return _same(standing, text)


def _same(standing: Application, text: str) -> Application:
    """The one that stands, unless other grounds than those just typed stand in it: they are not lost silently."""
    if text and standing.state == State.DRAFT:
        kept = standing.sections.filter(code=APPEAL).first()
        if kept is not None and kept.answers.get(GROUNDS) != text:
            raise Conflict(_("An appeal was begun already, with other grounds."), what=standing)
    return standing


@transaction.atomic
def state_grounds(appeal: Application, *, grounds: str, version: int, by: User, now: datetime) -> Application:
    """Change why somebody appeals, while it is a draft. `version` is the one the person saw.

    Effects, in order: `saved_at` (the condition that it is a draft still), the grounds with their next version. The
    same again changes nothing. Raises NotFound, NotAllowed, InvalidInput, NotPossibleNow, Conflict (`what`: the
    appeal).
    """
    _require_writer(by, appeal.customer)
    text = _written(grounds, GROUNDS, GROUNDS_MAX)
    open_ones = Application.objects.filter(pk=appeal.pk, kind=Kind.APPEAL, state=State.DRAFT)
    if not open_ones.update(saved_at=now):
        raise NotPossibleNow(
            _("This appeal is submitted: its grounds are fixed. Write to the reviewer instead.")
        )
    kept = appeal.sections.filter(code=APPEAL).first()
    if kept is not None and kept.answers.get(GROUNDS) == text:
        return appeal
    if (kept.version if kept else 0) != version:
        raise Conflict(_("Somebody else changed the grounds in the meantime."), what=appeal)
    _state(appeal, text, version + 1, by, now)
    return appeal


def _state(appeal: Application, text: str, version: int, by: User, now: datetime) -> None:
    Section.objects.update_or_create(
        application=appeal,
        code=APPEAL,
        defaults={
            "answers": {GROUNDS: text},
            "version": version,
            "complete": True,
            "saved_at": now,
            "saved_by": by,
        },
    )


def _written(raw: str, field: str, most: int) -> str:
    text = clean_text(raw, multiline=True)
    if not text:
        raise InvalidInput({field: _("Nothing is written. Say why.")})
    if len(text) > most:
        raise InvalidInput(
            {field: _("This is too long. Keep it below %(most)s characters.") % {"most": most}}
        )
    return text


def _require_writer(by: User, customer: Customer) -> None:
    role = permissions.role_in(by, customer)
    if role is None:
        raise NotFound
    if Role(role) not in WRITERS:
        raise NotAllowed(_("You can read here, but not change anything. Ask an owner for another role."))
