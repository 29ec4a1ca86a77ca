"""Forms of the public pages (floor 5)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import FilterForm, PortalForm
from applications.rules.decoder import LONGEST
from applications.rules.policy import Edition


class CheckForm(FilterForm):
    """The check as an address: words, or a capability, and new or existing."""

    q = forms.CharField(
        label=_("What do you call?"),
        help_text=_(
            "A capability, an API operation, a parameter or an attribute, such as returnFaceId or emotion."
        ),
        required=False,
        max_length=200,
    )
    capability = forms.ChoiceField(label=_("Or choose a capability"), required=False)
    customer = forms.ChoiceField(
        label=_("Did this subscription use the service before the cut date?"),
        choices=[("new", _("No, or I do not know: new")), ("existing", _("Yes: existing"))],
        widget=forms.RadioSelect,
        required=False,
        initial="new",
    )

    def __init__(self, *args: Any, edition: Edition, language: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            (
                service.name.to(language),
                [(one.code, one.name.to(language)) for one in edition.capabilities_of(service.code)],
            )
            for service in edition.services.values()
        ]
        self.fields["capability"].choices = [("", _("Not chosen")), *groups]  # type: ignore[attr-defined]


class DecodeForm(PortalForm):
    """A pasted answer. What is shown again is the masked text."""

    text = forms.CharField(
        label=_("What the API answered"),
        help_text=_(
            "JSON, a log line, an exception of an SDK, or just the HTTP status. Keys are masked at once."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        max_length=LONGEST,
        error_messages={
            "required": _("Nothing was pasted. Paste what the API answered."),
            "max_length": _("This is too long. Paste the part with the error, at most 100,000 characters."),
            "null_characters_not_allowed": _("This holds characters that are not text. Paste it as text."),
        },
    )

    def show_masked(self, masked: str) -> None:
        self.data = self.data.copy()
        self.data["text"] = masked
