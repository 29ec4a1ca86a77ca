"""Editions of the policy and the gateways that ask for decisions."""

from applications.admin.base import ReadingPage
from applications.models import Gateway, PolicyEdition
from applications.permissions import Can


class EditionPage(ReadingPage):
    list_display = ("code", "in_force", "loaded_at", "loaded_by", "activated_at", "activated_by")


class GatewayPage(ReadingPage):
    power = Can.SEE_RECORD
    list_display = ("name", "services", "created_at", "acked_at", "disabled_at")


PAGES = ((PolicyEdition, EditionPage), (Gateway, GatewayPage))
