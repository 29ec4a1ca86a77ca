"""The words in which addresses are declared: who comes in by which method, and what the others get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from applications.enums import StaffRole
from applications.permissions import POWERS, Can

CUSTOMERS = ("stranger", "viewer", "editor", "owner")
STAFF = ("auditor", "reviewer", "lead", "operator")
ROLES = ("anonymous", *CUSTOMERS, *STAFF, "bare", "gateway")
"""`stranger` owns another customer; `bare` is a lead without a second factor; `gateway` calls with a key."""


class Answer(StrEnum):
    IN = "in"  # a page (GET: 200), or what was sent is taken in, or refused at its field
    ON = "on"  # sent on to another page
    REFUSED = "refused"  # told on a page that this person may not; nothing is written
    SIGN_IN = "sign in"
    ENROL = "enrol"  # a second factor comes first
    AGAIN = "again"  # show once more who you are
    FORBIDDEN = "403"
    ABSENT = "404"
    NO_METHOD = "405"
    NO_KEY = "401"


Policy = Mapping[str, Answer]
PUBLIC = dict.fromkeys(ROLES, Answer.IN)
ONWARD = dict.fromkeys(ROLES, Answer.ON)
NOWHERE = dict.fromkeys(ROLES, Answer.ABSENT)
SIGNED_IN = {**PUBLIC, "anonymous": Answer.SIGN_IN, "gateway": Answer.SIGN_IN}


def but(policy: Policy, answer: Answer, *roles: str) -> Policy:
    return {**policy, **dict.fromkeys(roles, answer)}


def theirs(*roles: str) -> Policy:
    """What belongs to a customer: for these of its roles; its others are refused, everybody else finds nothing."""
    others = dict.fromkeys(CUSTOMERS, Answer.REFUSED) | {"stranger": Answer.ABSENT}
    return {**SIGNED_IN, **dict.fromkeys(STAFF, Answer.ABSENT), **others, **dict.fromkeys(roles, Answer.IN)}


def hidden(*roles: str) -> Policy:
    """As `theirs`, and the other roles of the customer find nothing either."""
    return but(theirs(*roles), Answer.ABSENT, *(role for role in CUSTOMERS if role not in roles))


MEMBERS = theirs("viewer", "editor", "owner")
WRITERS = theirs("editor", "owner")
OWNERS = theirs("owner")


def desk(power: Can | None) -> Policy:
    """For staff with this power; None: nobody may."""
    may = [role for role in STAFF if power and StaffRole(role) in POWERS[power]]
    return {
        **but(SIGNED_IN, Answer.FORBIDDEN, *CUSTOMERS, *STAFF),
        **dict.fromkeys(may, Answer.IN),
    }


KEYED = {**dict.fromkeys(ROLES, Answer.NO_KEY), **dict.fromkeys((*STAFF, "gateway"), Answer.IN)}
GATEWAYS = but(KEYED, Answer.FORBIDDEN, *STAFF)


@dataclass(frozen=True, slots=True)
class Door:
    """Who comes in by GET and by POST (None: the method is not there).

    `about` names the thing of the world whose identifiers fill the address; `sends` is posted and must have an
    effect for who comes in; `again`: after a while the person is asked to show themselves before a POST.
    """

    get: Policy | None = None
    post: Policy | None = None
    about: str = ""
    sends: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    head: bool = True
