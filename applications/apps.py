"""Floor 7: the Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApplicationsConfig(AppConfig):
    name = "applications"
    verbose_name = _("Limited access")
    default_auto_field = "django.db.models.BigAutoField"
