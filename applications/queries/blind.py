"""Floor 3: the blind second review: which case of the sample a person may judge, and what they see of it.

They see what was submitted and the policy, and nothing that anybody found, wrote or decided.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from applications.exceptions import NotFound
from applications.models import Application, AuditEvent, BlindReview, User
from applications.permissions import Can, require, stands_near
from applications.queries import case
from applications.queries.casefile import ItemView, item_view
from applications.queries.judging import SectionView, flag_view, sections_of
from applications.queries.policy import edition_in_force, edition_of
from applications.rules.identifiers import read_reference

KEPT = timedelta(days=7)
"""So long a case that somebody took waits for them before another gets it."""
TRIES = 10


@dataclass(frozen=True, slots=True)
class Sheet:
    """One case as the second person sees it."""

    review: BlindReview
    application: Application
    sections: list[SectionView]
    items: list[ItemView]


def _open(by: User) -> QuerySet[BlindReview]:
    return BlindReview.objects.filter(judged_at=None, decision__taken_back_at=None).select_related(
        "decision__application__customer", "decision__application__edition"
    )


def held_by(user: User) -> BlindReview | None:
    """What the person took and has not judged yet."""
    return _open(user).filter(taken_by=user).order_by("taken_at").first()


def waiting_for(user: User, now: datetime) -> list[BlindReview]:
    """Cases of the sample that the person may judge, the longest waiting first.

    Never one of their own customer, and never one on which, or on whose forerunner, they ever did anything.
    Not before the letter has gone out: until then the decision may be taken back.
    """
    touched = AuditEvent.objects.filter(actor=user.key)
    return list(
        _open(user)
        .filter(Q(taken_at=None) | Q(taken_at__lte=now - KEPT), decision__letter_due_at__lte=now)
        .exclude(decision__decided_by=user)
        .exclude(decision__recommended_by=user)
        .exclude(Exists(touched.filter(application_ref=OuterRef("decision__application"))))
        .exclude(Exists(touched.filter(application_ref=OuterRef("decision__application__previous"))))
        .exclude(stands_near(user, "decision__application__customer"))
        .order_by("drawn_at", "pk")[:TRIES]
    )


def sheet(user: User, reference: str, *, language: str | None) -> Sheet:
    """The case that the person has taken; to everybody else it is not there. Raises NotAllowed, NotFound, NoEdition."""
    require(user, Can.REVIEW)
    review = (
        _open(user).filter(taken_by=user, decision__application__reference=read_reference(reference)).first()
    )
    if review is None or (row := review.decision.application.edition) is None:
        raise NotFound
    application = review.decision.application
    asked_by, edition = edition_of(row), edition_in_force()
    submissions = list(application.submissions.order_by("-number")[:1])
    number = submissions[0].number if submissions else 0
    flags = [
        flag_view(flag, asked_by, language)
        for flag in application.flags.filter(submission_number=number).order_by("id")
    ]
    at = review.decision.decided_at or review.drawn_at
    items = [
        item_view(item, edition, at, language)
        for item in case.items_of(application)
        if str(item.pk) in review.decision.outcomes
    ]
    return Sheet(review, application, sections_of(asked_by, submissions, flags, {}, language), items)
