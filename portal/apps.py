"""The Django app of the site itself: its templates, and the table of the shared cache."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        # Django tells only apps that have models.
        post_migrate.connect(make_cache_table, sender=apps.get_app_config("applications"))
        import_module("portal.mail_events")
        import_module("portal.accounts")  # its receivers; it needs the models to be there


def make_cache_table(using: str, **_: Any) -> None:
    """`migrate` is all there is to do on a new database."""
    call_command("createcachetable", database=using, verbosity=0)
