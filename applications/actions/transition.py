"""Floor 4: the one door through which an access application changes state (design §5, promise P5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from applications.actions import audit
from applications.enums import FINAL_STATES, Move, State
from applications.exceptions import NotPossibleNow, SomebodyWasFaster
from applications.models import Application, AuditEvent, User
from applications.rules import workflow


def move(
    application: Application,
    move: Move,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    only_if: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Application:
    """Change the state by one conditional UPDATE and write the audit row, in the caller's transaction.

    Effects, in order: UPDATE … WHERE state = the state that was read (and `only_if`, e.g. the holder), setting the
    new state, `state_changed_at`, `closed_at` when final, and `fields`; one audit row `application.<move>`; the
    instance is brought up to date. Raises NotPossibleNow when the table has no such edge from the state read, and
    SomebodyWasFaster when the row changed in between. Who may do it is asked before (`permissions`).
    """
    if not workflow.possible(move, application.state):
        raise impossible(application)
    before = application.state
    after = workflow.target(move, before)
    changes: dict[str, Any] = {"state": after, "state_changed_at": now, **fields}
    if after in FINAL_STATES:
        changes["closed_at"] = now
    touched = Application.objects.filter(pk=application.pk, state=before, **(only_if or {})).update(**changes)
    if touched != 1:
        raise faster(application)
    audit.record(
        f"application.{move.value}",
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=application,
        data={"from": before, "to": after.value, **(data or {})},
        reason=reason,
    )
    for name, value in changes.items():
        setattr(application, name, value)
    return application


def impossible(application: Application) -> NotPossibleNow:
    """The error for a move that the table does not have from this state."""
    return NotPossibleNow(
        _("This is not possible while the application is “%(state)s”.")
        % {"state": State(application.state).label},
        code=f"not_possible_from_{application.state}",
    )


def faster(application: Application) -> SomebodyWasFaster:
    """The error for a lost race: who moved the case last (a message is no move), and when."""
    last = (
        AuditEvent.objects.filter(
            application_ref=application.pk, action__in=[f"application.{made.value}" for made in Move]
        )
        .order_by("-id")
        .first()
    )
    winner = User.objects.filter(key=last.actor).first() if last and last.actor else None
    who = str(winner) if winner else _("the schedule")
    return SomebodyWasFaster(
        _("Somebody was faster: %(who)s has changed this application in the meantime.") % {"who": who},
        who=who,
        when=last.at if last else None,
    )
