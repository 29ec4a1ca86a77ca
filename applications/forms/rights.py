"""Floor 5: what people fill in to act on rights. Actions judge it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from applications.enums import ExtensionReason
from applications.forms.base import FilterForm, PortalForm
from applications.rules.policy import Edition

WHY = {"rows": 3}
INSTANT = timedelta(microseconds=1)


class FindForm(FilterForm):
    """Which subscription it is about."""

    subscription = forms.CharField(
        label=_("Subscription id"),
        help_text=_("As the customer gives it; a whole resource id is fine."),
        max_length=300,
    )


class ReasonForm(PortalForm):
    reason = forms.CharField(
        label=_("Why"),
        help_text=_("The second person and the record need it. The customer does not see it."),
        widget=forms.Textarea(attrs=WHY),
    )


class ExtendForm(ReasonForm):
    deadline = forms.ChoiceField(label=_("Rights that end"))
    until = forms.DateField(
        label=_("New last day"),
        help_text=_("Inclusive, in the policy's time zone."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    why = forms.ChoiceField(
        label=_("Kind of extension"),
        choices=[
            (reason.value, reason.label) for reason in (ExtensionReason.CUSTOMER, ExtensionReason.APPEAL)
        ],
    )
    field_order = ("deadline", "until", "why", "reason")

    def __init__(self, *args: Any, deadlines: Sequence[datetime], edition: Edition, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="extend-%s", **kwargs)
        choices = [
            (at.isoformat(), date_format(edition.local_day(at - INSTANT), "DATE_FORMAT")) for at in deadlines
        ]
        field = self.fields["deadline"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class CapabilityForm(ReasonForm):
    """A capability of those that stand (to revoke) or were taken back (to reinstate)."""

    capability = forms.ChoiceField(label=_("Capability"))
    field_order: tuple[str, ...] = ("capability", "reason")

    def __init__(
        self, *args: Any, codes: Sequence[str], edition: Edition, language: str | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["capability"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(code, _name(edition, code, language)) for code in codes]


class RevokeForm(CapabilityForm):
    emergency = forms.BooleanField(
        label=_("End it now; a second person answers within 24 hours (leads only)"), required=False
    )
    field_order = ("capability", "reason", "emergency")


class ReinstateForm(CapabilityForm):
    until = forms.DateField(
        label=_("Last day"),
        help_text=_("It comes back as an extension, never as grace."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    field_order = ("capability", "until", "reason")


class MoveForm(ReasonForm):
    customer = forms.IntegerField(
        label=_("Number of the customer who gets it"),
        help_text=_("As in the address of the customer's page."),
        min_value=1,
    )
    field_order = ("customer", "reason")


def _name(edition: Edition, code: str, language: str | None) -> str:
    capability = edition.capability(code)
    return capability.name.to(language) if capability else code
