"""What is due, what was sent, and to whom."""

from applications.admin.base import ReadingPage
from applications.models import DeadlinePreview, OutboundMessage, Reminder
from applications.permissions import Can


class PreviewPage(ReadingPage):
    list_display = ("ends_at", "made_at", "rights", "customers", "pending", "unwarned", "armed_at")


class ReminderPage(ReadingPage):
    list_display = ("customer", "ends_at", "days_before", "due_at", "state", "finished_at")
    search_fields = ("customer__name_key__startswith",)
    list_filter = ("state",)


class MessagePage(ReadingPage):
    """Who got what and when; the text is what was handed over."""

    power = Can.SEE_RECORD
    list_display = ("kind", "state", "address", "customer", "due_at", "attempts", "finished_at")
    search_fields = ("address__exact",)
    list_filter = ("state", "kind")


PAGES = ((DeadlinePreview, PreviewPage), (Reminder, ReminderPage), (OutboundMessage, MessagePage))
