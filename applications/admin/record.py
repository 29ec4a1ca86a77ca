"""The record: what was done, the runs of the duties, and the people."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from applications.admin.base import ReadingPage
from applications.forms.staff import AbsenceForm, DisableForm
from applications.models import AuditEvent, JobRun, User
from applications.permissions import Can
from applications.queries.customer import conflicts_of


class AuditPage(ReadingPage):
    power = Can.SEE_RECORD
    list_display = ("at", "action", "source", "actor", "target", "target_ref")
    search_fields = ("=actor", "=target_ref")
    list_filter = ("source",)
    hidden = ("transaction",)


class RunPage(ReadingPage):
    power = Can.SEE_RECORD
    list_display = ("duty", "started_at", "finished_at", "counts", "error")
    list_filter = ("duty",)


class PersonPage(ReadingPage):
    power = Can.SEE_RECORD
    list_display = ("email", "name", "staff_role", "is_active", "joined_at")
    search_fields = ("email__exact",)
    list_filter = ("staff_role", "is_active")
    hidden = ("password",)
    change_form_template = "admin/person.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        person = self.get_object(request, object_id)
        forms = {
            "absence_form": AbsenceForm(initial={"until": person.absent_until if person else None}),
            "disable_form": DisableForm(),
            "conflicts": conflicts_of(person) if person else [],
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **forms})


PAGES = ((AuditEvent, AuditPage), (JobRun, RunPage), (User, PersonPage))
