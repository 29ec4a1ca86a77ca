"""What every form of the portal shares: how it is laid out, marked and read back."""

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms


class PortalFormMixin:
    """For plain and model forms. The page writes `<form novalidate>` and the buttons; crispy the fields.

    Fields are required unless marked "(optional)", so the browser's own bubbles are off: what is wrong is
    said by the server, at the field and in the summary above. `option_help = {"field": {"value": "line"}}`
    puts a line beneath a choice; `read_back = ("field",)` repeats a long id beneath its field.
    """

    use_required_attribute = False
    method = "post"
    mark_optional = True
    option_help: dict[str, dict[str, Any]] = {}
    read_back: tuple[str, ...] = ()
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, lines in self.option_help.items():
            self.fields[name].widget.option_help = lines  # read by the filter option_help
        for name in self.read_back:
            self.fields[name].widget.attrs["data-read-back"] = ""

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.form_method = self.method
        return helper


class PortalForm(PortalFormMixin, forms.Form):
    """A form that changes something."""


class FilterForm(PortalFormMixin, forms.Form):
    """A form in the address line: narrows a list, changes nothing, needs no answer."""

    method = "get"
    mark_optional = False
