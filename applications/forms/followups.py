"""Forms of the ways on: grounds of an appeal, asking for more time, and answering that (floor 5)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from applications.actions.followups import GROUNDS_MAX
from applications.actions.more_time import REASON_MAX
from applications.forms.base import PortalForm
from applications.forms.fields import WrittenField
from applications.queries.more_time import End
from applications.rules.policy import Edition


class GroundsForm(PortalForm):
    """`version` is the one that the person saw; `other` the appeal that somebody else began meanwhile."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    grounds = WrittenField(
        label=_("Why should the decision be another?"),
        help_text=_("Name the reason of the letter that you dispute, and what it overlooked."),
        most=GROUNDS_MAX,
        multiline=True,
    )
    other: Any = None

    def clean_grounds(self) -> str:
        return _not_empty(self.cleaned_data["grounds"])

    def seen(self, version: int) -> None:
        """From now on the form has seen this version: saving again replaces it."""
        self.data = self.data.copy()
        self.data["version"] = str(version)


class MoreTimeForm(PortalForm):
    ends = forms.TypedChoiceField(
        label=_("Which end?"),
        widget=forms.RadioSelect,
        coerce=datetime.fromisoformat,
        error_messages={"required": _("No end is chosen. Choose the one at which you need more time.")},
    )
    reason = WrittenField(
        label=_("Why do you need more time, and until when?"),
        help_text=_("For instance: an application is not decided yet, and what stops working meanwhile."),
        most=REASON_MAX,
        multiline=True,
    )

    def offer(self, ends: Sequence[End], edition: Edition, language: str | None) -> None:
        field = self.fields["ends"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.ends_at.isoformat(), _said(one, edition, language)) for one in ends]

    def clean_reason(self) -> str:
        return _not_empty(self.cleaned_data["reason"])


class ProposeForm(PortalForm):
    until = forms.DateField(
        label=_("New last day"),
        help_text=_("Inclusive, in the policy's time zone."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = WrittenField(
        label=_("Why"),
        help_text=_("The second person and the record need it. The customer does not see it."),
        most=REASON_MAX,
        multiline=True,
    )


class DeclineForm(PortalForm):
    answer = WrittenField(
        label=_("Answer to the customer"),
        help_text=_("They read it as it stands: why not, and what they can do."),
        most=REASON_MAX,
        multiline=True,
    )


def _said(end: End, edition: Edition, language: str | None) -> str:
    day = formats.date_format(edition.local_day(end.ends_at - timedelta.resolution), "j F Y")
    names = (known.name.to(language) for code in end.capabilities if (known := edition.capability(code)))
    return f"{day}: {', '.join(names)}"


def _not_empty(text: str) -> str:
    if not text:
        raise forms.ValidationError(_("Nothing is written. Say why."))
    return text
