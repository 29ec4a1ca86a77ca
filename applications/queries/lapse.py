"""Floor 3: which drafts and open questions wait for their customer, and whether they may lapse (design §5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from applications.enums import MessageState, State
from applications.models import AccessGrant, Application, InformationRequest, OutboundMessage
from applications.queries.message import lapse_key
from applications.rules.deadlines import DAY
from applications.rules.policy import Edition

SLACK = DAY
"""Warnings leave at a decent hour, so two of them may stand a little nearer to each other than their days say."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A draft since its last save, or a question since it was asked, and when it lapses."""

    application: Application
    key: str
    lapses_at: datetime
    is_draft: bool


def waits(edition: Edition, now: datetime) -> Iterator[Wait]:
    """Everything that is to be warned of or lapses by `now`, the oldest first."""
    limits = edition.limits
    ahead = max(limits.lapse_warning_days, default=0) * DAY
    drafts = Application.objects.filter(
        state=State.DRAFT, saved_at__lte=now - limits.draft_days * DAY + ahead
    ).select_related("customer")
    for draft in drafts.order_by("saved_at", "pk").iterator(chunk_size=500):
        yield Wait(draft, lapse_key(draft), draft.saved_at + limits.draft_days * DAY, is_draft=True)
    asked = InformationRequest.objects.filter(
        closed_at__isnull=True,
        due_at__lte=now + ahead,
        application__state=State.INFORMATION_REQUESTED,
    ).select_related("application__customer")
    for question in asked.order_by("due_at", "pk").iterator(chunk_size=500):
        yield Wait(
            question.application,
            f"{question.application_id}:asked:{question.pk}",
            question.due_at,
            is_draft=False,
        )


def warning_key(wait: Wait, step: int) -> str:
    return f"lapse:{wait.key}:{step}"


def next_warning(wait: Wait, steps: tuple[int, ...], now: datetime) -> int | None:
    """The step whose warning is to be queued now: the first not queued, due, and not too near after the one before."""
    before: int | None = None
    for step in sorted(steps, reverse=True):
        if now < wait.lapses_at - step * DAY:
            return None
        if not _warnings(wait, step).exists():
            gap = timedelta(0) if before is None else (before - step) * DAY - SLACK
            return step if before is None or _sent_before(wait, before, now - gap) else None
        before = step
    return None


def may_lapse(wait: Wait, steps: tuple[int, ...], pause_days: int, now: datetime) -> bool:
    """Whether it lapses now: its time is up, every warning was sent, the last one long enough ago, and no right of
    the customer ends within the pause."""
    if now < wait.lapses_at or not steps:
        return False
    if not all(_sent_before(wait, step, now) for step in steps):
        return False
    last = min(steps)
    if not _sent_before(wait, last, now - last * DAY + SLACK):
        return False
    return not AccessGrant.objects.filter(
        customer=wait.application.customer_id,
        closed_at__isnull=True,
        ends_at__gt=now,
        ends_at__lte=now + pause_days * DAY,
    ).exists()


def _warnings(wait: Wait, step: int) -> QuerySet[OutboundMessage]:
    return OutboundMessage.objects.filter(key__startswith=f"{warning_key(wait, step)}:")


def _sent_before(wait: Wait, step: int, instant: datetime) -> bool:
    return (
        _warnings(wait, step)
        .filter(state__in=[MessageState.SENT, MessageState.DELIVERED], finished_at__lte=instant)
        .exists()
    )
