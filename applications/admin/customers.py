"""Customers, their subscriptions and rights, and the applications."""

from django.contrib.admin import EmptyFieldListFilter

from applications.admin.base import ReadingPage
from applications.models import AccessGrant, Application, Attention, Contact, Customer, Subscription
from applications.permissions import Can


class CustomerPage(ReadingPage):
    list_display = ("name", "country", "sector", "imported_at")
    search_fields = ("name_key__startswith", "domains__domain__exact", "contacts__email__exact")
    list_filter = ("sector",)


class ContactPage(ReadingPage):
    list_display = ("email", "name", "customer", "state")
    search_fields = ("email__exact",)
    list_filter = ("state",)


class SubscriptionPage(ReadingPage):
    list_display = ("guid", "label", "customer", "known_at")
    search_fields = ("=guid", "customer__name_key__startswith")


class RightPage(ReadingPage):
    list_display = ("capability", "subscription", "customer", "basis", "starts_at", "ends_at", "revoked_at")
    search_fields = ("=subscription__guid",)
    list_filter = ("basis",)


class ApplicationPage(ReadingPage):
    power = Can.SEE_CASES
    list_display = ("reference", "customer", "kind", "state", "submitted_at", "assigned_to")
    search_fields = ("reference__exact", "customer__name_key__startswith")
    list_filter = ("state", "kind")
    hidden = ("search_text", "rank", "create_key")


class AttentionPage(ReadingPage):
    list_display = ("customer", "code", "detail", "raised_at", "settled_at")
    search_fields = ("customer__name_key__startswith",)
    list_filter = ("code", ("settled_at", EmptyFieldListFilter))


PAGES = (
    (Customer, CustomerPage),
    (Contact, ContactPage),
    (Subscription, SubscriptionPage),
    (AccessGrant, RightPage),
    (Application, ApplicationPage),
    (Attention, AttentionPage),
)
