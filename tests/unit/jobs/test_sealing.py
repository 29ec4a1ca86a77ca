"""Seals: whatever was changed, dropped, inserted or swapped is found and named (promise P8)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from applications.actions import audit
from applications.jobs.sealing import seal_trail
from applications.models import AuditEvent, AuditReason, AuditSeal
from applications.queries.audit import Finding, verify
from applications.rules import seals
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NOW = factories.NOW


def record(count: int) -> list[int]:
    for number in range(count):
        audit.record("test.happened", by=None, now=NOW, customer_id=number, data={"number": number, "b": "é"})
    return list(AuditEvent.objects.order_by("pk").values_list("pk", flat=True))


@contextmanager
def without_guard() -> Iterator[None]:
    """What somebody does who owns the database: the triggers are off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _name, sql in triggers:
            cursor.execute(sql)


def test_all_rows_are_sealed_in_chained_batches() -> None:
    record(7)
    assert seal_trail(NOW, size=3) == {"events": 7, "seals": 3}
    assert seal_trail(NOW, size=3) == {}
    chain = list(AuditSeal.objects.order_by("number"))
    assert [seal.count for seal in chain] == [3, 3, 1]
    assert [seal.previous for seal in chain] == [seals.FIRST, chain[0].digest, chain[1].digest]
    found = verify()
    assert (found.seals, found.events, found.unsealed, found.head) == (3, 7, 0, chain[2].digest)
    assert found.finding is None
    record(2)
    assert verify().unsealed == 2


def test_nothing_to_verify_is_fine() -> None:
    found = verify()
    assert (found.seals, found.events, found.finding) == (0, 0, None)


def change(rows: list[int]) -> None:
    AuditEvent.objects.filter(pk=rows[4]).update(data={"number": 99})


def change_when(rows: list[int]) -> None:
    AuditEvent.objects.filter(pk=rows[4]).update(at=NOW.replace(microsecond=1))


def drop(rows: list[int]) -> None:
    AuditEvent.objects.filter(pk=rows[4]).delete()


def insert(rows: list[int]) -> None:
    drop(rows)
    AuditEvent.objects.create(pk=rows[4], at=NOW, action="forged", source="person")


def move(rows: list[int]) -> None:
    AuditEvent.objects.filter(pk=rows[4]).update(transaction=2**60)


def swap(rows: list[int]) -> None:
    one, other = AuditEvent.objects.get(pk=rows[4]), AuditEvent.objects.get(pk=rows[5])
    for left, right in ((one, other), (other, one)):
        AuditEvent.objects.filter(pk=left.pk).update(
            data=right.data, customer_ref=right.customer_ref, transaction=right.transaction
        )


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (change, "changed"),
        (change_when, "changed"),
        (drop, "dropped"),
        (insert, "changed"),
        (move, "changed"),
    ],
)
def test_the_first_row_that_is_not_as_sealed_is_named(tamper: Callable[[list[int]], None], what: str) -> None:
    rows = record(8)
    seal_trail(NOW, size=3)
    with without_guard():
        tamper(rows)
    assert verify().finding == Finding(what, 2, rows[4])


def test_two_rows_that_changed_places_are_told_from_two_changed_ones() -> None:
    with transaction.atomic():
        rows = record(8)
    seal_trail(NOW, size=8)
    with without_guard():
        swap(rows)
    assert verify().finding == Finding("swapped", 1, rows[4])


def test_a_row_put_in_between_is_named() -> None:
    rows = record(3)
    with without_guard():
        gap = AuditEvent.objects.get(pk=rows[1])
        gap.delete()
    seal_trail(NOW)
    assert verify().finding is None
    with without_guard():
        gap.pk = rows[1]
        gap.save(force_insert=True)
        AuditEvent.objects.filter(pk=rows[1]).update(
            transaction=AuditEvent.objects.get(pk=rows[0]).transaction
        )
    assert verify().finding == Finding("inserted", 1, rows[1])


@pytest.mark.parametrize("field", ["count", "last_event", "root", "previous", "digest"])
def test_a_changed_seal_is_named(field: str) -> None:
    record(4)
    seal_trail(NOW, size=2)
    value = 1 if field in ("count", "last_event") else "f" * 64
    with without_guard():
        AuditSeal.objects.filter(number=1).update(**{field: value})
    assert verify().finding == Finding("seal_changed", 1)


def test_a_dropped_seal_is_named() -> None:
    record(6)
    seal_trail(NOW, size=2)
    with without_guard():
        AuditSeal.objects.filter(number=2).delete()
    assert verify().finding == Finding("seal_dropped", 2)


@pytest.mark.parametrize(
    ("signature", "what"), [("", "seal_not_ours"), ("forged", "seal_not_ours"), ("other.x", None)]
)
def test_a_seal_that_we_did_not_sign_is_named(signature: str, what: str | None) -> None:
    """A key that is gone proves nothing and accuses nobody: such seals are counted."""
    record(4)
    seal_trail(NOW, size=2)
    if signature == "forged":
        one, other = AuditSeal.objects.order_by("number").values_list("signature", flat=True)
        signature = other
    with without_guard():
        AuditSeal.objects.filter(number=1 if signature else 2).update(signature=signature)
    found = verify()
    assert (found.finding and found.finding.what, found.unproven) == (what, 0 if what else 1)


def test_a_typed_reason_is_proved_until_it_is_erased() -> None:
    why = audit.record("one", by=None, now=NOW, reason="As agreed").reason
    seal_trail(NOW)
    AuditReason.objects.update(text="Otherwise")
    assert verify().finding == Finding("reason_changed", 1, AuditEvent.objects.get().pk)
    assert why is not None
    AuditReason.objects.update(text="", salt="", erased_at=NOW)
    assert verify().finding is None


def test_a_checkpoint_proves_a_chain_that_somebody_made_anew(tmp_path: Path) -> None:
    """Who owns the database, and even our key, rewrites all: only what was kept elsewhere tells."""
    place = tmp_path / "checkpoint"
    record(4)
    seal_trail(NOW, size=2)
    call_command("verify_audit", checkpoint=place)
    record(2)
    seal_trail(NOW)
    call_command("verify_audit", checkpoint=place)
    with without_guard():
        AuditEvent.objects.filter(action="test.happened", customer_ref=3).update(customer_ref=99)
        AuditSeal.objects.all().delete()
    seal_trail(NOW, size=2)
    assert verify().finding is None, "seals alone do not see it"
    with pytest.raises(CommandError, match="not_the_checkpoint in seal 2"):
        call_command("verify_audit", checkpoint=place)
    with without_guard():
        AuditSeal.objects.filter(number__gte=2).delete()
    with pytest.raises(CommandError, match="seal_dropped in seal 2"):
        call_command("verify_audit", checkpoint=place)
    place.write_text("nonsense")
    with pytest.raises(CommandError, match="no checkpoint"):
        call_command("verify_audit", checkpoint=place)


def test_leaves_are_bound_to_the_root() -> None:
    record(2)
    seal_trail(NOW)
    seal = AuditSeal.objects.get()
    with without_guard():
        AuditSeal.objects.filter(pk=seal.pk).update(leaves=bytes(seal.leaves)[::-1])
    assert verify().finding == Finding("seal_changed", 1)


def test_a_row_that_commits_late_is_sealed_later_and_none_is_missed() -> None:
    """On PostgreSQL the running transaction holds its rows, and later ones, back; SQLite has one writer at a time."""
    if connection.vendor != "postgresql":
        record(2)
        assert seal_trail(NOW) == {"events": 2, "seals": 1}
        return
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            record(1)
            written.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(10)
    record(2)
    assert seal_trail(NOW) == {}
    go_on.set()
    thread.join(10)
    assert seal_trail(NOW) == {"events": 3, "seals": 1}
    assert verify().finding is None


def test_two_at_once_seal_each_row_once() -> None:
    record(30)
    start = threading.Barrier(3)

    def seal() -> None:
        start.wait(10)
        seal_trail(NOW, size=4)
        connection.close()

    threads = [threading.Thread(target=seal) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    seal_trail(NOW, size=4)
    found = verify()
    assert (found.events, found.unsealed, found.finding) == (30, 0, None)


def test_an_odd_node_moves_up_and_every_leaf_counts() -> None:
    leaves = [seals.entry(number, {"n": number}) for number in range(5)]
    roots = {seals.root(b"".join(leaves[:count])) for count in range(6)}
    assert len(roots) == 6
    assert seals.root(b"".join(reversed(leaves))) not in roots
