"""Floor 5: the decision form: outcome, reasons and conditions for each item, and the words that go into the letter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from applications.enums import Outcome
from applications.forms.base import PortalForm
from applications.queries.casefile import ItemView
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome

ALL = "all"
AS_ALL = "as-all"
VERBS = {
    Outcome.APPROVED.value: _("Approve"),
    Outcome.CONDITIONS.value: _("With conditions"),
    Outcome.DENIED.value: _("Deny"),
    Outcome.NOT_NEEDED.value: _("No approval needed"),
    Outcome.RETIRED.value: _("Retired"),
    Outcome.ANSWERED.value: _("Answer"),
}


@dataclass(frozen=True, slots=True)
class ItemFields:
    """The fields of one row; `item` is None for the row that speaks for all."""

    item: ItemView | None
    outcome: forms.BoundField
    reasons: forms.BoundField | None
    conditions: forms.BoundField | None


class DecisionForm(PortalForm):
    """One row an item. Above several rows stands one that speaks for all; a row may follow it or say otherwise."""

    words = forms.CharField(
        label=_("To the customer"),
        help_text=_("Goes into the letter as you write it."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    note = forms.CharField(
        label=_("To the second reviewer"),
        help_text=_("Never shown to the customer."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(
        self,
        *args: Any,
        items: list[ItemView],
        edition: Edition,
        language: str | None,
        two_needed: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, auto_id="decide-%s", **kwargs)
        self.items = {str(item.row.pk): item for item in items}
        self._edition, self._language = edition, language
        if not two_needed:
            del self.fields["note"]
        for key, possible in self._keys():
            self._add(key, possible)

    def _keys(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Rows and what is possible in each; for all at once only what every one of them may get."""
        if len(self.items) > 1:
            shared = [set(item.possible) for item in self.items.values()]
            order = next(iter(self.items.values())).possible
            common = tuple(code for code in order if all(code in possible for possible in shared))
            if common:
                yield ALL, common
        for key, item in self.items.items():
            yield key, item.possible

    def _add(self, key: str, possible: tuple[str, ...]) -> None:
        follows = key != ALL and f"outcome-{ALL}" in self.fields
        item = self.items.get(key)
        about = (
            _now("Outcome for all items")
            if item is None
            else _now("Outcome for %(item)s") % {"item": item.label}
        )
        choices = [(code, VERBS[code]) for code in possible]
        self.fields[f"outcome-{key}"] = forms.ChoiceField(
            label=about,
            choices=[(AS_ALL, _("As above")), *choices] if follows else choices,
            initial=AS_ALL if follows else None,
            required=False,
            widget=forms.RadioSelect,
        )
        if Outcome.DENIED in possible:
            self._codes(f"reasons-{key}", _("Reasons"), self._edition.reasons)
        if Outcome.CONDITIONS in possible:
            self._codes(f"conditions-{key}", _("Conditions"), self._edition.conditions)

    def _codes(self, name: str, label: Any, of: Mapping[str, Any]) -> None:
        field = forms.MultipleChoiceField(
            label=label,
            choices=[(code, one.text.to(self._language)) for code, one in of.items()],
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
        field.widget.option_help = {code: self._help(one) for code, one in of.items()}
        self.fields[name] = field

    def _help(self, one: Any) -> str:
        paragraph = self._edition.paragraphs.get(one.paragraph) if one.paragraph else None
        title = paragraph.title.to(self._language) if paragraph else ""
        days = getattr(one, "due_days", None)
        due = _now("due after %(days)d days") % {"days": days} if days else ""
        return " · ".join(part for part in (title, due) if part)

    @property
    def rows(self) -> list[ItemFields]:
        return [
            ItemFields(
                item=self.items.get(key),
                outcome=self[f"outcome-{key}"],
                reasons=self[f"reasons-{key}"] if f"reasons-{key}" in self.fields else None,
                conditions=self[f"conditions-{key}"] if f"conditions-{key}" in self.fields else None,
            )
            for key, _possible in self._keys()
        ]

    def outcomes(self) -> dict[int, ItemOutcome]:
        """What was chosen, row by row; a row that follows takes what stands above."""
        return {int(key): self._said(self._source(key)) for key in self.items}

    def _source(self, key: str) -> str:
        return ALL if self.cleaned_data.get(f"outcome-{key}") == AS_ALL else key

    def _said(self, key: str) -> ItemOutcome:
        data = self.cleaned_data
        return ItemOutcome(
            data.get(f"outcome-{key}") or "",
            tuple(data.get(f"reasons-{key}") or ()),
            tuple(data.get(f"conditions-{key}") or ()),
        ).tidied()

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Put what the action found to the fields it is about."""
        for name, message in errors.items():
            key = self._source(name.removeprefix("item-")) if name.startswith("item-") else ""
            field = f"outcome-{key}" if key else name
            if message not in self.errors.get(field, []):
                self.add_error(field if field in self.fields else None, message)
