"""Every action that any test calls is watched: what it changes has its row in the record, in its own transaction (P8).

The outermost call of a public action must write one audit row when it wrote anything else, none when it wrote nothing,
and each row inside a transaction that the action itself opened, so that a row and its change stay or go together.
`SILENT` and `MANY` are the documented others; a name that is not there obeys the rule.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import connection

SILENT: dict[str, str] = {
    "account.stop_optional_mail": "a person's own switch, by a link in a mail",
    "application.save_section": "a draft is nobody's decision; what counts is frozen and hashed at submission",
    "blind.draw": "part of deciding",
    "blind.take": "judged by its own count: one row when a sheet was free",
    "condition.promise": "part of deciding",
    "customers_import.import_rows": "contacts, domains and what needs attention are data; a right has its row",
    "customer.join": "part of the act that lets somebody in",
    "customer.settle_request": "part of the act that lets somebody in",
    "desk.mention": "part of writing a note",
    "desk.read_mentions": "a reader's own mark",
    "desk.save_filter": "a reader's own view",
    "deadlines.make_preview": "a count, changes nothing",
    "erasure.empty": "part of erasing",
    "evidence.note_scan": "a try without an answer is only counted; what was found has its row",
    "followups.state_grounds": "a draft, as save_section",
    "gateway.acknowledge": "how far a gateway has read",
    "gateway.seen": "that a gateway asked",
    "lapse.warn": "a message",
    "renewal.hold": "part of submitting",
    "renewal.let_go": "part of deciding",
    "retention.delete_old": "rows past their time: the run's row counts them",
    "retention.empty_messages": "texts past their time: the run's row counts them",
    "retention.warn_of_cases": "messages",
    "retention.warn_people": "messages",
    "review.take_next": "claim has the row",
}
SILENT_ROOMS = (
    "delivery",
    "duty",
    "mail_event",
    "message",
    "reminders",
    "requested",
    "sealing",
    "webhook",
)
"""Rooms below the record, or whose rows are a ledger of their own: messages, runs, reminders, calls, seals."""
PARTS = ("access", "transition")
"""Rooms that other actions build on: the transaction is theirs."""
MANY: dict[str, str] = {
    "access.cut": "one for each right",
    "access.grant_approval": "one for each capability granted",
    "access.grant_grace_bulk": "one for each right",
    "access.move_grace": "one for each right",
    "access.revoke": "one for each right",
    "application.withdraw": "the application's, and one for each right that a renewal held",
    "attention.add_contact": "the contact's, and the settling of what asked for one",
    "attention.mark_posted": "one for each customer",
    "customer.welcome": "one for each customer found",
    "customers_import.import_rows": "one for each right and the import's own",
    "deadlines.close_batch": "one for each right",
    "decision.close_items_for_policy": "one for each item, and the decision's",
    "decision.decide": "the decision's, and one for each right or condition it gives",
    "erasure.erase_customer": "the customer's, and one for each member erased with it",
    "finding.write_to_many": "one for each case",
    "handing.hand_over": "one for each case",
    "lapse.lapse": "the application's",
    "policy.activate_policy": "the edition's, and one for each right that moves",
    "policy.load_edition": "loaded, and activated when it is the first",
    "privacy.accept_notices": "one for each notice",
    "retention.empty_cases": "one for each application",
    "retention.empty_drafts": "one for each application",
    "retention.erase_people": "one for each person",
    "review.release_cases_of": "one for each case",
    "rights.answer": "agreed, done, and one for each right touched",
    "rights.revoke_now": "proposed, done, and one for each right touched",
    "staff.declare_conflict": "the conflict's, and one for each case that it frees",
    "staff.disable": "the person's, and one for each case they held",
    "staff.set_role": "the person's, and one for each case they held",
    "submission.respond": "the answer's, and one for each item of an edition that changed",
    "submission.submit": "the submission's, and the extension of a renewal",
    "taking_back.take_back": "the taking back, and one for each right it ends",
}
_WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM) "?(?P<table>\w+)"?(?P<rest>.*)', re.I | re.S)
_BESIDE = re.compile(
    r"applications_(audit\w+|outboundmessage|change|jobrun)$|django_|portal_cache|account_|usersessions"
)
_HOLDS = re.compile(r'\s*SET (?:"(\w+)" = \(?"\w+"\."\1"\)?|"saved_at" = %s)\s+WHERE')
"""An UPDATE that takes the row, so that of two at once the second waits, and changes nothing of weight."""


class _Watch(threading.local):
    name = ""
    rows = 0
    depth = 0
    outside = 0
    wrote: list[str]
    beside: list[str]


_watch = _Watch()


def _note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    result = execute(sql, params, many, context)
    found, count = _WRITES.match(sql), context["cursor"].rowcount
    if found and count < 1 and " RETURNING " in sql and sql.startswith("INSERT"):
        count = sql.count("), (") + 1  # SQLite counts such rows only once they are fetched
    if found and found["table"] == "applications_auditevent":
        _watch.rows += count
        if len(connection.atomic_blocks) <= _watch.depth:
            _watch.outside += count
    elif found and count > 0 and not _HOLDS.match(found["rest"]):
        (_watch.beside if _BESIDE.match(found["table"]) else _watch.wrote).append(sql[:120])
    return result


@contextmanager
def _watching(name: str) -> Iterator[None]:
    _watch.name, _watch.rows, _watch.outside, _watch.wrote, _watch.beside = name, 0, 0, [], []
    _watch.depth = len(connection.atomic_blocks)
    try:
        with connection.execute_wrapper(_note):
            yield
        room = name.partition(".")[0]
        assert not _watch.outside or room in PARTS, f"{name} wrote its audit row outside its own transaction"
        assert _watch.rows <= 1 or name in MANY, f"{name} wrote {_watch.rows} audit rows for one change"
        silent = name in SILENT or room in SILENT_ROOMS
        assert _watch.rows or silent or not _watch.wrote, f"{name} wrote no audit row, but {_watch.wrote}"
        did = _watch.wrote or _watch.beside or name in PAPER
        assert did or not _watch.rows, f"{name} recorded what it did not do"
    finally:
        _watch.name = ""


PAPER = {"account.sign_out", "followups.follow", "privacy.note_copy", "privacy.note_download"}
"""Their row stands by itself: somebody took something away, or ordered what there was nothing left of."""


def watched(name: str, action: Callable[..., Any]) -> Callable[..., Any]:
    """The action, judged when it is the outermost one."""

    @wraps(action)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _watch.name:
            return action(*args, **kwargs)
        with _watching(name):
            return action(*args, **kwargs)

    return call


def public_actions() -> Iterator[tuple[str, Any, str]]:
    """(name, module, attribute) of each action: public, of its own module, and told the time."""
    package = importlib.import_module("applications.actions")
    for found in pkgutil.iter_modules(package.__path__):
        if found.name == "audit":  # the record itself
            continue
        module = importlib.import_module(f"applications.actions.{found.name}")
        for attribute, value in list(vars(module).items()):
            inner = inspect.unwrap(value) if inspect.isfunction(value) else None
            if attribute.startswith("_") or inner is None or inner.__module__ != module.__name__:
                continue
            if "now" in inspect.signature(inner).parameters:
                yield f"{found.name}.{attribute}", module, attribute


def install() -> None:
    """Before any test module takes an action by its name."""
    for name, module, attribute in list(public_actions()):
        setattr(module, attribute, watched(name, getattr(module, attribute)))
