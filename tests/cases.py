"""Builders for cases as reviewers meet them: what submission would have written, in rows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from applications.actions.application import save_section
from applications.actions.decision import decide
from applications.enums import FlagEffect, Kind, Risk, Settlement, State
from applications.models import (
    Application,
    AuditEvent,
    Customer,
    Flag,
    PolicyEdition,
    RequestedCapability,
    Submission,
    Subscription,
    User,
)
from applications.rules.identifiers import search_key
from applications.rules.review import ItemOutcome
from tests import factories
from tests.factories import NOW

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "organisation": {
        "applicant-name": "Henrik Aagaard",
        "work-email": "henrik@nordlys.example",
        "organisation-name": "Nordlys Airports A/S",
        "website": "https://nordlys.example",
        "country": "DK",
        "sector": "commercial",
        "account-team": "yes",
        "builds-for-others": "no",
    },
    "use-case": {
        "use-cases": ["FC2"],
        "description": "Passengers check in at 46 kiosks by comparing their face with the photo of their passport.",
    },
    "people": {
        "deployment-countries": "Denmark, Norway",
        "whose-faces": ["customers"],
        "places": ["shared-device", "public-space"],
        "real-time": "no",
        "minors": "yes",
        "retention": "The picture is deleted after 30 seconds.",
    },
}


def case(
    of: Customer,
    *,
    edition: PolicyEdition | None = None,
    reference: str = "",
    asks: Sequence[tuple[str, str]] = (("face.verification", "FC2"),),
    subscriptions: Sequence[Subscription] = (),
    state: State = State.SUBMITTED,
    holder: User | None = None,
    flags: Sequence[str] = (),
    risk: Risk = Risk.LOW,
    kind: Kind = Kind.INITIAL,
    previous: Application | None = None,
    target_at: datetime = NOW + timedelta(days=7),
    deadline_at: datetime | None = None,
    answers: Mapping[str, Any] = ANSWERS,
    by: User | None = None,
    now: datetime = NOW - timedelta(days=5),
) -> Application:
    """A submitted application: `asks` are (capability, use case) pairs, wanted on each of `subscriptions`.

    `flags` names rules of the edition; an empty use case makes it an enquiry for policy review.
    """
    number = uuid.uuid4().hex[:8].upper().translate(str.maketrans("ILOU", "1100"))
    reference = reference or f"LA-{number[:4]}-{number[4:]}"
    subscriptions = subscriptions or (factories.subscription(of, "Check-in kiosks", used={}),)
    made = Application.objects.create(
        reference=reference,
        customer=of,
        kind=kind,
        previous=previous,
        state=state,
        state_changed_at=now,
        created_at=now,
        saved_at=now,
        edition=edition or factories.edition_row_in_force(),
        submitted_at=now,
        submitted_by=by,
        assigned_to=holder,
        assigned_at=now if holder else None,
        target_at=target_at,
        deadline_at=deadline_at,
        urgent_at=min(filter(None, (target_at, deadline_at))),
        risk=risk,
        policy_review=any(not use_case for _capability, use_case in asks),
        search_text=search_key(
            " ".join([reference, of.name, of.website, *(str(s.guid) for s in subscriptions)])
        ),
    )
    Submission.objects.create(
        application=made, number=1, answers=answers, digest="0" * 64, submitted_at=now, submitted_by=by
    )
    RequestedCapability.objects.bulk_create(
        RequestedCapability(
            application=made,
            customer=of,
            subscription=subscription,
            capability=capability,
            use_case=use_case,
            asked_at=now,
        )
        for subscription in subscriptions
        for capability, use_case in asks
    )
    for rule in flags:
        flag(made, rule, now=now)
    return made


def flag(
    on: Application,
    rule: str,
    *,
    effect: FlagEffect | None = None,
    settled: Settlement = Settlement.OPEN,
    by: User | None = None,
    now: datetime = NOW,
) -> Flag:
    known = factories.read_file().screening.get(rule)
    return Flag.objects.create(
        application=on,
        submission_number=1,
        rule=rule,
        effect=effect or (known.effect if known else FlagEffect.ESCALATE),
        question="description",
        raised_at=now,
        settlement=settled,
        settled_at=now if settled else None,
        settled_by=by,
        note="Looked at" if settled else "",
    )


APPROVED = ItemOutcome("approved")
DENIED = ItemOutcome("denied", reasons=("public-space",))


def same_for_all(application: Application, outcome: ItemOutcome = APPROVED) -> dict[int, ItemOutcome]:
    """One outcome for every open item."""
    return {item.pk: outcome for item in application.items.filter(closed_at=None)}


def audit_actions(application: Application) -> list[str]:
    return list(
        AuditEvent.objects.filter(application_ref=application.pk)
        .order_by("id")
        .values_list("action", flat=True)
    )


def judged(application: Application, by: User, *outcomes: ItemOutcome, now: datetime = NOW) -> Application:
    """Decided by `by`: one outcome for every open item, or one each in their order. No flag applies."""
    held = {"state": State.IN_REVIEW, "assigned_to": by, "assigned_at": now, "risk": Risk.LOW}
    Application.objects.filter(pk=application.pk).update(**held)
    application.flags.update(settlement=Settlement.CURED, settled_at=now, settled_by=by)
    fresh = Application.objects.select_related("customer", "submitted_by").get(pk=application.pk)
    items = fresh.items.filter(closed_at=None).order_by("capability", "subscription__guid")
    said = dict(zip((item.pk for item in items), outcomes, strict=True)) if len(outcomes) > 1 else None
    decide(
        fresh, outcomes=said or same_for_all(fresh, *outcomes), edition=factories.read_file(), by=by, now=now
    )
    return fresh


def attested(draft: Application, by: User, now: datetime = NOW) -> Application:
    """The draft with its attestations, saved by an owner: whole, and ready to submit."""
    save_section(
        application=draft,
        section="attestations",
        answers={"attest-police": "yes", "attest-terms": "yes", "attest-duties": "yes"},
        version=0,
        edition=factories.read_file(),
        by=by,
        now=now,
    )
    return draft
