"""The watch over every action (tests/harness/walk.py) sees what it is there for, and names only what exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from applications.actions import audit, team
from applications.models import Customer, User
from tests.factories import NOW
from tests.harness import walk

pytestmark = pytest.mark.django_db


def renames(of: Customer, *, rows: int, within: bool, writes: bool = True) -> None:
    """An action that changes a customer and records it so many times, in a transaction of its own or not."""
    if within:
        with transaction.atomic():
            renames(of, rows=rows, within=False, writes=writes)
        return
    if writes:
        Customer.objects.filter(pk=of.pk).update(website="https://new.example")
    for _row in range(rows):
        audit.record("test", by=None, now=NOW)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"rows": 0, "within": True}, "wrote no audit row"),
        ({"rows": 2, "within": True}, "wrote 2 audit rows"),
        ({"rows": 1, "within": False}, "outside its own transaction"),
        ({"rows": 1, "within": True, "writes": False}, "recorded what it did not do"),
    ],
)
def test_a_change_without_its_one_row_is_seen(nordlys: Customer, how: dict[str, bool], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        walk.watched("test.renames", renames)(nordlys, **how)
    walk.watched("test.renames", renames)(nordlys, rows=1, within=True)


def test_every_action_is_watched_and_the_documented_ones_exist(owner: User) -> None:
    names = {name for name, _module, _attribute in walk.public_actions()}
    assert (set(walk.SILENT) | set(walk.MANY) | walk.PAPER) - names == set()
    assert set(walk.SILENT_ROOMS) <= {name.partition(".")[0] for name in names}
    watched: Callable[..., object] = team.invite
    assert watched.__code__.co_filename == walk.watched.__code__.co_filename, "the watch is not on"
