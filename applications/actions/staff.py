"""Floor 4: who works for us (design §3). The command alone calls this: no page gives anybody power."""

from datetime import datetime

from django.db import transaction

from applications.actions import audit, review
from applications.actions.account import end_sessions
from applications.enums import Source, StaffRole
from applications.models import User
from applications.permissions import POWERS, Can


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
