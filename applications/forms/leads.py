"""Floor 5: what leads fill in: the period of the figures, who gets cases, what many applicants read."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import FilterForm, PortalForm
from applications.forms.review import ANY, set_choices
from applications.models import User
from applications.queries.lanes import LANES

DAY_PICKER = {"type": "date"}
WRONG_DAY = _("This is not a date. Write it as 2023-06-30.")
USUAL = timedelta(weeks=12)


class PeriodForm(FilterForm):
    """First and last day of what is counted; left out, the last twelve weeks."""

    first = forms.DateField(
        label=_("First day"),
        required=False,
        widget=forms.DateInput(attrs=DAY_PICKER),
        error_messages={"invalid": WRONG_DAY},
    )
    last = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs=DAY_PICKER),
        error_messages={"invalid": WRONG_DAY},
    )

    def __init__(self, data: Any, *, today: date, longest: timedelta) -> None:
        self.today, self.longest = today, longest
        known = {name: data[name] for name in ("first", "last") if data.get(name)}
        usual = {"first": f"{today - USUAL:%F}", "last": f"{today:%F}"}
        super().__init__({**usual, **known} if known else None, initial=usual, auto_id="period-%s")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and last < first:
            self.add_error("last", _("This is before the first day. Choose a later day."))
        elif first and last and last - first > self.longest:
            self.add_error("first", _("This is too long ago. Choose a period of at most 400 days."))
        return given

    @property
    def days(self) -> tuple[date, date]:
        """The period that was asked for, or the usual one where the address says nonsense."""
        if self.is_bound and self.is_valid():
            return self.cleaned_data["first"], self.cleaned_data["last"]
        return self.today - USUAL, self.today


class PickForm(FilterForm):
    """Which open cases are offered to hand over or to write about."""

    reviewer = forms.ChoiceField(label=_("Who has them"), required=False)
    lane = forms.ChoiceField(
        label=_("Lane"), choices=[(lane.code, lane.label) for lane in LANES], required=False
    )

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="pick-%s", **kwargs)
        known = [("", ANY), ("nobody", _("nobody")), *((str(one.key), str(one)) for one in people)]
        set_choices(self, "reviewer", known)

    def asked(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")


class ManyMessageForm(PortalForm):
    """One message to the applicants of several cases."""

    body = forms.CharField(
        label=_("Message"),
        help_text=_("Every applicant of the cases below reads this, as you write it."),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write something first.")},
    )
