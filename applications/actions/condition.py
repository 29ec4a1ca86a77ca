"""Floor 4: conditions of approvals: written with the decision, settled by a person (design §5)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.actions.review import required_text
from applications.enums import ConditionState
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.models import Application, Condition, RequestedCapability, User
from applications.permissions import Can, is_own_customer, require
from applications.rules.policy import Edition


def promise(item: RequestedCapability, *, edition: Edition, now: datetime) -> None:
    """Write the conditions of an approved item, each due when its day is over, in the transaction of the decision."""
    Condition.objects.bulk_create(
        Condition(item=item, code=code, due_at=_due_at(edition, edition.conditions[code].due_days, now))
        for code in item.conditions
    )


def _due_at(edition: Edition, days: int, now: datetime) -> datetime:
    return edition.day_ends_at(edition.local_day(now + timedelta(days=days)))


@transaction.atomic
def settle(
    application: Application, code: str, *, state: ConditionState, note: str, by: User, now: datetime
) -> int:
    """A person says that a condition was met, or is no longer asked for, on every item of the case that carries it.

    Effects: those conditions settled, one audit row with `note` as its reason. Returns how many. Raises NotAllowed,
    InvalidInput (`state`, `note`), NotPossibleNow (somebody settled it already).
    """
    require(by, Can.REVIEW)
    if is_own_customer(by, application.customer):
        raise NotAllowed(
            _("You belong to this customer or share its mail domain. Somebody else has to take this case."),
            code="own_customer",
        )
    if state not in (ConditionState.MET, ConditionState.DROPPED):
        raise InvalidInput(
            {"state": _("Nothing is chosen. Say whether it was met or is no longer asked for.")}
        )
    said = required_text(note, "note")
    waiting = Condition.objects.filter(item__application=application, code=code, state=ConditionState.OPEN)
    settled = waiting.update(state=state, settled_at=now, settled_by=by)
    if not settled:
        raise NotPossibleNow(
            _("Somebody has settled this condition already. The page shows it as it is now.")
        )
    audit.record(
        "condition.settled",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        data={"condition": code, "state": state.value},
        reason=said,
    )
    return settled
