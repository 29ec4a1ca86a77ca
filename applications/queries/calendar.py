"""Floor 3: the dates a customer has to keep, for a calendar."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from applications.models import InformationRequest
from applications.queries.access import Board
from applications.queries.application import names_of
from applications.rules.calendar_file import Entry
from applications.rules.deadlines import last_safe_day

MINUTE = timedelta(minutes=1)


def entries_of(board: Board, customer_id: int, language: str | None) -> Iterator[Entry]:
    """Each end of access with the last safe day before it, and what is asked. One statement.

    Ends are exclusive, so an entry stands in the last minute that still works.
    """
    ends: dict[datetime, set[str]] = {}
    for (_guid, code), verdict in board.verdicts.items():
        if verdict.allowed and verdict.ends_at and verdict.ends_at > board.now:
            ends.setdefault(verdict.ends_at, set()).add(code)
    host = settings.SITE_URL.partition("://")[2]
    access = f"{settings.SITE_URL}{reverse('access')}?customer={customer_id}"
    for at, codes in sorted(ends.items()):
        names = names_of(board.edition, sorted(codes), language)
        name = f"{customer_id}-{at.astimezone(UTC):%Y%m%dT%H%M}@{host}"
        yield Entry(
            f"end-{name}", at - MINUTE, _("Access ends"), _("Ends now: %(names)s.") % {"names": names}, access
        )
        safe = _last_safe(board, at)
        may_apply = any((found := board.edition.capability(code)) and found.needs_approval for code in codes)
        if may_apply and safe > board.now:
            words = _(
                "Last day on which a submitted application is still answered before access ends: %(names)s."
            )
            yield Entry(
                f"safe-{name}", safe, _("Submit today at the latest"), words % {"names": names}, access
            )
    yield from _questions(customer_id, host)


def _last_safe(board: Board, ends_at: datetime) -> datetime:
    edition = board.edition
    zone = ZoneInfo(edition.time_zone)
    day = last_safe_day(ends_at, edition.limits.review_business_days, edition.calendar, zone)
    return datetime.combine(day, time(23, 59), zone).astimezone(UTC)


def _questions(customer_id: int, host: str) -> Iterator[Entry]:
    asked = InformationRequest.objects.filter(application__customer=customer_id, closed_at__isnull=True)
    for one in asked.select_related("application").order_by("due_at"):
        reference = one.application.reference
        yield Entry(
            f"question-{one.pk}@{host}",
            one.due_at - MINUTE,
            _("Answer the reviewer's question on %(reference)s") % {"reference": reference},
            _("Without an answer the application lapses."),
            f"{settings.SITE_URL}{reverse('application-status', args=[reference])}",
        )
