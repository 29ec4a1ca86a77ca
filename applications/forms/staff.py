"""Floor 5: what operators fill in about people of ours."""

from django import forms
from django.utils.translation import gettext_lazy as _

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


class StopMailForm(PortalForm):
    reason = forms.CharField(label=_("Why all mail stops"), max_length=500)
