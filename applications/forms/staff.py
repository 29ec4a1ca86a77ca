"""Floor 5: what operators fill in about people of ours."""

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.enums import Digest
from applications.forms.base import PortalForm


class DisableForm(PortalForm):
    reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        error_messages={"required": _("Say why. The record keeps it.")},
    )


class AbsenceForm(PortalForm):
    until = forms.DateField(
        label=_("Away until"),
        required=False,
        help_text=_("The last day away. Leave it empty when they are back."),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("This is not a date. Write it as 2023-06-30.")},
    )


class DigestForm(PortalForm):
    """How often a digest comes, and from which hour of the person's own day."""

    digest = forms.ChoiceField(label=_("How often"), choices=Digest.choices, widget=forms.RadioSelect)
    hour = forms.TypedChoiceField(
        label=_("From which hour"),
        help_text=_("In your own time zone, else in the policy's."),
        choices=[(hour, f"{hour:02d}:00") for hour in range(24)],
        coerce=int,
    )


class StopMailForm(PortalForm):
    reason = forms.CharField(label=_("Why all mail stops"), max_length=500)
