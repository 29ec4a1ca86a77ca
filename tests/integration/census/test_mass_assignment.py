"""A form takes its own fields: every column of every table, posted beside them, changes nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from applications.models import (
    AccessGrant,
    Application,
    Customer,
    Decision,
    Membership,
    PolicyEdition,
    Proposal,
    RequestedCapability,
    Subscription,
    User,
)
from applications.rules.inventory import INVENTORY
from tests.integration.census.asking import Census, path
from tests.integration.census.declared import DOORS
from tests.integration.census.doors import STAFF, Answer

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="what a form takes is no matter of the vendor"),
]
MARK = "mass-canary"
# What nobody sets by posting it: who somebody is, whose something is, where it stands, who did it.
GUARDED: dict[type[models.Model], tuple[str, ...]] = {
    User: ("id", "email", "staff_role", "is_active", "password"),
    Membership: ("user_id", "customer_id", "role"),
    Customer: ("name", "imported_at", "country"),
    Application: ("customer_id", "kind", "state", "risk", "assigned_to_id", "submitted_by_id", "deadline_at"),
    RequestedCapability: ("customer_id", "capability", "subscription_id", "outcome"),
    Decision: ("application_id", "decided_by_id", "recommended_by_id", "decided_at"),
    AccessGrant: ("customer_id", "capability", "basis", "starts_at", "ends_at", "revoked_at"),
    Subscription: ("guid", "customer_id"),
    PolicyEdition: ("code", "in_force", "activated_by_id"),
    Proposal: ("act", "proposed_by_id", "answered_by_id", "agreed", "done_at"),
}
BEST = {"state": "decided", "role": "owner", "staff_role": "lead", "basis": "approval", "outcome": "approved"}
# Fields of the forms themselves, which do what they say when they are filled in.
OWN = {
    "admin/gateways/register/": ("name", "services"),
    "admin/people/<int:person_id>/absence/": ("until",),
}


def rows() -> dict[str, Counter[tuple[Any, ...]]]:
    return {m.__name__: Counter(m._default_manager.values_list(*names)) for m, names in GUARDED.items()}


def everything(other: Customer) -> dict[str, str]:
    """Each column of each table, with the value that somebody would like best."""
    extra = {}
    for label in INVENTORY:
        for field in apps.get_model(label)._meta.fields:
            if isinstance(field, models.ForeignKey):
                value = str(other.pk)
            elif isinstance(field, models.DateTimeField):
                value = "2031-01-01T00:00:00Z"
            elif isinstance(field, (models.BooleanField, models.IntegerField)):
                value = "1"
            else:
                value = BEST.get(field.name, MARK)
            extra |= {field.name: value, field.attname: value}
    return {**extra, "is_superuser": "1", "is_staff": "1"}


def test_what_else_is_posted_changes_nothing(census: Census, other_customer: Customer) -> None:
    wrong, posted = [], 0
    extra = everything(other_customer)
    assert {"state", "customer_id", "decided_by", "staff_role", "ends_at", "risk"} <= set(extra)
    for route, door in DOORS.items():
        role = next((one for one in ("owner", *STAFF) if door.post and door.post[one] == Answer.IN), None)
        if role is None or "logout" in route:
            continue
        address = path(route, census.own.get(door.about, {}))
        more = {name: value for name, value in extra.items() if name not in OWN.get(route, ())}
        plain = census.ask(role, "POST", address, door.sends or {}, rows)
        loaded = census.ask(role, "POST", address, {**more, **door.sends}, rows)
        posted += 1
        for table, before in plain.seen.items():  # type: ignore[attr-defined]
            after = loaded.seen[table]  # type: ignore[index]
            if after != before:
                wrong.append(
                    f"{role} {route} {table}: {dict(after - before)} instead of {dict(before - after)}"
                )
    assert not wrong, "\n".join(wrong)
    assert posted > 60
