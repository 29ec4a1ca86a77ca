"""Floor 5: what operators fill in to settle why a customer needs attention."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from applications.forms.base import PortalForm
from applications.forms.leads import DAY_PICKER, WRONG_DAY


class ContactForm(PortalForm):
    """A person of the customer."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.CharField(
        label=_("E-mail address"),
        help_text=_(
            "Make sure of the person first: whoever signs up with this address speaks for the customer."
        ),
        max_length=254,
        widget=forms.EmailInput,
        error_messages={"required": _("Enter an address. Write it like name@organisation.example.")},
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class PostedForm(PortalForm):
    """On which day a letter went out."""

    on = forms.DateField(
        label=_("Posted on"),
        widget=forms.DateInput(attrs=DAY_PICKER),
        error_messages={"invalid": WRONG_DAY, "required": _("Choose the day on which it was posted.")},
    )


class DismissForm(PortalForm):
    reason = forms.CharField(
        label=_("Why nothing has to be done"),
        max_length=500,
        error_messages={"required": _("Say why. The record keeps it.")},
    )
