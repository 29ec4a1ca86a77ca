"""Floor 4: recommend, return, decide (design §5, promise P5): one decision over all items, and what follows from it.

`outcomes` maps the id of each item that is still open to what is decided about it. Low risk: who has the case
decides. High risk: they recommend, and another person confirms exactly that or returns it.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications import letters
from applications.actions import access, audit, blind, condition, message, renewal, transition
from applications.actions.review import TEXT_MAX, WRITERS, expect, lead_for, too_long
from applications.enums import (
    FINAL_STATES,
    GRANTING_OUTCOMES,
    UNDECIDED_STATES,
    CapabilityState,
    MessageKind,
    Move,
    Outcome,
    State,
)
from applications.exceptions import InvalidInput, NotPossibleNow, SomebodyWasFaster
from applications.models import Application, Decision, Note, RequestedCapability, User
from applications.queries import case
from applications.rules.identifiers import clean_text
from applications.rules.policy import Edition
from applications.rules.review import (
    ItemOutcome,
    approval_ends_at,
    check_outcomes,
    read_outcomes,
    store_outcomes,
)

Outcomes = Mapping[int, ItemOutcome]
_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def problem(code: str) -> str:
    """What is wrong with one row of the decision, and what to do about it."""
    return {
        "missing": _("No outcome yet. Choose one for every item."),
        "not_possible": _("This outcome is not possible here. Choose one of those offered."),
        "no_reason": _("A denial needs a reason. Choose at least one."),
        "no_condition": _("No condition is chosen. Choose at least one, or approve without conditions."),
        "unknown_code": _("The policy has no such reason or condition. Choose from the list."),
    }[code]


def check(
    application: Application, *, outcomes: Outcomes, words: str, edition: Edition, now: datetime
) -> list[RequestedCapability]:
    """The open items, when every one has an outcome that may stand and every flag is settled; writes nothing.

    Raises InvalidInput: `item-<id>`, `items`, `words`, `flags`.
    """
    lines = _words(words)
    items = [item for item in case.items_of(application) if item.closed_at is None]
    rows = [case.as_rule_item(item, edition, now) for item in items]
    tidied = {item: said.tidied() for item, said in outcomes.items()}
    errors = {f"item-{item}": problem(code) for item, code in check_outcomes(rows, tidied, edition).items()}
    if strange := set(outcomes) - {item.pk for item in items}:
        errors["items"] = ngettext(
            "%(count)d item is closed already. Load the case again.",
            "%(count)d items are closed already. Load the case again.",
            len(strange),
        ) % {"count": len(strange)}
    if any(said.outcome == Outcome.ANSWERED for said in tidied.values()) and not lines:
        errors["words"] = _("An enquiry needs an answer. Write it here; it goes into the letter.")
    if waiting := len(case.unsettled(case.flags_of(application), edition)):
        errors["flags"] = ngettext(
            "%(count)d flag is not settled. Say for each whether it stands.",
            "%(count)d flags are not settled. Say for each whether it stands.",
            waiting,
        ) % {"count": waiting}
    if errors:
        raise InvalidInput(errors)
    return items


def recommend(
    application: Application,
    *,
    outcomes: Outcomes,
    words: str = "",
    note: str = "",
    edition: Edition,
    by: User,
    now: datetime,
    seen: datetime | None = None,
) -> Decision:
    """Who has a high-risk case says how a second person should decide it.

    Effects, in order: move RECOMMEND (nobody holds the case until a second person takes it), the recommendation,
    the `note` for the second person between staff. The same recommendation sent twice is one. Raises as
    `review.expect`, InvalidInput (`item-<id>`, `flags`, `words`), NotPossibleNow when one person may decide.
    """
    made = Decision(
        application=application, outcomes=store_outcomes(outcomes), words=_words(words), recommended_by=by
    )
    try:
        return _recommend(made, outcomes, note, edition, by, now, seen)
    except NotPossibleNow:
        standing = case.open_recommendation(application)
        if standing is None or standing.recommended_by_id != by.pk or not _same(standing, made):
            raise
        return standing


@transaction.atomic
def _recommend(
    made: Decision,
    outcomes: Outcomes,
    note: str,
    edition: Edition,
    by: User,
    now: datetime,
    seen: datetime | None,
) -> Decision:
    application = made.application
    was = expect(application, Move.RECOMMEND, by=by, seen=seen)
    items = check(application, outcomes=outcomes, words=made.words, edition=edition, now=now)
    if not case.needs_two(case.flags_of(application), items, edition):
        raise NotPossibleNow(_("Nothing here needs a second person. Decide it."), code="needs_no_second")
    transition.move(
        application, Move.RECOMMEND, by=by, now=now, only_if=was, assigned_to=None, assigned_at=None
    )
    if said := clean_text(note, multiline=True)[:TEXT_MAX]:
        Note.objects.create(application=application, author=by, internal=True, body=said, written_at=now)
    made.recommended_at = now
    made.save()
    return made


@transaction.atomic
def return_to_review(
    application: Application, *, note: str, by: User, now: datetime, seen: datetime | None = None
) -> Application:
    """The second person does not confirm. The first return goes back to who recommended, the second to a lead.

    Effects, in order: move RETURN_TO_REVIEW with the new holder, the recommendation closed with the note.
    Raises as `review.expect`, InvalidInput (`note`).
    """
    why = clean_text(note, multiline=True)[:TEXT_MAX]
    if not why:
        raise InvalidInput({"note": _("Say why you return it. The first reviewer reads this.")})
    was = expect(application, Move.RETURN_TO_REVIEW, by=by, seen=seen)
    recommendation = case.open_recommendation(application)
    if recommendation is None:
        raise transition.faster(application)
    first = recommendation.recommended_by
    again = application.decisions.filter(returned_at__isnull=False).exists()
    if again or first is None or not first.is_active:
        holder = lead_for(application, other_than={recommendation.recommended_by_id or 0}, now=now)
    else:
        holder = first
    transition.move(
        application,
        Move.RETURN_TO_REVIEW,
        by=by,
        now=now,
        only_if=was,
        data={"to": str(holder.key) if holder else None, "again": again},
        assigned_to=holder,
        assigned_at=now if holder else None,
    )
    recommendation.returned_at, recommendation.returned_by, recommendation.return_note = now, by, why
    recommendation.save(update_fields=["returned_at", "returned_by", "return_note"])
    return application


def decide(
    application: Application,
    *,
    outcomes: Outcomes,
    words: str = "",
    edition: Edition,
    by: User,
    now: datetime,
    seen: datetime | None = None,
) -> Decision:
    """Decide every open item of a case, alone, or as the second person who confirms a recommendation exactly.

    Effects, in order, in one transaction: move DECIDE; each item closed with outcome, reasons and conditions; the
    rights of each approval, valid from now until `approval_months` later at the end of that day, and its conditions
    with the day each is due; the decision with its letter, frozen; mail APPLICATION_DECIDED to owners and editors,
    `letter_delay_minutes` later; for some cases a blind second review (`actions.blind`). The same decision by the
    same person sent twice is one. Raises as `review.expect`, InvalidInput (`item-<id>`, `flags`,
    `words`), NotPossibleNow (`needs_second`: high risk and nobody recommended; `differs`: not what was
    recommended).
    """
    said = Decision(application=application, outcomes=store_outcomes(outcomes), words=_words(words))
    try:
        return _decide(said, outcomes, edition, by, now, seen)
    except SomebodyWasFaster:
        made = application.decisions.filter(decided_by=by, taken_back_at=None).first()
        if made is None or not _same(made, said):
            raise
        return made


@transaction.atomic
def _decide(
    said: Decision, outcomes: Outcomes, edition: Edition, by: User, now: datetime, seen: datetime | None
) -> Decision:
    application = said.application
    if application.state in FINAL_STATES:
        raise transition.faster(application)
    was = expect(application, Move.DECIDE, by=by, seen=seen)
    items = check(application, outcomes=outcomes, words=said.words, edition=edition, now=now)
    if application.state == State.SECOND_REVIEW:
        decision = _recommended(said)
    elif case.needs_two(case.flags_of(application), items, edition):
        raise NotPossibleNow(
            _("This case is high risk: recommend a decision, and a second person confirms it."),
            code="needs_second",
        )
    else:
        decision = said
    transition.move(application, Move.DECIDE, by=by, now=now, only_if=was, data=_tally(outcomes, items))
    _close(items, outcomes, edition, by=by, now=now)
    decision.decided_at, decision.decided_by = now, by
    _send(decision, edition, now=now)
    # What a renewal held is over: at once where it is granted, with the letter where it is not.
    renewal.let_go(application, by=by, now=now, denied_at=decision.letter_due_at)
    blind.draw(decision, now=now)
    return decision


def _recommended(said: Decision) -> Decision:
    """The open recommendation that `said` confirms; it must be the same to the letter."""
    standing = case.open_recommendation(said.application)
    if standing is None:
        raise transition.faster(said.application)
    if not _same(standing, said):
        raise NotPossibleNow(
            _("This differs from what was recommended. Confirm it exactly, or return the case with a note."),
            code="differs",
        )
    standing.application = said.application
    return standing


@transaction.atomic
def close_items_for_policy(application: Application, *, edition: Edition, now: datetime) -> int:
    """Close the open items that need no person any more: their capability has opened or retired (design §5).

    Effects, in order: those items closed as `not_needed` or `retired`, one audit row each; a message to the customer
    that says so, and mail. The case stays where it is: a person closes one that has nothing open left. Returns how
    many items were closed; a second run closes none.
    """
    outcomes_of = {CapabilityState.OPEN: Outcome.NOT_NEEDED, CapabilityState.RETIRED: Outcome.RETIRED}
    items = [item for item in case.items_of(application) if item.closed_at is None]
    found = {item.pk: outcomes_of.get(case.as_rule_item(item, edition, now).state) for item in items}
    closing = [item for item in items if found[item.pk] is not None]
    held = Application.objects.filter(pk=application.pk, state__in=UNDECIDED_STATES)
    if not closing or not held.update(saved_at=F("saved_at")):
        return 0
    for item in closing:
        item.outcome, item.closed_at = found[item.pk] or "", now
        item.save(update_fields=["outcome", "closed_at"])
        audit.record(
            "item.closed",
            by=None,
            now=now,
            customer_id=application.customer_id,
            application_id=application.pk,
            target=item,
            data={"capability": item.capability, "outcome": item.outcome},
        )
    _tell_of_policy(application, closing, edition, now)
    return len(closing)


def _tell_of_policy(
    application: Application, closed: list[RequestedCapability], edition: Edition, now: datetime
) -> None:
    language = letters.language_of(application, edition)
    with translation.override(language):
        lines = [_("The policy has changed, so a part of your application needs no decision any more:")]
        for item in closed:
            known = edition.capability(item.capability)
            name = known.name.to(language) if known else item.capability
            words = (
                _("%(name)s on %(subscription)s is open now. You can use it without an approval.")
                if item.outcome == Outcome.NOT_NEEDED
                else _("%(name)s on %(subscription)s is retired. No application brings it back.")
            )
            lines.append(words % {"name": name, "subscription": item.subscription.guid})
    told = Note.objects.create(application=application, author=None, body="\n".join(lines), written_at=now)
    message.tell_customer(
        MessageKind.MESSAGE_WRITTEN,
        key=f"message_written:{told.pk}",
        customer=application.customer,
        application=application,
        roles=WRITERS,
        now=now,
        context={"note": told.pk},
    )


# --- the pieces ---


def _words(raw: str) -> str:
    lines = clean_text(raw, multiline=True)
    if len(lines) > TEXT_MAX:
        raise InvalidInput({"words": too_long(TEXT_MAX)})
    return lines


def _same(one: Decision, other: Decision) -> bool:
    return one.words == other.words and (
        store_outcomes(read_outcomes(one.outcomes)) == store_outcomes(read_outcomes(other.outcomes))
    )


def _tally(outcomes: Outcomes, items: Iterable[RequestedCapability]) -> dict[str, object]:
    """How often each outcome was given, for the record."""
    said = [outcomes[item.pk].outcome for item in items]
    return {"outcomes": {outcome: said.count(outcome) for outcome in sorted(set(said))}}


def _close(
    items: Iterable[RequestedCapability],
    outcomes: Outcomes,
    edition: Edition,
    *,
    by: User,
    now: datetime,
) -> None:
    ends_at = approval_ends_at(edition, now)
    for item in items:
        said = outcomes[item.pk].tidied()
        item.outcome, item.closed_at = said.outcome, now
        item.reasons, item.conditions = list(said.reasons), list(said.conditions)
        item.save(update_fields=["outcome", "closed_at", "reasons", "conditions"])
        if said.outcome in GRANTING_OUTCOMES:
            access.grant_approval(item, edition=edition, ends_at=ends_at, by=by, now=now)
            condition.promise(item, edition=edition, now=now)


def _send(decision: Decision, edition: Edition, *, now: datetime) -> None:
    """Freeze the letter in the customer's language and queue it; in the minutes until then nobody reads it."""
    application = decision.application
    decision.letter_due_at = now + timedelta(minutes=edition.limits.letter_delay_minutes)
    decision.verification_code = "-".join(
        "".join(secrets.choice(_CODE_LETTERS) for _letter in range(4)) for _group in range(4)
    )
    decision.letter = letters.compose(decision, edition, letters.language_of(application, edition))
    decision.save()
    message.tell_customer(
        MessageKind.APPLICATION_DECIDED,
        key=f"application_decided:{decision.pk}",
        customer=application.customer,
        application=application,
        roles=WRITERS,
        now=now,
        due_at=decision.letter_due_at,
        context={"decision": decision.pk},
    )
