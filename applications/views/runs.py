"""Floor 6: the duties at the desk: when each last ran, what it counted, what failed, and which have fallen silent."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from applications import clock
from applications.permissions import Can
from applications.queries import runs as queries
from applications.views.desk import StaffRequest, page, staff


@staff(Can.SEE_RECORD, "GET")
def index(request: StaffRequest) -> HttpResponse:
    now = clock.now()
    context = {"title": _("Duties"), "now": now, "duties": queries.overview(now)}
    return page(request, "admin/runs.html", context)
