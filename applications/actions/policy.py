"""Floor 4: policy editions come in, and take effect (design §6, Editions; promises P7, P8)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications.actions import access, audit
from applications.enums import ChangeKind, Source
from applications.exceptions import NotPossibleNow, SomebodyWasFaster
from applications.models import Change, PolicyEdition, ServiceUse, User
from applications.permissions import Can, require
from applications.queries.policy import edition_of
from applications.rules.policy import Edition
from applications.rules.screening import read_tested_edition

USES_AT_ONCE = 500


@dataclass(frozen=True)
class Loaded:
    row: PolicyEdition
    edition: Edition
    fresh: bool
    """Whether this load wrote it; the same text again changes nothing."""


@dataclass(frozen=True)
class Activated:
    moved: int
    written: int


@transaction.atomic
def load_edition(text: str, *, source: str, by: User | None, now: datetime) -> Loaded:
    """Store an edition. The first one of an empty database takes effect at once, any other waits for two people.

    Effects, in order: the edition's row, audit row `policy.loaded`; for the first one also audit row
    `policy.activated` and a feed row. Raises PolicyError when the text is not an edition, NotPossibleNow when
    another text has its code already.
    """
    edition = read_tested_edition(text, source=source)
    digest = hashlib.sha256(text.encode()).hexdigest()
    known = PolicyEdition.objects.filter(digest=digest).first()
    if known is not None:
        return Loaded(known, edition, fresh=False)
    if PolicyEdition.objects.filter(code=edition.code).exists():
        raise NotPossibleNow(
            _("An edition “%(code)s” with another text is loaded already. An edition never changes: give this one a "
              "code of its own.") % {"code": edition.code}
        )  # fmt: skip
    first = not PolicyEdition.objects.exists()
    try:
        with transaction.atomic():
            row = PolicyEdition.objects.create(
                code=edition.code,
                text=text,
                digest=digest,
                loaded_at=now,
                loaded_by=by,
                in_force=first,
                activated_at=now if first else None,
            )
    except IntegrityError as error:
        raise SomebodyWasFaster(_("Another edition was loaded at the same moment. Try again.")) from error
    _record("policy.loaded", row, by=by, now=now)
    if first:
        _record("policy.activated", row, by=by, now=now)
        _tell_gateways(now)
    return Loaded(row, edition, fresh=True)


@transaction.atomic
def propose_activation(row: PolicyEdition, *, by: User, now: datetime) -> None:
    """An operator, who has seen the preview, proposes that an edition takes effect; another one activates it.

    Effects: who and when on the row, audit row. Proposing again replaces the proposal. Raises NotAllowed, and
    NotPossibleNow when the edition was in force already.
    """
    require(by, Can.OPERATE)
    proposed = PolicyEdition.objects.filter(pk=row.pk, activated_at__isnull=True)
    if not proposed.update(proposed_by=by, proposed_at=now):
        raise NotPossibleNow(
            _("This edition was activated before. Load the text under a new code to return to it.")
        )
    _record("policy.activation_proposed", row, by=by, now=now)


@transaction.atomic
def activate_policy(row: PolicyEdition, *, by: User, second: User, now: datetime) -> Activated:
    """Let an edition take effect: `by` proposed it, `second` is another operator who agrees (two people).

    Effects, in order: this edition in force instead of the other, audit row `policy.activated`; open grace moved
    to its ends (`access.move_grace`); grace written for existing customers at gates that are new to them; one feed
    row. Past decisions and ended grace stay. Raises NotAllowed, NotPossibleNow (not proposed, the same person
    twice) and SomebodyWasFaster.
    """
    require(by, Can.OPERATE)
    require(second, Can.OPERATE)
    if by == second:
        raise NotPossibleNow(_("You proposed this yourself. Another operator must activate it."))
    if not _put_in_force(row, by=by, second=second, now=now):
        row.refresh_from_db()
        if row.activated_at is not None:
            raise SomebodyWasFaster(
                _("This edition was activated already."),
                who=row.activated_by.name if row.activated_by else "",
                when=row.activated_at,
            )
        raise NotPossibleNow(_("This edition has no such proposal. See the preview and propose it first."))
    _record("policy.activated", row, by=second, now=now, proposed_by=str(by.key))
    edition = edition_of(row)
    moved = access.move_grace(edition, by=second, now=now)
    written = sum(
        access.grant_grace_bulk(uses, edition=edition, now=now, source=Source.PERSON, by=second)
        for uses in _uses_with_grace(edition)
    )
    _tell_gateways(now)
    return Activated(moved, written)


def _put_in_force(row: PolicyEdition, *, by: User, second: User, now: datetime) -> bool:
    """Whether this edition took the place of the other; the database allows one in force."""
    PolicyEdition.objects.filter(in_force=True).exclude(pk=row.pk).update(in_force=False)
    mine = PolicyEdition.objects.filter(pk=row.pk, activated_at__isnull=True, proposed_by=by)
    try:
        with transaction.atomic():
            return mine.update(in_force=True, activated_at=now, activated_by=second) == 1
    except IntegrityError as error:
        message = _("Another edition was activated at the same moment. See what this one changes now.")
        raise SomebodyWasFaster(message) from error


def _uses_with_grace(edition: Edition) -> Iterator[list[ServiceUse]]:
    """Uses of services that may earn grace under this edition, in batches; what stands already is left out later."""
    services = [
        code for code in edition.services if any(known.grace for known in edition.capabilities_of(code))
    ]
    uses = ServiceUse.objects.filter(service__in=services).order_by("pk")
    stream = uses.iterator(chunk_size=USES_AT_ONCE)
    while batch := list(islice(stream, USES_AT_ONCE)):
        yield batch


def _tell_gateways(now: datetime) -> None:
    Change.objects.create(at=now, kind=ChangeKind.POLICY)


def _record(action: str, row: PolicyEdition, *, by: User | None, now: datetime, **more: str) -> None:
    audit.record(
        action,
        by=by,
        now=now,
        source=Source.PERSON if by else Source.COMMAND,
        target=row,
        data={"edition": row.code, "digest": row.digest, **more},
    )
