"""Floor 5: what reviewers fill in on a case, besides the decision. Actions judge it; forms keep what was typed."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.enums import ConditionState, Risk, Settlement
from applications.forms.base import FilterForm, PortalForm
from applications.models import User
from applications.queries.lanes import LANES
from applications.rules.policy import Edition

LONG = {"rows": 4}
SHORT = {"rows": 2}
ANY = _("any")


def set_choices(form: forms.Form, name: str, choices: list[tuple[str, Any]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


class QueueFilter(FilterForm):
    """Filters of the queue; they combine and live in the address."""

    q = forms.CharField(
        label=_("Name, reference, subscription, person"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "data-search": "", "class": "form-control"}),
    )
    reviewer = forms.ChoiceField(label=_("Reviewer"), required=False)
    service = forms.ChoiceField(label=_("Service"), required=False)
    risk = forms.ChoiceField(label=_("Risk"), required=False)
    flag = forms.ChoiceField(label=_("Flag"), required=False)
    lane = forms.ChoiceField(
        choices=[(lane.code, lane.label) for lane in LANES], required=False, widget=forms.HiddenInput
    )
    closed = forms.BooleanField(
        label=_("Closed too"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self, *args: Any, edition: Edition, language: str | None, people: Iterable[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, auto_id="filter-%s", **kwargs)
        anybody = [("", ANY), ("me", _("me")), ("nobody", _("nobody"))]
        self.choose("reviewer", [*anybody, *((str(one.key), str(one)) for one in people)])
        services = ((code, one.name.to(language)) for code, one in edition.services.items())
        self.choose("service", [("", ANY), *services])
        self.choose("risk", [("", ANY), *((str(risk.value), risk.label) for risk in reversed(Risk))])
        rules = ((code, rule.name.to(language)) for code, rule in edition.screening.items())
        self.choose("flag", [("", ANY), *rules])

    def choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        set_choices(self, name, choices)
        is_set = " is-set" if self.data.get(name) else ""
        self.fields[name].widget.attrs["class"] = f"form-select{is_set}"

    def asked(self, name: str) -> str:
        """The value that was asked for, or "" where the address says nonsense: a list never fails."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")


class SaveFilterForm(PortalForm):
    """A name for what the queue shows now."""

    name = forms.CharField(label=_("Name of this view"), max_length=60)
    shared = forms.BooleanField(label=_("Other reviewers may use it"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="save-%s", **kwargs)


class AskForm(PortalForm):
    """A question to the applicant; the clock stops until they answer."""

    question = forms.CharField(
        label=_("What do you need to know?"),
        help_text=_("The customer reads this as you write it."),
        widget=forms.Textarea(attrs=LONG),
    )
    sections = forms.MultipleChoiceField(
        label=_("Sections they may change"),
        help_text=_("None chosen: any section."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    business_days = forms.IntegerField(label=_("Answer within so many business days"))

    def __init__(self, *args: Any, edition: Edition, language: str | None, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="ask-%s", **kwargs)
        set_choices(self, "sections", [(one.code, one.title.to(language)) for one in edition.sections])
        self.fields["business_days"].initial = edition.limits.information_business_days


class NoteForm(PortalForm):
    """A line of the conversation, or between staff."""

    audience = forms.ChoiceField(
        label=_("Who reads it"),
        choices=[("staff", _("Reviewers only")), ("customer", _("The customer"))],
        initial="staff",
        widget=forms.RadioSelect,
    )
    body = forms.CharField(
        label=_("Message"),
        help_text=_(
            "Between reviewers, “@rosa” or “@rosakeller” tells Rosa Keller, by the name or the mail address."
        ),
        widget=forms.Textarea(attrs=LONG),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="note-%s", **kwargs)


class FlagForm(PortalForm):
    """What a person finds about a flag."""

    settlement = forms.ChoiceField(
        label=_("Your finding"),
        choices=[
            (Settlement.STANDS.value, Settlement.STANDS.label),
            (Settlement.CURED.value, Settlement.CURED.label),
        ],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Why"),
        help_text=_("Needed when it does not apply."),
        required=False,
        widget=forms.Textarea(attrs=SHORT),
    )

    def __init__(self, *args: Any, flag: int, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"flag-{flag}-%s", **kwargs)


class SectionForm(PortalForm):
    """A verdict on a section."""

    verdict = forms.ChoiceField(
        label=_("Your verdict"),
        choices=[("fine", _("Fine")), ("doubt", _("In doubt"))],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note"),
        help_text=_("Needed when it is in doubt. Only reviewers read it."),
        required=False,
        widget=forms.Textarea(attrs=SHORT),
    )

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"section-{section}-%s", **kwargs)


class ConditionForm(PortalForm):
    """What became of a condition of an approval."""

    state = forms.ChoiceField(
        label=_("What you found"),
        choices=[(one.value, one.label) for one in (ConditionState.MET, ConditionState.DROPPED)],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("How you know"),
        help_text=_("Stands in the record. The customer does not read it."),
        widget=forms.Textarea(attrs=SHORT),
    )

    def __init__(self, *args: Any, code: str, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"condition-{code}-%s", **kwargs)


class AssignForm(PortalForm):
    """A lead gives a case to somebody."""

    to = forms.ChoiceField(label=_("Reviewer"))
    why = forms.CharField(label=_("Why"), required=False, max_length=500)

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="assign-%s", **kwargs)
        self.people = {str(one.key): one for one in people}
        set_choices(self, "to", [("", _("Choose")), *((key, str(one)) for key, one in self.people.items())])

    @property
    def person(self) -> User:
        return self.people[self.cleaned_data["to"]]


class ReturnForm(PortalForm):
    """The second person sends a case back."""

    note = forms.CharField(
        label=_("Why you return it"),
        help_text=_("The first reviewer reads this, the customer does not."),
        widget=forms.Textarea(attrs=LONG),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="return-%s", **kwargs)
