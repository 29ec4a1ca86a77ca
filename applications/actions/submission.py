"""Floor 4: answers become fixed, by submitting and by answering a reviewer's question (design §5)."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import message, transition
from applications.enums import Basis, FlagEffect, MessageKind, Move, Outcome, State
from applications.exceptions import InvalidInput, NotPossibleNow, SomebodyWasFaster
from applications.models import (
    AccessGrant,
    Application,
    Flag,
    InformationRequest,
    PolicyEdition,
    RequestedCapability,
    Submission,
    Subscription,
    User,
)
from applications.queries.application import Draft, Reading, clashes, draft_of, names_of, read_answers
from applications.queries.customer import confirmed_addresses
from applications.rules import answers as said
from applications.rules import screening
from applications.rules.deadlines import business_days_between, business_deadline
from applications.rules.identifiers import clean_text, email_domain, search_key
from applications.rules.policy import Edition, QuestionType

ANSWER_MAX = 8000


def submit(*, application: Application, edition: Edition, by: User, now: datetime) -> Application:
    """Fix the answers and hand the application over. Twice at once, or again, is one effect (promise P4).

    Effects, in order: state submitted with its audit row, frozen answers, subscriptions that nobody held, one item
    for each capability × use case × subscription (what needs no person is closed at once), screening flags, one
    message to the owners. Raises NotFound and NotAllowed by role; InvalidInput by question; NotPossibleNow with
    code `nothing_to_decide` when everything asked for is open or retired, `free_mail` without an address of the
    organisation.
    """
    permissions.require_member_move(by, application, Move.SUBMIT)
    if application.state != State.DRAFT and application.submitted_at is not None:
        return application
    _require_organisation_address(by, edition)
    try:
        with transaction.atomic():
            return _submit(application, edition, by, now)
    except SomebodyWasFaster:
        latest = Application.objects.select_related("customer").get(pk=application.pk)
        if latest.submitted_at is None:
            raise
        return latest
    except IntegrityError:
        _refuse_clashes(
            application, edition, read_answers(edition, draft_of(application), application.customer, now)
        )
        raise


def _submit(application: Application, edition: Edition, by: User, now: datetime) -> Application:
    # Holding the row first: from here on nobody saves a section that would not be in what is frozen.
    held = Application.objects.filter(pk=application.pk, state=State.DRAFT).update(saved_at=now)
    if not held:
        raise transition.faster(application)
    draft = draft_of(application)
    reading = _read_whole(application, edition, draft, now)
    frozen = said.asked_only(edition, draft.by_section)
    flags = _screen(edition, frozen, now)
    subscriptions = _subscriptions(application, edition, draft, reading, now)
    foreign = any(row.customer_id != application.customer_id for row in subscriptions.values())
    zone = ZoneInfo(edition.time_zone)
    target_at = business_deadline(now, edition.limits.review_business_days, edition.calendar, zone)
    deadline_at = _next_grace_end(application, now)
    transition.move(
        application,
        Move.SUBMIT,
        by=by,
        now=now,
        data={"edition": edition.code, "digest": said.digest(frozen), "items": len(reading.wishes)},
        edition_id=PolicyEdition.objects.values_list("pk", flat=True).get(code=edition.code),
        submitted_at=now,
        submitted_by_id=by.pk,
        target_at=target_at,
        deadline_at=deadline_at,
        urgent_at=min(filter(None, (target_at, deadline_at))),
        risk=_risk(edition, flags, reading, foreign),
        policy_review=any(not wish.use_case for wish in reading.wishes),
        search_text=_search_text(application, by, subscriptions),
    )
    _freeze(application, 1, frozen, by, now)
    _add_items(application, reading.wishes, subscriptions, now)
    _add_settled(application, reading, subscriptions, now)
    _raise_flags(application, 1, flags, foreign, edition, now)
    message.tell_customer(
        MessageKind.APPLICATION_SUBMITTED,
        key=f"submitted:{application.pk}",
        customer=application.customer,
        application=application,
        now=now,
    )
    return application


@transaction.atomic
def respond(
    *, application: Application, answer: str, edition: Edition, by: User, now: datetime
) -> Application:
    """Answer the reviewer's question; sections it named may have been saved anew before.

    Effects, in order: state in_review with its audit row, the clock runs on (the target moves by the pause), the
    question answered, answers frozen anew under the next number, items that were added or taken out, screening
    flags of the new answers. Raises NotFound, NotAllowed, NotPossibleNow, SomebodyWasFaster, InvalidInput.
    """
    permissions.require_member_move(by, application, Move.RESPOND)
    text = clean_text(answer, multiline=True)
    if not text:
        raise InvalidInput({"answer": _("Write an answer. If you changed a section, say which and why.")})
    if len(text) > ANSWER_MAX:
        raise InvalidInput(
            {"answer": _("This is too long. Keep it below %(most)s characters.") % {"most": ANSWER_MAX}}
        )
    if application.state == State.IN_REVIEW and _answered_same(application, text, by):
        return application
    draft = draft_of(application)
    reading = _read_whole(application, edition, draft, now)
    frozen = said.asked_only(edition, draft.by_section)
    flags = _screen(edition, frozen, now)
    subscriptions = _subscriptions(application, edition, draft, reading, now)
    foreign = any(row.customer_id != application.customer_id for row in subscriptions.values())
    target_at = _target_after_pause(application, edition, now)
    number = application.submissions.count() + 1
    transition.move(
        application,
        Move.RESPOND,
        by=by,
        now=now,
        data={"digest": said.digest(frozen), "submission": number},
        paused_at=None,
        target_at=target_at,
        urgent_at=min(filter(None, (target_at, application.deadline_at))),
        risk=_risk(edition, flags, reading, foreign),
        policy_review=any(not wish.use_case for wish in reading.wishes),
    )
    InformationRequest.objects.filter(application=application, closed_at__isnull=True).update(
        answer=text, answered_at=now, answered_by=by, closed_at=now
    )
    _freeze(application, number, frozen, by, now)
    _sync_items(application, reading, subscriptions, now)
    _raise_flags(application, number, flags, foreign, edition, now)
    return application


def _answered_same(application: Application, text: str, by: User) -> bool:
    """Whether this is the answer that was given last: a double click, not a new answer."""
    last = application.information_requests.order_by("-asked_at", "-pk").first()
    return last is not None and last.answer == text and last.answered_by_id == by.pk


# --- reading -------------------------------------------------------------------------------------------------------


def _require_organisation_address(by: User, edition: Edition) -> None:
    if all(edition.is_free_mail(email_domain(address)) for address in confirmed_addresses(by)):
        raise NotPossibleNow(
            _("Only an address of your organisation may submit. Add and confirm one in your account first."),
            code="free_mail",
        )


def _read_whole(application: Application, edition: Edition, draft: Draft, now: datetime) -> Reading:
    reading = read_answers(edition, draft, application.customer, now)
    if reading.nothing_to_decide:
        raise NotPossibleNow(
            _("There is nothing to decide: what you chose is open to everybody or retired for everybody."),
            code="nothing_to_decide",
        )
    if reading.errors:
        raise InvalidInput(reading.errors, _("Some answers are missing."))
    _refuse_clashes(application, edition, reading)
    return reading


def _refuse_clashes(application: Application, edition: Edition, reading: Reading) -> None:
    found = clashes(application.customer, reading.wishes, application)
    if not found:
        return
    question = said.first_of(edition, QuestionType.SUBSCRIPTIONS)
    item = found[0]
    raise InvalidInput(
        {
            question.code if question else "": _(
                "%(capability)s on %(subscription)s is asked for already in %(reference)s. "
                "Take it out here, or withdraw the other application."
            )
            % {
                "capability": names_of(edition, [item.capability]),
                "subscription": item.subscription.guid,
                "reference": item.application.reference,
            }
        },
        _("Part of this is asked for already."),
    )


def _next_grace_end(application: Application, now: datetime) -> datetime | None:
    return (
        AccessGrant.objects.filter(
            customer_id=application.customer_id,
            basis=Basis.GRACE,
            closed_at__isnull=True,
            revoked_at__isnull=True,
            ends_at__gt=now,
        )
        .order_by("ends_at")
        .values_list("ends_at", flat=True)
        .first()
    )


def _screen(
    edition: Edition, frozen: dict[str, dict[str, object]], now: datetime
) -> tuple[screening.Flag, ...]:
    answers = said.flat(frozen)
    return screening.screen(edition, answers, screening.Context.of(edition, answers), edition.local_day(now))


def _risk(edition: Edition, flags: tuple[screening.Flag, ...], reading: Reading, foreign: bool) -> int:
    cases = [edition.use_cases[wish.use_case] for wish in reading.wishes if wish.use_case]
    found = screening.risk([flag for flag in flags if not flag.guidance], cases)
    return max(found, screening.risk([_Held()], []) if foreign else found)


class _Held:
    effect = FlagEffect.ESCALATE.value


def _search_text(application: Application, by: User, subscriptions: dict[str, Subscription]) -> str:
    customer = application.customer
    words = [application.reference, customer.name, customer.website, by.name, by.email, *subscriptions]
    return search_key(" ".join(words))


def _target_after_pause(application: Application, edition: Edition, now: datetime) -> datetime:
    """As many business days from now as were left when the clock stopped."""
    zone = ZoneInfo(edition.time_zone)
    target_at, paused_at = application.target_at, application.paused_at
    if target_at is None or paused_at is None:
        return business_deadline(now, edition.limits.review_business_days, edition.calendar, zone)
    left = business_days_between(paused_at, target_at - timedelta.resolution, edition.calendar, zone)
    return business_deadline(now, left, edition.calendar, zone)


# --- writing -------------------------------------------------------------------------------------------------------


def _freeze(
    application: Application, number: int, frozen: dict[str, dict[str, object]], by: User, now: datetime
) -> None:
    Submission.objects.create(
        application=application,
        number=number,
        answers=frozen,
        digest=said.digest(frozen),
        submitted_at=now,
        submitted_by=by,
    )


def _subscriptions(
    application: Application, edition: Edition, draft: Draft, reading: Reading, now: datetime
) -> dict[str, Subscription]:
    """The subscriptions asked for, by id. One that nobody held becomes the applicant's; a foreign one stays."""
    question = said.first_of(edition, QuestionType.SUBSCRIPTIONS)
    guids = dict.fromkeys([wish.guid for wish in reading.wishes] + [guid for guid, *_rest in reading.settled])
    names = draft.answers.get(said.names_key(question)) if question else None
    names = names if isinstance(names, dict) else {}
    wanted = [UUID(guid) for guid in guids]
    known = {str(row.guid): row for row in Subscription.objects.filter(guid__in=wanted)}
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
        known = {str(row.guid): row for row in Subscription.objects.filter(guid__in=wanted)}
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


def _add_items(
    application: Application, wishes: list[said.Wish], subscriptions: dict[str, Subscription], now: datetime
) -> None:
    RequestedCapability.objects.bulk_create(
        RequestedCapability(
            application=application,
            customer_id=application.customer_id,
            subscription=subscriptions[wish.guid],
            capability=wish.capability,
            use_case=wish.use_case,
            asked_at=now,
        )
        for wish in wishes
    )


def _add_settled(
    application: Application, reading: Reading, subscriptions: dict[str, Subscription], now: datetime
) -> None:
    """What needs no person has its outcome at once."""
    RequestedCapability.objects.bulk_create(
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


def _sync_items(
    application: Application, reading: Reading, subscriptions: dict[str, Subscription], now: datetime
) -> None:
    """Items no longer asked for are closed without an outcome, new ones added."""
    wanted = {(wish.guid, wish.capability, wish.use_case): wish for wish in reading.wishes}
    open_items = application.items.filter(closed_at__isnull=True).select_related("subscription")
    standing = {(str(item.subscription.guid), item.capability, item.use_case): item for item in open_items}
    gone = [item.pk for key, item in standing.items() if key not in wanted]
    if gone:
        RequestedCapability.objects.filter(pk__in=gone).update(closed_at=now)
    _add_items(application, [wish for key, wish in wanted.items() if key not in standing], subscriptions, now)


def _raise_flags(
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
