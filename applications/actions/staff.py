"""Floor 4: who works for us, and who is away (design §3). Roles come by a command: no page gives anybody power."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.actions import audit, review
from applications.actions.account import end_sessions
from applications.enums import Digest, Source, StaffRole
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import Application, Conflict, User
from applications.permissions import POWERS, Can, require
from applications.rules.identifiers import clean_text

WHY_MAX = 500


@transaction.atomic
def set_role(person: User, role: StaffRole, *, now: datetime) -> bool:
    """Give the person a staff role, another one, or none. False when they have it already.

    Effects: the role; an audit row; their sessions ended; the cases they hold released when they review no more.
    """
    was = person.staff_role
    if not User.objects.filter(pk=person.pk).exclude(staff_role=role).update(staff_role=role):
        return False
    person.staff_role = role
    audit.record(
        "staff_role_changed",
        by=None,
        now=now,
        source=Source.COMMAND,
        target=person,
        data={"person": str(person.key), "from": was, "to": role},
    )
    end_sessions(person)
    if role not in POWERS[Can.REVIEW]:
        review.release_cases_of(person, by=None, now=now)
    return True


@transaction.atomic
def disable(person: User, *, reason: str, by: User, now: datetime) -> int:
    """An operator shuts somebody out. Returns how many cases that freed; a person who is out already frees none.

    Effects, in order: the person inactive, an audit row with the reason, every session ended, the cases they hold
    released (design §5: by itself when a reviewer is disabled). Raises NotAllowed, NotPossibleNow (oneself),
    InvalidInput (`reason`).
    """
    require(by, Can.OPERATE)
    if person.pk == by.pk:
        raise NotPossibleNow(_("You cannot disable yourself. Ask another operator."))
    why = clean_text(reason, multiline=True)[:WHY_MAX]
    if not why:
        raise InvalidInput({"reason": _("Say why. The record keeps it.")})
    if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        return 0
    person.is_active = False
    _record("person.disabled", person, by=by, now=now, reason=why)
    end_sessions(person)
    return review.release_cases_of(person, by=by, now=now)


@transaction.atomic
def enable(person: User, *, by: User, now: datetime) -> bool:
    """An operator lets somebody in again. Effects: active, an audit row. Their cases do not come back by themselves.

    False when they are in already, or were erased. Raises NotAllowed.
    """
    require(by, Can.OPERATE)
    out = User.objects.filter(pk=person.pk, is_active=False, erased_at__isnull=True)
    if not out.update(is_active=True):
        return False
    person.is_active = True
    _record("person.enabled", person, by=by, now=now)
    return True


@transaction.atomic
def set_absence(person: User, *, until: date | None, by: User, now: datetime) -> None:
    """A person of ours is away up to and including a day (None: back). Nobody gives them a case in that time.

    Effects: the day, an audit row. What they hold stays theirs until a lead hands it over. By an operator, a
    lead, or the person. Raises NotAllowed, InvalidInput (`until`: past).
    """
    if person.pk != by.pk and by.staff_role not in (StaffRole.OPERATOR, StaffRole.LEAD):
        require(by, Can.OPERATE)
    require(person, Can.SEE_CUSTOMERS)
    if until is not None and until < now.date():
        raise InvalidInput({"until": _("This day is past. Choose today or a later day, or leave it empty.")})
    if not User.objects.filter(pk=person.pk).exclude(absent_until=until).update(absent_until=until):
        return
    person.absent_until = until
    _record("person.absent", person, by=by, now=now, until=f"{until:%F}" if until else "")


@transaction.atomic
def declare_conflict(application: Application, *, by: User, now: datetime) -> bool:
    """A reviewer declares to stand too near to the customer of a case: they judge nothing of it any more (promise P5).

    Effects, in order: the declaration, an audit row, their open cases of that customer released. False when they
    have declared it already. Raises NotAllowed.
    """
    require(by, Can.REVIEW)
    customer = application.customer
    standing, is_new = Conflict.objects.get_or_create(
        user=by, customer=customer, lifted_at=None, defaults={"declared_at": now}
    )
    if not is_new:
        return False
    audit.record(
        "conflict.declared",
        by=by,
        now=now,
        customer_id=customer.pk,
        application_id=application.pk,
        target=standing,
    )
    review.release_cases_of(by, by=by, now=now, customer=customer)
    return True


@transaction.atomic
def lift_conflict(conflict: Conflict, *, by: User, now: datetime) -> bool:
    """A lead lifts what another person declared. Effects: lifted, an audit row. False when it was lifted before.

    Raises NotAllowed, NotPossibleNow (one's own).
    """
    require(by, Can.LEAD)
    if conflict.user_id == by.pk:
        raise NotPossibleNow(_("You declared this yourself. Another lead has to lift it."))
    standing = Conflict.objects.filter(pk=conflict.pk, lifted_at=None)
    if not standing.update(lifted_at=now, lifted_by=by):
        return False
    audit.record("conflict.lifted", by=by, now=now, customer_id=conflict.customer_id, target=conflict)
    return True


def set_digest(digest: Digest, *, hour: int, by: User) -> None:
    """A person of ours chooses how often a digest comes. Their own taste, so no audit row. Raises NotAllowed."""
    require(by, Can.SEE_CUSTOMERS)
    User.objects.filter(pk=by.pk).update(digest=digest, digest_hour=hour)
    by.digest, by.digest_hour = digest, hour


def _record(action: str, person: User, *, by: User, now: datetime, reason: str = "", **data: str) -> None:
    audit.record(
        action, by=by, now=now, target=person, reason=reason, data={"person": str(person.key), **data}
    )
