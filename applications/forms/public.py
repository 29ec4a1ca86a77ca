"""Forms of the public pages (floor 5)."""

from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from applications.forms.base import FilterForm, PortalForm
from applications.rules import eligibility
from applications.rules.answers import sector_question
from applications.rules.decoder import LONGEST
from applications.rules.policy import Edition, QuestionType


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
        self.fields["capability"].choices = _capabilities(edition, language)  # type: ignore[attr-defined]


def _capabilities(edition: Edition, language: str | None) -> list[tuple[str, Any]]:
    groups = [
        (
            service.name.to(language),
            [(one.code, one.name.to(language)) for one in edition.capabilities_of(service.code)],
        )
        for service in edition.services.values()
    ]
    return [("", _("Not chosen")), *groups]


class EligibilityForm(FilterForm):
    """What is asked before the form, as an address: the edition's questions, the capability, new or existing."""

    capability = forms.ChoiceField(
        label=_("Which capability?"),
        help_text=_("Leave it open if you need several, or do not know yet."),
        required=False,
        error_messages={"invalid_choice": _("This edition knows no such capability. Choose from the list.")},
    )
    customer = CheckForm.declared_fields["customer"]

    def __init__(self, *args: Any, edition: Edition, language: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["capability"].choices = _capabilities(edition, language)  # type: ignore[attr-defined]
        self.fields["customer"].required = True
        self.fields["customer"].help_text = "; ".join(
            f"{gate.name.to(language)}: {formats.date_format(gate.cut_on, _('j F Y'))}"
            for gate in edition.gates.values()
        )
        for question in filter(None, (sector_question(edition), *eligibility.asked(edition))):
            words = {choice.code: choice.label.to(language) for choice in question.choices}
            label, help_text = _AT_HAND.get(question.type, (question.label.to(language), ""))
            self.fields[question.code] = forms.ChoiceField(
                label=label,
                help_text=help_text or question.help.to(language),
                choices=[(code, words.get(code) or _ANSWERS[code]) for code in eligibility.choices(question)],
                widget=forms.RadioSelect,
            )
        for field in self.fields.values():
            field.error_messages |= {"required": _("This is not answered. Choose an answer.")}


_ANSWERS = {"yes": _("Yes"), "no": _("No"), "unsure": _("I am not sure")}
_AT_HAND: dict[str, tuple[Any, Any]] = {
    QuestionType.EMAIL: (_("Do you have a mail address at your organisation?"), ""),
    QuestionType.SUBSCRIPTIONS: (
        _("Do you have the id of each subscription at hand?"),
        _(
            "Five groups of letters and digits with dashes, in the cloud portal under Subscriptions. Never a key."
        ),
    ),
}


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
