"""Editions of the policy."""

from applications.admin.base import ReadingPage
from applications.models import PolicyEdition


class EditionPage(ReadingPage):
    list_display = ("code", "in_force", "loaded_at", "loaded_by", "activated_at", "activated_by")


PAGES = ((PolicyEdition, EditionPage),)
