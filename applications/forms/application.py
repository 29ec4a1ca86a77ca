"""Small forms around an application: starting it, writing, answering (floor 5)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.actions.application import MESSAGE_MAX
from applications.actions.submission import ANSWER_MAX
from applications.forms.base import PortalForm
from applications.forms.fields import WrittenField
from applications.models import Customer, Membership


class StartForm(PortalForm):
    """For which organisation; asked only when there is a choice. `create_key` makes two clicks one draft."""

    create_key = forms.UUIDField(widget=forms.HiddenInput)
    customer = forms.TypedChoiceField(
        label=_("For which organisation?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("No organisation is chosen. Choose the one that will use the capability."),
            "invalid_choice": _("This is not one of yours. Choose from the list."),
        },
    )

    def __init__(self, *args: Any, memberships: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_id = {str(one.customer_id): one.customer for one in memberships}
        field = self.fields["customer"]
        field.choices = [(key, customer.name) for key, customer in self.by_id.items()]  # type: ignore[attr-defined]
        if len(self.by_id) == 1:
            field.required = False
            field.widget = forms.HiddenInput()

    def clean_customer(self) -> Customer:
        chosen = self.cleaned_data["customer"]
        if not chosen and len(self.by_id) == 1:
            return next(iter(self.by_id.values()))
        return self.by_id[chosen]


class MessageForm(PortalForm):
    body = WrittenField(label=_("Write to the reviewer"), most=MESSAGE_MAX, multiline=True, required=True)

    empty = _("Nothing is written. Write your message first.")

    def clean_body(self) -> str:
        if not self.cleaned_data["body"]:
            raise forms.ValidationError(self.empty)
        return str(self.cleaned_data["body"])


class AnswerForm(MessageForm):
    body = WrittenField(label=_("Your answer"), most=ANSWER_MAX, multiline=True, required=True)

    empty = _("Nothing is written. If you changed a section, say which and why.")
