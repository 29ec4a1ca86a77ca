"""Floor 5: how a person wants to be written to."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from applications.forms.base import PortalForm
from applications.rules.zones import zone_names


class MailForm(PortalForm):
    language = forms.ChoiceField(label=_("Language of mails and letters"))
    time_zone = forms.ChoiceField(
        label=_("Your time zone"),
        required=False,
        help_text=_("Deadlines are told in it and in UTC, and mail comes by day."),
    )
    wants_optional = forms.BooleanField(
        label=_("Send me the messages that I can also read here"), required=False
    )
    mark_optional = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        languages = forms.ChoiceField(choices=settings.LANGUAGES).choices
        self.fields["language"].choices = languages  # type: ignore[attr-defined]  # a ChoiceField has them
        zones = [("", _("As in the country of my organisation")), *((one, one) for one in zone_names())]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]  # a ChoiceField has them
