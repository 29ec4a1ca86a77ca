"""Floor 4: the blind second review: some decided cases are judged once more by somebody who sees no verdict.

It measures how alike reviewers judge; it changes no state, right or letter.
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from applications.actions import audit
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.models import BlindReview, Decision, User
from applications.permissions import Can, require
from applications.queries import blind
from applications.queries.blind import Sheet

PARTS = 10_000


def is_in_sample(reference: str, percent: int) -> bool:
    """Whether a reference falls into the sample. Always the same answer, and nobody without the key can foresee it."""
    drawn = salted_hmac("applications.blind_review", reference, algorithm="sha256").hexdigest()
    return int(drawn[:16], 16) % PARTS < percent * PARTS // 100


def draw(decision: Decision, *, now: datetime) -> None:
    """Put a decision into the sample, when its case falls into it."""
    if is_in_sample(decision.application.reference, settings.BLIND_REVIEW_PERCENT):
        BlindReview.objects.create(decision=decision, drawn_at=now)


def take(*, by: User, now: datetime) -> BlindReview | None:
    """Give a reviewer the case of the sample that waits longest and that they have never touched; None: there is none.

    One that they have taken and not judged comes first. Effects: the case is theirs for a while, an audit row. Safe for
    many at once: each try is a conditional UPDATE. Raises NotAllowed.
    """
    require(by, Can.REVIEW)
    standing = blind.held_by(by)
    if standing is not None:
        return standing
    for review in blind.waiting_for(by, now):
        with transaction.atomic():
            mine = BlindReview.objects.filter(pk=review.pk, judged_at=None, taken_at=review.taken_at)
            if mine.update(taken_at=now, taken_by=by):
                review.taken_at, review.taken_by = now, by
                _record("blind.taken", review, by, now)
                return review
    return None


@transaction.atomic
def judge(sheet: Sheet, *, outcomes: Mapping[int, str], by: User, now: datetime) -> BlindReview:
    """Record what the second person would have decided, item by item. Nothing else follows from it.

    Effects: the outcomes, an audit row that names none. Raises NotAllowed, InvalidInput (`item-<id>`),
    NotPossibleNow (it was judged meanwhile, or given to somebody else).
    """
    require(by, Can.REVIEW)
    wrong = {
        f"item-{item.row.pk}": _("No outcome yet. Choose one of those offered.")
        for item in sheet.items
        if outcomes.get(item.row.pk) not in item.possible
    }
    if wrong:
        raise InvalidInput(wrong)
    review = sheet.review
    said = {str(item.row.pk): outcomes[item.row.pk] for item in sheet.items}
    mine = BlindReview.objects.filter(pk=review.pk, judged_at=None, taken_by=by)
    if not mine.update(judged_at=now, outcomes=said):
        raise NotPossibleNow(_("This case was judged meanwhile, or lay too long and went to somebody else."))
    review.judged_at, review.outcomes = now, said
    _record("blind.judged", review, by, now)
    return review


def _record(action: str, review: BlindReview, by: User, now: datetime) -> None:
    application = review.decision.application
    audit.record(
        action,
        by=by,
        now=now,
        customer_id=application.customer_id,
        application_id=application.pk,
        target=review,
    )
