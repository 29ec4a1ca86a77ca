"""Extend, revoke, reinstate, move, suspend: two people each, and the rule answers at once (design §5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from applications.actions import rights, suspension
from applications.enums import AccessReason, Basis, ExtensionReason, MessageKind, RightsAct
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow, PortalError, SomebodyWasFaster
from applications.models import (
    AccessGrant,
    AuditEvent,
    Change,
    Customer,
    OutboundMessage,
    Proposal,
    Subscription,
    User,
)
from applications.queries.decision import decide_one
from applications.rules.policy import Edition
from tests import factories

END = datetime(2023, 7, 1, tzinfo=UTC)
NOW = factories.NOW
pytestmark = pytest.mark.usefixtures("edition_row")


@pytest.fixture
def entrance(nordlys: Customer, owner: User) -> Subscription:
    made = factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT})
    for code in ("face.identification", "face.verification", "face.emotion"):
        factories.grace(made, code)
    return made


def why(subscription: Subscription, at: datetime, capability: str = "face.identification") -> AccessReason:
    return decide_one(subscription.guid, capability, at).verdict.reason


def extension(of: Subscription, edition: Edition, by: User, **more: Any) -> Proposal:
    return rights.propose_extension(
        of,
        **{
            "deadline_at": END,
            "until": date(2023, 8, 31),
            "why": ExtensionReason.CUSTOMER,
            "reason": "Their audit ends in August.",
            "edition": edition,
            "by": by,
            "now": NOW,
            **more,
        },
    )


def test_extension_takes_two_people_and_never_covers_what_retires(
    entrance: Subscription, edition: Edition, operator: User, lead: User
) -> None:
    proposal = extension(entrance, edition, operator)
    assert why(entrance, END) is AccessReason.GRACE_ENDED
    with pytest.raises(NotAllowed, match="second person"):
        rights.answer(proposal, agree=True, edition=edition, by=operator, now=NOW)
    rights.answer(proposal, agree=True, edition=edition, by=lead, now=NOW)
    assert proposal.touched == 2
    assert why(entrance, END) is AccessReason.EXTENSION
    assert why(entrance, datetime(2023, 9, 1, tzinfo=UTC)) is AccessReason.EXPIRED
    assert why(entrance, END, "face.emotion") is AccessReason.RETIRED
    message = OutboundMessage.objects.get(kind=MessageKind.ACCESS_CHANGED)
    assert message.user is not None
    assert message.user.email == "henrik@nordlys.example"


def test_refused_proposal_changes_nothing(
    entrance: Subscription, edition: Edition, operator: User, lead: User
) -> None:
    proposal = extension(entrance, edition, operator)
    rights.answer(proposal, agree=False, edition=edition, by=lead, now=NOW)
    assert not AccessGrant.objects.filter(basis=Basis.EXTENSION).exists()
    assert not OutboundMessage.objects.exists()
    with pytest.raises(SomebodyWasFaster):
        rights.answer(proposal, agree=True, edition=edition, by=lead, now=NOW)


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"until": date(2023, 6, 30)}, InvalidInput, "until"),
        ({"until": date(2025, 1, 1)}, InvalidInput, "until"),
        ({"until": date(2023, 9, 15), "why": ExtensionReason.APPEAL}, InvalidInput, "until"),
        ({"reason": " \u202e "}, InvalidInput, "reason"),
        ({"reason": "x" * 2001}, InvalidInput, "reason"),
        ({"deadline_at": END + timedelta(days=1)}, NotPossibleNow, ""),
    ],
)
def test_extension_that_cannot_be(
    entrance: Subscription,
    edition: Edition,
    operator: User,
    change: dict[str, Any],
    error: type[PortalError],
    field: str,
) -> None:
    with pytest.raises(error) as raised:
        extension(entrance, edition, operator, **change)
    assert set(getattr(raised.value, "errors", {})) == ({field} if field else set())


def test_same_proposal_waits_only_once(entrance: Subscription, edition: Edition, operator: User) -> None:
    extension(entrance, edition, operator)
    with pytest.raises(NotPossibleNow, match="already"):
        extension(entrance, edition, operator)


def test_cohort_is_frozen_when_it_is_proposed(
    entrance: Subscription,
    other_customer: Customer,
    stranger: User,
    edition: Edition,
    operator: User,
    lead: User,
) -> None:
    listed = AccessGrant.objects.values_list("pk", flat=True)
    proposal = rights.propose_cohort(
        list(listed),
        deadline_at=END,
        until=date(2023, 7, 31),
        reason="Floods.",
        edition=edition,
        by=operator,
        now=NOW,
    )
    late = factories.subscription(other_customer, used={"face": factories.BEFORE_THE_CUT})
    factories.grace(late, "face.identification")
    rights.answer(proposal, agree=True, edition=edition, by=lead, now=NOW)
    assert why(entrance, END) is AccessReason.EXTENSION
    assert why(late, END) is AccessReason.GRACE_ENDED


def test_revocation_ends_every_right_at_once_and_grace_never_comes_back(
    entrance: Subscription, edition: Edition, reviewer: User, lead: User
) -> None:
    factories.right(entrance, "face.identification")
    proposal = rights.propose_revocation(
        entrance, "face.identification", reason="Sold to a police force.", by=reviewer, now=NOW
    )
    rights.answer(proposal, agree=True, edition=edition, by=lead, now=NOW)
    assert proposal.touched == 2
    assert why(entrance, NOW - timedelta(microseconds=1)) is AccessReason.APPROVED
    assert why(entrance, NOW) is AccessReason.REVOKED
    assert why(entrance, NOW, "face.verification") is AccessReason.GRACE
    assert Change.objects.filter(kind="revoked").count() == 2
    back = rights.propose_reinstatement(
        entrance,
        "face.identification",
        until=date(2023, 12, 31),
        reason="It was a mistake.",
        edition=edition,
        by=lead,
        now=NOW,
    )
    rights.answer(back, agree=True, edition=edition, by=reviewer, now=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=1)
    assert why(entrance, later - timedelta(microseconds=1)) is AccessReason.REVOKED
    assert why(entrance, later) is AccessReason.EXTENSION
    assert not AccessGrant.objects.filter(
        basis=Basis.GRACE, capability="face.identification", revoked_at__isnull=True
    ).exists()


def test_emergency_is_one_leads_and_waits_for_a_second(
    entrance: Subscription, edition: Edition, reviewer: User, lead: User
) -> None:
    with pytest.raises(NotAllowed):
        rights.revoke_now(
            entrance, "face.identification", reason="Now.", edition=edition, by=reviewer, now=NOW
        )
    proposal = rights.revoke_now(
        entrance, "face.identification", reason="Now.", edition=edition, by=lead, now=NOW
    )
    assert why(entrance, NOW) is AccessReason.REVOKED
    assert (proposal.answered_at, proposal.done_at) == (None, NOW)
    rights.answer(proposal, agree=True, edition=edition, by=reviewer, now=NOW + timedelta(hours=2))
    assert proposal.touched == 1
    assert OutboundMessage.objects.count() == 1


def test_an_emergency_is_never_held_up_by_what_waits(
    entrance: Subscription, edition: Edition, lead: User, operator: User
) -> None:
    """Neither by an earlier one that nobody answered, nor by an ordinary proposal, whoever made it."""
    levi = factories.person("levi@vendor.example", staff_role="lead")
    code = "face.identification"
    at = {"reason": "It is misused.", "now": NOW}
    own = rights.propose_revocation(entrance, code, by=lead, **at)
    first = rights.revoke_now(entrance, code, edition=edition, by=lead, **at)
    assert (first.pk, first.done_at, why(entrance, NOW)) == (own.pk, NOW, AccessReason.REVOKED)
    factories.right(entrance, code)
    second = rights.revoke_now(entrance, code, edition=edition, by=lead, **at)
    assert (second.pk != first.pk, why(entrance, NOW)) == (True, AccessReason.REVOKED)
    factories.right(entrance, code)
    theirs = rights.propose_revocation(entrance, code, by=levi, **at)
    third = rights.revoke_now(entrance, code, edition=edition, by=lead, **at)
    assert (third.pk, third.agreed, third.answered_by) == (theirs.pk, True, lead)
    assert why(entrance, NOW) == AccessReason.REVOKED


def test_moved_subscription_keeps_its_grace_and_approvals_become_short(
    entrance: Subscription,
    other_customer: Customer,
    stranger: User,
    edition: Edition,
    operator: User,
    lead: User,
) -> None:
    factories.right(entrance, "face.liveness")
    proposal = rights.propose_move(entrance, to=other_customer, reason="Sold.", by=operator, now=NOW)
    rights.answer(proposal, agree=True, edition=edition, by=lead, now=NOW)
    entrance.refresh_from_db()
    assert entrance.customer == other_customer
    assert why(entrance, NOW) is AccessReason.GRACE
    assert why(entrance, NOW, "face.liveness") is AccessReason.EXTENSION
    after = NOW + timedelta(days=30)
    assert why(entrance, after - timedelta(microseconds=1), "face.liveness") is AccessReason.EXTENSION
    assert why(entrance, after, "face.liveness") is AccessReason.EXPIRED
    assert set(AccessGrant.objects.filter(basis=Basis.GRACE).values_list("customer", flat=True)) == {
        other_customer.pk
    }
    told = set(OutboundMessage.objects.values_list("address", flat=True))
    assert told == {"henrik@nordlys.example", "lucia@bancodelsur.example"}


def test_suspension_denies_until_it_is_resumed(
    entrance: Subscription, edition: Edition, lead: User, reviewer: User
) -> None:
    with pytest.raises(NotAllowed):
        suspension.suspend(entrance, reason="Abuse.", edition=edition, by=reviewer, now=NOW)
    suspension.suspend(entrance, reason="Abuse.", edition=edition, by=lead, now=NOW)
    with pytest.raises(NotPossibleNow):
        suspension.suspend(entrance, reason="Again.", edition=edition, by=lead, now=NOW)
    assert why(entrance, NOW) is AccessReason.SUSPENDED
    later = NOW + timedelta(days=1)
    suspension.resume(entrance, reason="Cured.", edition=edition, by=lead, now=later)
    assert why(entrance, later) is AccessReason.GRACE
    with pytest.raises(NotPossibleNow):
        suspension.resume(entrance, reason="Cured.", edition=edition, by=lead, now=later)
    assert {"suspended", "resumed"} <= set(Change.objects.values_list("kind", flat=True))


@pytest.mark.parametrize("act", list(RightsAct))
def test_powers(
    act: RightsAct, reviewer: User, lead: User, operator: User, auditor: User, owner: User
) -> None:
    may = {
        person.email.partition("@")[0]
        for person in (reviewer, lead, operator, auditor, owner)
        if rights.permissions.can(person, rights.POWER[act])
    }
    expected = {"rosa", "lena"} if act in (RightsAct.REVOKE, RightsAct.REINSTATE) else {"lena", "omar"}
    assert may == expected


def test_every_step_is_recorded_and_the_reason_stands_apart(
    entrance: Subscription, edition: Edition, operator: User, lead: User
) -> None:
    proposal = extension(entrance, edition, operator)
    rights.answer(proposal, agree=True, edition=edition, by=lead, now=NOW)
    steps = AuditEvent.objects.filter(action__startswith="rights.").order_by("pk")
    assert [event.action for event in steps] == [
        "rights.extend.proposed",
        "rights.extend.agreed",
        "rights.extend.done",
    ]
    assert "audit ends" not in str(list(AuditEvent.objects.values_list("data", flat=True)))


def test_database_refuses_one_person_for_both(
    entrance: Subscription, edition: Edition, operator: User
) -> None:
    proposal = extension(entrance, edition, operator)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(answered_by=operator, answered_at=NOW, agreed=True)
