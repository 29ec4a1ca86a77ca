"""Floor 3: the lanes of the reviewers' queue (design §5): views of the open cases, and how many each holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Func, IntegerField, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from applications.enums import UNDECIDED_STATES, ConditionState, Kind, State
from applications.models import Application, Condition, Mention, User

NEAR = timedelta(days=60)
OPEN_CASES = Q(state__in=[state.value for state in UNDECIDED_STATES])


@dataclass(frozen=True, slots=True)
class Lane:
    """A view of the open cases. `condition` may depend on who looks and when. `counted` is there for lanes whose
    number comes from rows or an index of their own; `is_wide` says that closed cases stand there too.
    """

    code: str
    label: Any
    condition: Callable[[User, datetime], Q]
    alarm: bool = False
    key: str = ""
    counted: Callable[[User, datetime], QuerySet[Any]] | None = None
    is_wide: bool = False

    @property
    def name(self) -> str:
        return self.code.replace("-", "_")


def _unread(user: User) -> QuerySet[Mention]:
    return Mention.objects.filter(person=user, read_at=None)


def _overdue(now: datetime) -> QuerySet[Condition]:
    return Condition.objects.filter(state=ConditionState.OPEN, due_at__lte=now)


def _late(now: datetime) -> Q:
    return Q(target_at__lte=now, paused_at=None)


def _ends_soon(now: datetime) -> Q:
    return Q(deadline_at__gt=now, deadline_at__lte=now + NEAR)


def _open(condition: Q) -> QuerySet[Application]:
    """How many open cases fit, by an index of just these."""
    return Application.objects.filter(OPEN_CASES, condition).annotate(cases=_Rows())


class _Rows(Func):
    """How many rows a statement has, without grouping them."""

    template = "COUNT(*)"
    output_field = IntegerField()


class _Cases(_Rows):
    """How many cases the rows of a statement are about."""

    template = "COUNT(DISTINCT %(expressions)s)"


class _Once(Subquery):
    """A number from a statement of its own beside aggregates over other rows."""

    contains_aggregate = True


LANES = (
    Lane("open", _("All open"), lambda user, now: Q()),
    Lane("mine", _("Mine"), lambda user, now: Q(assigned_to=user)),
    Lane(
        "unassigned",
        _("Nobody has"),
        lambda user, now: Q(assigned_to=None, state__in=[State.SUBMITTED, State.IN_REVIEW]),
    ),
    Lane("waiting", _("With the customer"), lambda user, now: Q(state=State.INFORMATION_REQUESTED)),
    Lane("second", _("Second review"), lambda user, now: Q(state=State.SECOND_REVIEW)),
    Lane("appeals", _("Appeals"), lambda user, now: Q(kind=Kind.APPEAL)),
    Lane("policy", _("Policy review"), lambda user, now: Q(policy_review=True)),
    Lane(
        "late",
        _("Past the target"),
        lambda user, now: _late(now),
        alarm=True,
        counted=lambda user, now: _open(_late(now)),
    ),
    Lane(
        "ends-soon",
        _("Ends within 60 days"),
        lambda user, now: _ends_soon(now),
        counted=lambda user, now: _open(_ends_soon(now)),
    ),
    Lane(
        "mentions",
        _("Mention you"),
        lambda user, now: Q(pk__in=_unread(user).values("note__application")),
        key="m",
        is_wide=True,
        counted=lambda user, now: _unread(user).annotate(cases=_Cases("note__application")),
    ),
    Lane(
        "conditions",
        _("Conditions overdue"),
        lambda user, now: Q(pk__in=_overdue(now).values("item__application")),
        alarm=True,
        key="o",
        is_wide=True,
        counted=lambda user, now: _overdue(now).annotate(cases=_Cases("item__application")),
    ),
)
LANE = {lane.code: lane for lane in LANES}


def lane_counts(user: User, now: datetime) -> dict[str, int]:
    """How many cases each lane holds; one statement over open cases, unread mentions and overdue conditions alone."""
    return Application.objects.filter(OPEN_CASES).aggregate(
        **{
            lane.name: Count("state", filter=lane.condition(user, now) or None)
            if lane.counted is None
            else _Once(lane.counted(user, now).order_by().values("cases"))
            for lane in LANES
        }
    )
