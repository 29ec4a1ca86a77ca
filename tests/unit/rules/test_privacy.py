"""The inventory is whole, the documents say what it says, and texts are freed of names and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps

from applications.rules.inventory import INVENTORY
from applications.rules.privacy import ERASED, KINDS, PERIODS, as_table, mask, scrubber

PAGE = Path(__file__).resolve().parents[3] / "docs" / "privacy.md"
NO_PEOPLE = {"auth", "contenttypes", "demo"}
"""Tables that Django makes and nothing writes personal data to: permissions, names of models, the demo's clock."""


def test_every_field_of_every_table_is_declared_once_and_no_other() -> None:
    found = {
        model._meta.label_lower: sorted(field.name for field in model._meta.concrete_fields)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in NO_PEOPLE
    }
    declared = {
        label: sorted(name for kind in KINDS for name in getattr(held, kind).split())
        for label, held in INVENTORY.items()
    }
    assert declared == found, "declare the field in applications/rules/inventory.py"


def test_what_is_kept_names_a_period_and_look_ups_that_exist() -> None:
    for label, held in INVENTORY.items():
        assert held.purpose, label
        assert held.keep in PERIODS, label
        rows = apps.get_model(label)._default_manager
        for path in filter(None, (held.person, held.customer)):
            str(rows.filter(**{path: 1}).query)
        assert set(held.leaves_with.split()) <= {"person", "customer"}, label


def test_the_page_of_documentation_has_the_inventory_as_it_is() -> None:
    assert as_table(INVENTORY) in PAGE.read_text(encoding="utf-8"), "python -m scripts.privacy writes it anew"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Dear Ann Lee, write to ann@a.example.", f"Dear {ERASED}, write to {ERASED}."),
        ("ANN LEE", ERASED),
        ("Joann Leeward and bann@a.example stay", "Joann Leeward and bann@a.example stay"),
        ({"name": "ann lee", "more": ["x", {"y": "Ann Lee!"}], "n": 1}, None),
    ],
)
def test_names_go_in_any_case_and_as_whole_words(text: object, left: object) -> None:
    scrub = scrubber({"Ann Lee", "ann@a.example", "", "A"})
    assert scrub(text) == left or scrub(text) == {"name": ERASED, "more": ["x", {"y": f"{ERASED}!"}], "n": 1}


def test_addresses_of_others_are_masked_wherever_they_stand() -> None:
    hide = mask({"me@a.example"})
    assert hide(["Me@a.example", "from <you@b.example>, 5"]) == ["Me@a.example", "from <y…@b.example>, 5"]
