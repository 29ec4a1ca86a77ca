"""A draft and its versions, by chance, against a small model: two people type, save, choose; it is submitted, asked
about, withdrawn, lapses (P4). Nothing typed is lost unless its author chose so or was shown it.

`DRAFTS` says how many lives are lived.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from applications.actions import lapse, review
from applications.enums import Move, Role, StaffRole, State
from applications.exceptions import NotPossibleNow
from applications.models import Application, AuditEvent, Section, Submission
from applications.queries.lapse import Wait
from applications.rules import workflow
from tests import drafts, factories
from tests.clock import now as the_clock

LIVES = int(os.environ.get("DRAFTS", "6"))
FIELDS = {
    "people": ("deployment-countries", "notice", "retention"),
    "organisation": ("work-email", "website", "applicant-name"),
}
"""Each section with the fields that people type in; the others stay as they were."""
TEXTS = (
    "",
    "Denmark",
    "A sign 👩‍✈️ at the gate",
    "First line\nand a second",
    "<b>not bold</b>",
    "henrik@",
    "https://",
)
NAMES = ("freja", "henrik")
HOW = ("mine", "theirs", "each")
SEEN: Counter[str] = Counter()
person, place = st.sampled_from(NAMES), st.sampled_from(sorted(FIELDS))
Answers = dict[str, str]


@dataclass
class Window:
    """A section as somebody has it open: the version that was shown, and what stands in the fields now."""

    version: int
    values: Answers


class DraftLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        the_clock.set(factories.NOW)
        self.row = factories.edition_row()
        self.edition = factories.read_file()
        nordlys = factories.customer("Nordlys Airports A/S", domain="nordlys.example")
        self.people = {
            name: factories.member(nordlys, factories.person(f"{name}@nordlys.example", name.title()), role)
            for name, role in (("henrik", Role.OWNER), ("freja", Role.EDITOR))
        }
        self.rosa = factories.person("rosa@vendor.example", staff_role=StaffRole.REVIEWER)
        self.clients = {}
        for name, user in self.people.items():
            self.clients[name] = Client()
            self.clients[name].force_login(user)
        self.nordlys = nordlys
        self.begin()

    def begin(self) -> None:
        self.draft = drafts.draft(self.nordlys, self.people["henrik"], self.row)
        self.state = State.DRAFT
        self.versions = dict.fromkeys(drafts.ANSWERS, 1)
        self.server = {
            code: {name: str(drafts.ANSWERS[code].get(name, "")) for name in names}
            for code, names in FIELDS.items()
        }
        self.author: dict[str, str] = dict.fromkeys(FIELDS, "henrik")
        self.windows: dict[tuple[str, str], Window] = {}
        self.choosing: dict[tuple[str, str], Answers] = {}
        self.frozen: dict[int, tuple[str, Any]] = {}
        self.shown: dict[str, set[tuple[str, str, str]]] = {name: set() for name in self.people}
        for name in self.people:
            self.show(name, "people")
            self.show(name, "organisation")

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.world.__exit__(None, None, None)

    # --- help ---

    @property
    def writable(self) -> bool:
        return self.state in (State.DRAFT, State.INFORMATION_REQUESTED)

    def fresh(self) -> Application:
        return Application.objects.select_related("customer").get(pk=self.draft.pk)

    def address(self, code: str) -> str:
        return reverse("application-section", args=[self.draft.reference, code])

    def show(self, name: str, code: str) -> None:
        self.shown[name] |= {(code, question, text) for question, text in self.server[code].items()}

    def post(self, name: str, code: str, *, json: bool = False, **more: Any) -> Any:
        window = self.windows[name, code]
        data = drafts.posted(code, drafts.ANSWERS[code], window.version) | window.values | more
        headers = {"accept": "application/json"} if json else {}
        return self.clients[name].post(self.address(code), data, headers=headers)

    def take(self, name: str, code: str, values: Answers) -> None:
        """The server takes these answers of this person: what they replace, the person has seen or typed."""
        old = self.server[code]
        if values != old:
            for question, text in old.items():
                replaced = text and values[question] != text
                assert not replaced or (code, question, text) in self.shown[name], "replaced unseen"
            self.server[code] = dict(values)
            self.versions[code] += 1
            self.author[code] = name
        self.windows[name, code] = Window(self.versions[code], dict(values))
        self.choosing.pop((name, code), None)
        self.show(name, code)

    def conflicts(self, name: str, code: str) -> bool:
        window = self.windows[name, code]
        return window.version != self.versions[code] and window.values != self.server[code]

    # --- people ---

    @rule(name=person, code=place)
    def open(self, name: str, code: str) -> None:
        page = self.clients[name].get(self.address(code))
        assert page.status_code == (200 if self.writable else 302)
        if self.writable:
            content = page.content.decode()
            assert all(escape(text) in content for text in self.server[code].values())
            self.windows[name, code] = Window(self.versions[code], dict(self.server[code]))
            self.choosing.pop((name, code), None)
            self.show(name, code)

    @rule(
        name=person,
        code=place,
        typed=st.dictionaries(st.integers(0, 2), st.sampled_from(TEXTS), max_size=2),
        then=st.sampled_from(["autosave", "save", "save", "nothing"]),
    )
    def write(self, name: str, code: str, typed: dict[int, str], then: str) -> None:
        if (name, code) not in self.windows:
            self.open(name, code)
        if window := self.windows.get((name, code)):
            for which, text in typed.items():
                question = FIELDS[code][which]
                fits = text if question in ("notice", "retention") else text.replace("\n", " ")
                window.values[question] = fits
                self.shown[name].add((code, question, fits))
            {"autosave": self.autosave, "save": self.save}.get(then, lambda *_: None)(name, code)

    @precondition(lambda self: self.writable)
    @rule(
        names=st.permutations(NAMES),
        code=place,
        texts=st.permutations(TEXTS),
        again=st.booleans(),
        how=st.sampled_from([*HOW, "later"]),
    )
    def write_at_once(self, names: list[str], code: str, texts: list[str], again: bool, how: str) -> None:
        """Both have it open; the first saves, perhaps once more while the second chooses."""
        first, second = names
        self.open(first, code)
        self.open(second, code)
        self.write(first, code, {2: texts[0]}, "autosave")
        self.write(second, code, {2: texts[1], 0: texts[2]}, "autosave")
        self.save(second, code)
        if again:
            self.write(first, code, {1: texts[3], 2: texts[4]}, "autosave")
        if how != "later" and (second, code) in self.choosing:
            self.choose(sorted(self.choosing).index((second, code)), how, {2})

    def autosave(self, name: str, code: str) -> None:
        window = self.windows[name, code]
        said = self.post(name, code, json=True)
        if not self.writable:
            assert said.status_code == 422
        elif self.conflicts(name, code):
            assert said.status_code == 409
            SEEN["autosave refused"] += 1
            assert said.json()["by"] == self.author[code].title()
            assert said.json()["version"] == self.versions[code]
        else:
            self.take(name, code, window.values)
            assert said.status_code == 200
            assert said.json()["version"] == self.versions[code]

    def save(self, name: str, code: str) -> None:
        window = self.windows[name, code]
        page = self.post(name, code)
        if not self.writable:
            SEEN["too late"] += page.status_code == 409
            assert page.status_code == (409 if window.values != self.server[code] else 302)
            self.is_shown_mine(name, code, page)
        elif self.conflicts(name, code):
            self.asked(name, code, page)
        else:
            self.take(name, code, window.values)
            assert page.status_code in (200, 302)

    def is_shown_mine(self, name: str, code: str, page: Any) -> None:
        content = page.content.decode()
        mine, theirs = self.windows[name, code].values, self.server[code]
        for question, text in mine.items():
            assert text == theirs[question] or escape(text) in content, "lost and not shown to its author"

    def asked(self, name: str, code: str, page: Any) -> None:
        """The page with both versions: nothing is replaced, and both are shown where they differ."""
        assert page.status_code == 409
        self.is_shown_mine(name, code, page)
        SEEN["asked"] += 1
        mine, content = self.windows[name, code].values, page.content.decode()
        assert self.author[code].title() in content or self.author[code] == name
        for question, text in self.server[code].items():
            assert text == mine[question] or escape(text) in content, "replaced without being shown"
        self.choosing[name, code] = dict(self.server[code])
        self.windows[name, code].version = self.versions[code]
        self.show(name, code)

    @precondition(lambda self: self.choosing)
    @rule(
        which=st.integers(0, 9),
        how=st.sampled_from(HOW),
        picks=st.sets(st.integers(0, 2)),
    )
    def choose(self, which: int, how: str, picks: set[int]) -> None:
        name, code = sorted(self.choosing)[which % len(self.choosing)]
        window, theirs = self.windows[name, code], self.server[code]
        taken = {FIELDS[code][number] for number in picks} if how == "each" else set()
        merged = {
            question: theirs[question] if question in taken else text
            for question, text in window.values.items()
        }
        late = window.version != self.versions[code] and merged != theirs
        page = self.post(name, code, choose=how, **{f"pick-{question}": "theirs" for question in taken})
        if not self.writable:
            self.is_shown_mine(name, code, page)
        elif how == "theirs":
            SEEN["chose theirs"] += 1
            assert page.status_code == 302
            del self.choosing[name, code], self.windows[name, code]  # dropped by its author's choice
        elif late:
            SEEN["asked again"] += 1
            self.asked(name, code, page)
        else:
            SEEN[f"chose {how}"] += 1
            assert page.status_code == 302
            self.take(name, code, merged)

    # --- the application goes on ---

    @rule(name=person, tidy=st.booleans(), asked=st.booleans())
    def submit(self, name: str, tidy: bool, asked: bool) -> None:
        if tidy and self.state == State.DRAFT:
            for code, names in FIELDS.items():
                self.open(name, code)
                self.windows[name, code].values = {one: str(drafts.ANSWERS[code][one]) for one in names}
                self.shown[name] |= {(code, *pair) for pair in self.windows[name, code].values.items()}
                self.save(name, code)
        whole = all(
            text and not self.half(question, text)
            for code in FIELDS
            for question, text in self.server[code].items()
        )
        self.clients[name].post(reverse("application-check", args=[self.draft.reference]))
        if self.state == State.DRAFT and name == "henrik" and whole:
            self.state = State.SUBMITTED
            self.freeze()
            SEEN["submitted"] += 1
            if asked:
                self.ask()

    @staticmethod
    def half(question: str, text: str) -> bool:
        """What cannot be read in this field: none of TEXTS is an address."""
        return question in ("work-email", "website") and text in TEXTS

    def freeze(self) -> None:
        row = Submission.objects.get(application=self.draft, number=len(self.frozen) + 1)
        self.frozen[row.number] = (row.digest, row.answers)
        for code, values in self.server.items():
            assert {question: row.answers[code].get(question, "") for question in values} == values

    @precondition(lambda self: self.state == State.SUBMITTED)
    @rule()
    def ask(self) -> None:
        case = review.claim(self.fresh(), by=self.rosa, now=the_clock())
        review.request_information(
            case, question="Which gates?", edition=self.edition, by=self.rosa, now=the_clock()
        )
        self.state = State.INFORMATION_REQUESTED

    @precondition(lambda self: self.state == State.INFORMATION_REQUESTED)
    @rule(name=person)
    def answer(self, name: str) -> None:
        before = Submission.objects.filter(application=self.draft).count()
        data = {"what": "answer", "answer-body": "See there."}
        self.clients[name].post(reverse("application-status", args=[self.draft.reference]), data)
        if Submission.objects.filter(application=self.draft).count() > before:
            self.state = State.IN_REVIEW
            self.freeze()
            SEEN["answered"] += 1

    @rule(stale=st.booleans(), seconds=st.integers(1, 90))
    def lapse(self, stale: bool, seconds: int) -> None:
        """The clock closes what nobody goes on with, unless somebody just did."""
        seen = self.fresh()
        the_clock.forward(seconds=seconds)
        if stale:
            self.write("freja", "people", {1: f"Just now, {seconds}"}, "autosave")
        saved = self.fresh().saved_at != seen.saved_at
        draft = self.state == State.DRAFT
        wait = Wait(seen, "test", seen.saved_at + timedelta(days=90), is_draft=draft)
        if not self.writable or (draft and saved):
            SEEN["lapse refused"] += draft
            with pytest.raises(NotPossibleNow):
                lapse.lapse(wait, now=the_clock())
        elif seconds > 75:
            lapse.lapse(wait, now=the_clock())
            self.state = State.LAPSED
            SEEN["lapsed"] += 1

    @precondition(lambda self: self.state in (State.INFORMATION_REQUESTED, State.IN_REVIEW))
    @rule(name=person)
    def withdraw(self, name: str) -> None:
        self.clients[name].post(reverse("application-withdraw", args=[self.draft.reference]))
        if name == "henrik":
            self.state = State.WITHDRAWN

    @precondition(lambda self: self.state in (State.LAPSED, State.WITHDRAWN, State.IN_REVIEW))
    @rule()
    def begin_again(self) -> None:
        for name, code in sorted(self.windows):
            self.save(name, code)  # too late: what was typed is shown to its author
        self.clients["henrik"].post(reverse("application-withdraw", args=[self.draft.reference]))
        self.begin()

    # --- what must hold ---

    @invariant()
    def the_server_has_what_it_acknowledged(self) -> None:
        rows = {row.code: row for row in Section.objects.filter(application=self.draft)}
        for code, values in self.server.items():
            answers = rows[code].answers
            found = {name: answers.get(f"{name}.typed") or answers.get(name) or "" for name in values}
            assert (rows[code].version, found) == (self.versions[code], values)

    @invariant()
    def what_was_frozen_never_changes(self) -> None:
        rows = Submission.objects.filter(application=self.draft)
        assert {row.number: (row.digest, row.answers) for row in rows} == self.frozen
        assert ".typed" not in str(self.frozen)

    @invariant()
    def the_state_moves_by_the_table_alone(self) -> None:
        state = State.DRAFT
        moves = AuditEvent.objects.filter(
            application_ref=self.draft.pk, action__in=[f"application.{move.value}" for move in Move]
        )
        for action, data in moves.order_by("id").values_list("action", "data"):
            move = Move(action.removeprefix("application."))
            assert data["from"] == state
            state = workflow.target(move, state)
            assert data["to"] == state
        assert Application.objects.get(pk=self.draft.pk).state == state == self.state


@pytest.mark.timeout(180)  # seconds when the machine is free; others may be at work on it
@pytest.mark.usefixtures("db", "clock")
def test_a_draft_by_chance() -> None:
    run_state_machine_as_test(
        DraftLife,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            database=None,
            derandomize="DRAFTS" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(SEEN) == 11, SEEN
    assert all(SEEN.values()), SEEN
