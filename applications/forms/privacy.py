"""Floor 5: what people fill in about personal data. Actions judge it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import FilterForm, PortalForm


class EraseForm(PortalForm):
    sure = forms.BooleanField(
        label=_("I have read what goes and what stays, and I want my data erased"),
        error_messages={"required": _("Tick this when you are sure. It cannot be undone.")},
    )


class EraseAddressForm(PortalForm):
    address = forms.CharField(label=_("E-mail address of the person"), max_length=254)
    reason = forms.CharField(
        label=_("Who asked, and when"),
        help_text=_("The record keeps it. Do not repeat the address."),
        max_length=500,
    )


class WhyForm(PortalForm):
    reason = forms.CharField(label=_("Why"), help_text=_("The record keeps it."), max_length=500)


class ReportForm(FilterForm):
    on = forms.DateField(
        label=_("Day"),
        help_text=_("The instant at which it begins, in the zone of the policy."),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("This is not a date. Write it as 2023-06-30.")},
    )
    customer = forms.IntegerField(
        label=_("Number of one customer"), required=False, min_value=1, help_text=_("Leave it empty for all.")
    )
