"""Our list of choices is Django's own, said in fewer steps."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

CHOICES = {
    "flat": [("", "any"), ("a&b", "A & <b>"), ("3", "three")],
    "grouped": [("Fruit <1>", [("a", "apple"), ("b", "pear")]), ("c", "none")],
}


class Marked(forms.Select):
    def create_option(self, *args: object, **kwargs: object) -> dict[str, object]:
        option: dict[str, object] = super().create_option(*args, **kwargs)  # type: ignore[arg-type]
        option["attrs"] |= {"disabled": option["value"] == "b", "data-n": 1}  # type: ignore[operator]
        return option


@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("chosen", ["", "a&b", "c", None])
def test_a_list_of_choices_says_what_djangos_own_says(choices: str, chosen: str | None) -> None:
    widget = Marked(choices=CHOICES[choices], attrs={"required": True, "class": 'form-select "x"'})

    def said(renderer: object = None) -> list[str]:
        return re.findall(
            r"<[^>]+>|[^<\s][^<]*", widget.render("field", chosen, {"id": "id_field"}, renderer)
        )  # type: ignore[arg-type]

    assert said() == said(DjangoTemplates())
    assert "<option" in " ".join(said())
