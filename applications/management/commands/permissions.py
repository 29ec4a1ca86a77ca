"""`permissions`: who may do what, as a page (`docs/permissions.md`), from the tables that the code decides by."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand

from applications.actions.rights import POWER
from applications.enums import Role, StaffRole, State
from applications.permissions import POWERS
from applications.rules.workflow import TRANSITIONS, role_may

CUSTOMERS = tuple(Role)
STAFF = tuple(role for role in StaffRole if role)
HEAD = """\
# Permissions

From the tables that the code decides by (`permissions.POWERS`, `rules.workflow.TRANSITIONS`, `actions.rights.POWER`);
`manage.py permissions > docs/permissions.md` writes this page, and a test fails when it is old. Default is deny.

Whoever is no member of a customer finds nothing of it. Nobody of ours acts on a customer of which they are a member or
whose mail domain they share, nor judges an appeal against their own decision. A role is given by a command
(`set_staff_role`) and by no page. Before decisions the sign-in is at most 60 minutes old; before roles, rights, exports
and switches 5.
"""


class Command(BaseCommand):
    help = "Write who may do what as a page, from the tables that the code decides by."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("\n".join(page()))


def page() -> Iterator[str]:
    yield HEAD
    yield "## Powers of staff"
    yield from table(
        ("Power", *(role.value for role in STAFF)),
        ((f"`{power.value}`", *(yes(role in POWERS[power]) for role in STAFF)) for power in POWERS),
    )
    yield "## Moves of an application"
    yield (
        "*its holder*: who has the case (a lead stands in); *another*: in second review not who recommended; "
        "*decider*: who decided, before the letter; *clock*: a job."
    )
    yield ""
    yield from table(
        ("Move", "From", "To", "Customer", "Staff", "Clock"),
        (
            (
                f"`{move.value}`",
                ", ".join(state.value for state in State if state in one.sources),
                one.target.value if one.target else "the same",
                ", ".join(role.value for role in CUSTOMERS if role in one.roles),
                staff_of(move.value, one),
                yes(one.clock),
            )
            for move, one in TRANSITIONS.items()
        ),
    )
    yield "## What each role may do in each state"
    yield from table(
        ("State", *(role.value for role in (*CUSTOMERS, *STAFF))),
        ((state.value, *(moves_of(role, state) for role in (*CUSTOMERS, *STAFF))) for state in State),
    )
    yield "## Acts on rights, each by two people"
    yield from table(
        ("Act", "Power", "Who"),
        (
            (f"`{act.value}`", f"`{power.value}`", ", ".join(r.value for r in STAFF if r in POWERS[power]))
            for act, power in POWER.items()
        ),
    )
    yield "An emergency revocation is one lead's and waits for a second person; suspending is one lead's (`lead`)."


def staff_of(move: str, one: Any) -> str:
    who = ", ".join(role.value for role in STAFF if role in one.staff)
    limits = [
        word
        for word, holds in (
            ("its holder", one.holder),
            ("another", one.other),
            ("decider", move == "take_back"),
        )
        if holds
    ]
    return f"{who} ({', '.join(limits)})" if limits else who


def moves_of(role: Any, state: State) -> str:
    able = [
        move.value
        for move, one in TRANSITIONS.items()
        if state in one.sources and (role_may(move, role) if isinstance(role, Role) else role in one.staff)
    ]
    return ", ".join(able) or "–"


def yes(holds: bool) -> str:
    return "yes" if holds else "–"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
