"""Floor 5: what the second person of a blind review says: one outcome an item."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.enums import Outcome
from applications.forms.base import PortalForm
from applications.queries.casefile import ItemView


class BlindForm(PortalForm):
    """An outcome for each item, out of those that were possible when the case was decided."""

    def __init__(self, *args: Any, items: Sequence[ItemView], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="blind-%s", **kwargs)
        for item in items:
            self.fields[f"item-{item.row.pk}"] = forms.ChoiceField(
                label=item.label,
                help_text=item.use_case,
                choices=[(code, Outcome(code).label) for code in item.possible],
                widget=forms.RadioSelect,
                error_messages={"required": _("No outcome yet. Choose one of those offered.")},
            )

    @property
    def outcomes(self) -> dict[int, str]:
        return {int(name.removeprefix("item-")): said for name, said in self.cleaned_data.items()}
