"""Floor 4: answers become fixed, by submitting and by answering a reviewer's question (design §5)."""

import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import permissions
from applications.actions import message, renewal, requested, transition
from applications.enums import Basis, FlagEffect, Kind, MessageKind, Move, State
from applications.exceptions import InvalidInput, NotPossibleNow, SomebodyWasFaster
from applications.models import (
    AccessGrant,
    Application,
    InformationRequest,
    PolicyEdition,
    Submission,
    Subscription,
    User,
)
from applications.queries.application import Draft, Reading, clashes, draft_of, names_of, read_answers
from applications.queries.customer import confirmed_addresses
from applications.queries.followups import appeal_ends_at
from applications.rules import answers as said
from applications.rules import screening
from applications.rules.deadlines import business_days_between, business_deadline
from applications.rules.identifiers import clean_text, email_domain, search_key
from applications.rules.policy import Edition, QuestionType

ANSWER_MAX = 8000


def submit(
    *, application: Application, edition: Edition, by: User, now: datetime, edition_id: int | None = None
) -> Application:
    """Fix the answers and hand the application over. Twice at once, or again, is one effect (promise P4).

    Effects, in order: state submitted with its audit row, frozen answers, subscriptions that nobody held, one item
    for each capability × use case × subscription (what needs no person is closed at once), screening flags, what a
    renewal in time holds, one notice to the customer. Raises NotFound and NotAllowed by role; InvalidInput by
    question, also for what is asked for already; NotPossibleNow with code `nothing_to_decide` when everything asked
    for is open or retired, `free_mail` without an address of the organisation, `too_late` for an appeal after its
    last day. `edition_id` is the row of the edition, when the caller has read it.
    """
    permissions.require_member_move(by, application, Move.SUBMIT)
    if application.state != State.DRAFT and application.submitted_at is not None:
        return application
    _require_in_time(application, edition, now)
    _require_organisation_address(by, edition)
    try:
        with transaction.atomic():
            return _submit(application, edition, edition_id or _row_of(edition), by, now)
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


def _row_of(edition: Edition) -> int:
    return PolicyEdition.objects.values_list("pk", flat=True).get(code=edition.code)


def _submit(
    application: Application, edition: Edition, edition_id: int, by: User, now: datetime
) -> Application:
    _hold(application, State.DRAFT, now)
    draft = draft_of(application)
    reading = _read_whole(application, edition, draft, now)
    frozen = _Frozen(said.asked_only(edition, draft.by_section))
    flags = _screen(edition, frozen.answers, now)
    subscriptions = requested.subscriptions_of(application, edition, draft, reading, now)
    foreign = any(row.customer_id != application.customer_id for row in subscriptions.values())
    zone = ZoneInfo(edition.time_zone)
    target_at = business_deadline(now, edition.limits.review_business_days, edition.calendar, zone)
    deadline_at = _next_grace_end(application, now)
    transition.move(
        application,
        Move.SUBMIT,
        by=by,
        now=now,
        data={"edition": edition.code, "digest": frozen.digest, "items": len(reading.wishes)},
        edition_id=edition_id,
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
    requested.add_all(application, reading, subscriptions, now)
    requested.raise_flags(application, 1, flags, foreign, edition, now)
    renewal.hold(application, by=by, now=now)
    message.tell_at_handing_over(
        MessageKind.APPLICATION_SUBMITTED, key=f"submitted:{application.pk}", application=application, now=now
    )
    return application


def respond(
    *, application: Application, answer: str, edition: Edition, by: User, now: datetime
) -> Application:
    """Answer the reviewer's question; sections it named may have been saved anew before.

    Effects, in order: state in_review with its audit row, the clock runs on (the target moves by the pause), the
    question answered, answers frozen anew under the next number, items that were added or taken out, screening
    flags of the new answers. The same answer again is one answer. Raises NotFound, NotAllowed, NotPossibleNow,
    SomebodyWasFaster, InvalidInput.
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
    try:
        with transaction.atomic():
            return _respond(application, text, edition, by, now)
    except SomebodyWasFaster:
        latest = Application.objects.select_related("customer").get(pk=application.pk)
        if not _answered_same(latest, text, by):
            raise
        return latest


def _respond(application: Application, text: str, edition: Edition, by: User, now: datetime) -> Application:
    _hold(application, State.INFORMATION_REQUESTED, now)
    draft = draft_of(application)
    reading = _read_whole(application, edition, draft, now)
    _refuse_clashes(application, edition, reading)
    frozen = _Frozen(said.asked_only(edition, draft.by_section))
    flags = _screen(edition, frozen.answers, now)
    subscriptions = requested.subscriptions_of(application, edition, draft, reading, now)
    foreign = any(row.customer_id != application.customer_id for row in subscriptions.values())
    target_at = _target_after_pause(application, edition, now)
    number = application.submissions.count() + 1
    transition.move(
        application,
        Move.RESPOND,
        by=by,
        now=now,
        data={"digest": frozen.digest, "submission": number},
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
    requested.sync_items(application, reading, subscriptions, now)
    requested.raise_flags(application, number, flags, foreign, edition, now)
    renewal.let_go(application, by=by, now=now)
    renewal.hold(application, by=by, now=now)
    return application


def _hold(application: Application, state: State, now: datetime) -> None:
    """Take the row before reading: from here on nobody saves a section that would not be in what is frozen.

    Raises SomebodyWasFaster when the state is no longer the one that was read; nothing when it never was.
    """
    if application.state != state:
        return  # the transition says what is not possible
    if not Application.objects.filter(pk=application.pk, state=state).update(saved_at=now):
        raise transition.faster(application)


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


def _require_in_time(application: Application, edition: Edition, now: datetime) -> None:
    until = appeal_ends_at(application, edition) if application.kind == Kind.APPEAL else None
    if until is not None and now >= until:
        raise NotPossibleNow(
            _("The last day to appeal is over. You can apply again at any time instead."), code="too_late"
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


class _Frozen:
    """Answers with the salted hash that the record holds of them."""

    def __init__(self, answers: dict[str, dict[str, object]]) -> None:
        self.answers, self.salt = answers, secrets.token_hex(16)
        self.digest = said.digest(answers, self.salt)


def _freeze(application: Application, number: int, frozen: _Frozen, by: User, now: datetime) -> None:
    Submission.objects.create(
        application=application,
        number=number,
        answers=frozen.answers,
        digest=frozen.digest,
        salt=frozen.salt,
        submitted_at=now,
        submitted_by=by,
    )
