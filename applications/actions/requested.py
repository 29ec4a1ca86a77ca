"""Floor 4: what an application asks for, as rows: subscriptions, items and flags, inside the caller's transaction.

Called by `actions.submission` alone, whose audit row of the transition covers them.
"""

from datetime import datetime
from uuid import UUID

from applications.enums import FlagEffect, Outcome
from applications.models import Application, Flag, RequestedCapability, Subscription
from applications.queries.application import Draft, Reading
from applications.rules import answers as said
from applications.rules import screening
from applications.rules.policy import Edition, QuestionType


def subscriptions_of(
    application: Application, edition: Edition, draft: Draft, reading: Reading, now: datetime
) -> dict[str, Subscription]:
    """The subscriptions asked for, by id. One that nobody held becomes the applicant's; a foreign one stays."""
    question = said.first_of(edition, QuestionType.SUBSCRIPTIONS)
    guids = dict.fromkeys([wish.guid for wish in reading.wishes] + [guid for guid, *_rest in reading.settled])
    names = draft.answers.get(said.names_key(question)) if question else None
    names = names if isinstance(names, dict) else {}
    known = {guid: reading.held[guid] for guid in guids if guid in reading.held}
    fresh = [guid for guid in guids if guid not in known]
    if fresh:
        Subscription.objects.bulk_create(
            (
                Subscription(
                    guid=UUID(guid), customer=application.customer, label=names.get(guid, ""), known_at=now
                )
                for guid in fresh
            ),
            ignore_conflicts=True,
        )
        found = Subscription.objects.filter(guid__in=[UUID(guid) for guid in fresh])
        known |= {str(row.guid): row for row in found}
    nameless = [
        row
        for guid, row in known.items()
        if not row.label and names.get(guid) and row.customer_id == application.customer_id
    ]
    for row in nameless:
        row.label = names[str(row.guid)]
    if nameless:
        Subscription.objects.bulk_update(nameless, ["label"])
    return known


def add_items(
    application: Application, wishes: list[said.Wish], subscriptions: dict[str, Subscription], now: datetime
) -> None:
    RequestedCapability.objects.bulk_create(_open_items(application, wishes, subscriptions, now))


def add_all(
    application: Application, reading: Reading, subscriptions: dict[str, Subscription], now: datetime
) -> None:
    """Every item of a submission in one statement; what needs no person has its outcome at once."""
    settled = (
        RequestedCapability(
            application=application,
            customer_id=application.customer_id,
            subscription=subscriptions[guid],
            capability=capability,
            asked_at=now,
            outcome=Outcome(outcome),
            closed_at=now,
        )
        for guid, capability, outcome in reading.settled
        if guid
    )
    items = _open_items(application, reading.wishes, subscriptions, now)
    RequestedCapability.objects.bulk_create([*items, *settled])


def _open_items(
    application: Application, wishes: list[said.Wish], subscriptions: dict[str, Subscription], now: datetime
) -> list[RequestedCapability]:
    return [
        RequestedCapability(
            application=application,
            customer_id=application.customer_id,
            subscription=subscriptions[wish.guid],
            capability=wish.capability,
            use_case=wish.use_case,
            asked_at=now,
        )
        for wish in wishes
    ]


def sync_items(
    application: Application, reading: Reading, subscriptions: dict[str, Subscription], now: datetime
) -> None:
    """Items no longer asked for are closed without an outcome, new ones added."""
    wanted = {(wish.guid, wish.capability, wish.use_case): wish for wish in reading.wishes}
    open_items = application.items.filter(closed_at__isnull=True).select_related("subscription")
    standing = {(str(item.subscription.guid), item.capability, item.use_case): item for item in open_items}
    gone = [item.pk for key, item in standing.items() if key not in wanted]
    if gone:
        RequestedCapability.objects.filter(pk__in=gone).update(closed_at=now)
    add_items(application, [wish for key, wish in wanted.items() if key not in standing], subscriptions, now)


def raise_flags(
    application: Application,
    number: int,
    flags: tuple[screening.Flag, ...],
    foreign: bool,
    edition: Edition,
    now: datetime,
) -> None:
    rows = [
        Flag(
            application=application,
            submission_number=number,
            rule=flag.rule,
            effect=flag.effect,
            question=flag.question,
            raised_at=now,
        )
        for flag in flags
    ]
    if foreign:
        question = said.first_of(edition, QuestionType.SUBSCRIPTIONS)
        rows.append(
            Flag(
                application=application,
                submission_number=number,
                rule=said.HELD_ELSEWHERE,
                effect=FlagEffect.ESCALATE,
                question=question.code if question else "",
                raised_at=now,
            )
        )
    Flag.objects.bulk_create(rows)
