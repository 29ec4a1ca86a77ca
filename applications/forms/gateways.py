"""Floor 5: what operators fill in about gateways. Actions judge it."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from applications.forms.base import PortalForm
from applications.forms.fields import WrittenField
from applications.rules.addresses import URL_MAX
from applications.rules.policy import Edition

_WHY = _("Say why. The second person and the record need it.")


class ServicesForm(PortalForm):
    services = forms.MultipleChoiceField(
        label=_("Services"),
        help_text=_("What it may ask about. Services can be added later, never taken away."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("No service is chosen. Choose at least one.")},
    )

    def __init__(self, *args: Any, edition: Edition, but: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language()
        self.fields["services"].choices = [
            (code, service.name.to(language)) for code, service in edition.services.items() if code not in but
        ]


class RegisterForm(ServicesForm):
    name = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
        label=_("Name"),
        help_text=_("Letters, digits, dots and dashes, such as face-west-1. It is also its client id."),
        max_length=80,
        error_messages={
            "required": _("The name is missing. Give one such as face-west-1."),
            "invalid": _("This cannot be a name. Use letters, digits, dots and dashes."),
        },
    )
    field_order = ("name", "services")


class SilenceForm(PortalForm):
    seconds = forms.IntegerField(
        label=_("Seconds after the last contact"),
        help_text=_(
            "Up to 86400, which is 24 hours. In that time it does not hear of an emergency revocation."
        ),
    )
    reason = WrittenField(
        label=_("Why"), most=2000, multiline=True, required=False, help_text=_("Needed to make it longer.")
    )


class DisableGatewayForm(PortalForm):
    reason = forms.CharField(
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        help_text=_("Its ends count as kept, with this reason."),
        error_messages={"required": _WHY},
    )


class EndpointForm(PortalForm):
    url = forms.CharField(
        label=_("Address to call"),
        help_text=_(
            "https on port 443 or 8443, public. It is told to read the feed, and nothing about customers."
        ),
        max_length=URL_MAX,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
        error_messages={"required": _("The address is missing. Give one such as https://gate.example/feed.")},
    )
