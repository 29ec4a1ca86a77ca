"""Floor 4: many cases handed over at once: each in a transaction of its own, one that has moved hinders no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from applications.actions import review
from applications.enums import State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import Application, User
from applications.permissions import Can, require
from applications.queries.handing import MOST, Result, chosen
from applications.queries.queue import reviewers


@dataclass(frozen=True, slots=True)
class Handing:
    """What a lead confirmed of one case: as they saw it, and the key of who gets it."""

    reference: str
    seen: datetime
    to: str


def hand_over(plan: Sequence[Handing], *, why: str = "", by: User, now: datetime) -> list[Result]:
    """A lead gives cases to people, at most MOST. Returns what became of each, in the order of the plan.

    Effects per case as `review.assign` (nobody had it) or `review.reassign`. A case that has moved since it was seen,
    or that its new holder may not take, is reported and stays. Raises NotAllowed for who does not lead.
    """
    require(by, Can.LEAD)
    people = {str(person.key): person for person in reviewers()}
    cases = {case.reference: case for case in chosen(line.reference for line in plan)}
    return [_one(line, cases.get(line.reference), people.get(line.to), why, by, now) for line in plan[:MOST]]


def _one(
    line: Handing, case: Application | None, to: User | None, why: str, by: User, now: datetime
) -> Result:
    if case is None:
        return Result(line.reference, "", done=False, said=_("There is no such case."))
    name = case.customer.name
    if to is None:
        return Result(line.reference, name, done=False, said=_("This person does not review any more."))
    if case.assigned_to_id == to.pk:
        return Result(line.reference, name, done=False, said=_("They have it already."))
    try:
        if case.state == State.SUBMITTED:
            review.assign(case, to=to, by=by, now=now, seen=line.seen)
        else:
            review.reassign(case, to=to, by=by, now=now, why=why, seen=line.seen)
    except SomebodyWasFaster as error:
        said = _("%(said)s It stays as it is.") % {"said": error.message}
        return Result(line.reference, name, done=False, said=said)
    except (NotPossibleNow, NotAllowed) as error:
        return Result(line.reference, name, done=False, said=error.message)
    except InvalidInput as error:
        return Result(line.reference, name, done=False, said=" ".join(error.errors.values()))
    return Result(line.reference, name, done=True, said=_("Now with %(who)s.") % {"who": to})
