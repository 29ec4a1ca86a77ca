"""Floor 5: the code of a letter."""

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import FilterForm


class CodeForm(FilterForm):
    code = forms.CharField(
        label=_("Code of the letter"),
        help_text=_("Sixteen letters and figures at its foot, such as 7F3K-92QD-XK4M-2B6C."),
        max_length=60,
        error_messages={"required": _("Enter the code that stands at the foot of the letter.")},
    )
