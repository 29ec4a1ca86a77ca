"""Floor 6: the one place that knows what time it is.

Entrances (views, tasks, commands) read it once and hand `now=` down; nothing below floor 6 asks for the
time, so everything below can be tested at any instant. The source is the setting `CLOCK`, a dotted path.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


def system_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def now() -> datetime:
    """The instant of this request, task or command, always aware and in UTC."""
    moment: datetime = import_string(settings.CLOCK)()
    if moment.tzinfo is None:
        raise ImproperlyConfigured(f"CLOCK {settings.CLOCK} answers without a time zone")
    return moment.astimezone(UTC)
