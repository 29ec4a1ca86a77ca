"""Floor 3: an end of access in words, the same on every page and in every mail: in UTC, and where the reader is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class EndWords:
    """`local` is empty where clocks show UTC; `keep` says what keeps it."""

    heading: str
    local: str
    keep: str


def end_words(services: Iterable[str], ends_at: datetime, zone: ZoneInfo) -> EndWords:
    """By the last minute of an exclusive end, in the language that is active."""
    last = ends_at - timedelta.resolution
    utc, local = last.astimezone(UTC), last.astimezone(zone)
    told = f"{formats.date_format(local, 'j F Y, H:i')} {local.tzname()}"
    return EndWords(
        heading=_("Your access to %(names)s ends on %(day)s at %(time)s UTC")
        % {"names": ", ".join(services), "day": formats.date_format(utc, "j F Y"), "time": f"{utc:%H:%M}"},
        local=""
        if local.utcoffset() == utc.utcoffset()
        else _("Where you are that is %(local)s.") % {"local": told},
        keep=_(
            "To keep it, an application must be approved by then. Submitting is not enough. "
            "Everything that is open stays."
        ),
    )
