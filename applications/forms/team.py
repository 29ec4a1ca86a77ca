"""Floor 5: a person's organisation and its people."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from applications.enums import Role, Sector
from applications.forms.base import PortalForm
from applications.rules.identifiers import clean_text, read_domain
from applications.rules.zones import countries

ROLE_HELP = {
    Role.OWNER: _("Submits applications, answers for them, and decides who belongs to the team."),
    Role.EDITOR: _("Writes drafts and answers our questions."),
    Role.VIEWER: _("Reads everything, changes nothing."),
}


def _role_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Role"), choices=Role.choices, widget=forms.RadioSelect, initial=Role.EDITOR
    )


def country_choices() -> list[tuple[str, str]]:
    by_name = sorted(countries().items(), key=lambda pair: pair[1])
    return [("", _now("Choose a country")), *by_name]


class OrganisationForm(PortalForm):
    """The first person of an organisation names it. Nothing here tells whether we know it."""

    option_help = {
        "sector": {
            Sector.COMMERCIAL: _("A company, an association, a university that is not part of a state."),
            Sector.GOVERNMENT: _("A ministry, an agency, a municipality, a state institution."),
            Sector.INTERNATIONAL: _("Founded by states, such as an organisation of the United Nations."),
        }
    }

    name = forms.CharField(
        label=_("Name of your organisation"),
        error_messages={"required": _("Enter the name of your organisation.")},
        max_length=200,
        help_text=_("As it stands in its register. It appears in applications and letters."),
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    website = forms.CharField(
        label=_("Web site"),
        error_messages={"required": _("Enter the address of your web site.")},
        max_length=300,
        help_text=_("Such as https://www.example.org"),
        widget=forms.TextInput({"autocomplete": "url", "inputmode": "url"}),
    )
    country = forms.ChoiceField(
        label=_("Country"), choices=country_choices, error_messages={"required": _("Choose a country.")}
    )
    sector = forms.ChoiceField(
        label=_("Sector"),
        choices=Sector.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a sector.")},
    )

    def clean_name(self) -> str:
        name = clean_text(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_now("Enter the name of your organisation."))
        return name

    def clean_website(self) -> str:
        website = clean_text(self.cleaned_data["website"])
        if not read_domain(website):
            raise forms.ValidationError(
                _now("This is not the address of a web site. Enter one such as https://www.example.org.")
            )
        return website


class InvitationForm(PortalForm):
    option_help = {"role": ROLE_HELP}

    email = forms.CharField(
        label=_("E-mail address"),
        error_messages={"required": _("Enter the address of your colleague.")},
        max_length=320,
        widget=forms.EmailInput({"autocomplete": "off"}),
        help_text=_("At your organisation. The invitation is valid for 7 days."),
    )
    role = _role_field()


class MemberForm(PortalForm):
    """The role of one member."""

    option_help = {"role": ROLE_HELP}
    role = _role_field()


class JoinAnswerForm(PortalForm):
    """Let somebody in, in a role, or not."""

    role = _role_field()
    accept = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].required = False
        self.fields["role"].widget = forms.Select(choices=Role.choices)

    def clean_role(self) -> str:
        return self.cleaned_data["role"] or Role.EDITOR
