"""The access rule over its matrix (promise P1; design §6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from applications.enums import AccessReason, Basis, Outcome
from applications.rules.access import UNKNOWN, Ask, Facts, Right, Trace, allows, decide, since_of
from applications.rules.policy import Capability, Edition

CUT = datetime(2022, 6, 21, tzinfo=UTC)
END = datetime(2023, 7, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MAY = datetime(2023, 5, 15, 14, 40, tzinfo=UTC)
GRACE = Right(Basis.GRACE, CUT, END, id=1)


@pytest.fixture
def identification(edition: Edition) -> Capability:
    return edition.capabilities["face.identification"]


def existing(*rights: Right, asks: tuple[Ask, ...] = (), **more: object) -> Facts:
    return Facts(known=True, existing=True, rights=rights, asks=asks, **more)


@pytest.mark.parametrize(
    ("at", "allowed", "reason"),
    [
        (CUT - TICK, True, AccessReason.OPEN),
        (CUT, True, AccessReason.GRACE),
        (END - TICK, True, AccessReason.GRACE),
        (END, False, AccessReason.GRACE_ENDED),
        (END + TICK, False, AccessReason.GRACE_ENDED),
    ],
)
def test_grace_holds_to_the_microsecond(
    identification: Capability, at: datetime, allowed: bool, reason: AccessReason
) -> None:
    verdict = decide(existing(GRACE), identification, at)
    assert (verdict.allowed, verdict.reason, verdict.evaluated_at) == (allowed, reason, at)


def test_capability_nobody_knows() -> None:
    verdict = decide(existing(GRACE), None, MAY)
    assert (verdict.allowed, verdict.reason) == (False, AccessReason.UNKNOWN_CAPABILITY)


def test_open_capability_is_open_to_a_subscription_nobody_knows(edition: Edition) -> None:
    verdict = decide(UNKNOWN, edition.capabilities["face.detection"], MAY)
    assert (verdict.allowed, verdict.reason, verdict.ends_at, verdict.valid_for_s) == (
        True,
        AccessReason.OPEN,
        None,
        60,
    )


def test_open_capability_that_retires_for_all_says_when(edition: Edition) -> None:
    capability = edition.capabilities["computer-vision.spatial-analysis"]
    retires_at = datetime(2025, 3, 31, tzinfo=UTC)
    before = decide(UNKNOWN, capability, retires_at - timedelta(seconds=7))
    assert (before.reason, before.ends_at, before.valid_for_s) == (AccessReason.OPEN, retires_at, 7)
    assert decide(existing(), capability, retires_at).reason is AccessReason.RETIRED


def test_retired_beats_every_right(edition: Edition) -> None:
    emotion = edition.capabilities["face.emotion"]
    approval = Right(Basis.APPROVAL, CUT, END + timedelta(days=900))
    assert decide(existing(approval), emotion, END).reason is AccessReason.RETIRED
    assert decide(existing(approval), emotion, END - TICK).reason is AccessReason.APPROVED
    assert decide(Facts(known=True, rights=(approval,)), emotion, CUT).reason is AccessReason.RETIRED


def test_attribute_of_an_existing_customer_ends_with_its_retirement(edition: Edition) -> None:
    verdict = decide(existing(GRACE), edition.capabilities["face.emotion"], MAY)
    assert (verdict.reason, verdict.ends_at) == (AccessReason.GRACE, END)


def test_subscription_nobody_knows_is_denied_what_is_gated(identification: Capability) -> None:
    assert decide(UNKNOWN, identification, MAY).reason is AccessReason.UNKNOWN_SUBSCRIPTION


def test_suspension_is_half_open_and_beats_rights(identification: Capability) -> None:
    span = (MAY, MAY + timedelta(seconds=5))
    facts = existing(GRACE, suspensions=(span,))
    assert decide(facts, identification, MAY - TICK).ends_at == MAY
    suspended = decide(facts, identification, MAY)
    assert (suspended.reason, suspended.valid_for_s) == (AccessReason.SUSPENDED, 5)
    assert decide(facts, identification, span[1]).reason is AccessReason.GRACE
    for_ever = existing(GRACE, suspensions=((MAY, None),))
    assert decide(for_ever, identification, MAY + timedelta(days=10)).reason is AccessReason.SUSPENDED


def test_every_set_of_rights_answers_by_the_order_of_the_rule(identification: Capability) -> None:
    """Grace, extension and approval, each absent, over, current or yet to come: 64 cases."""
    spans = {
        "over": (MAY - timedelta(days=9), MAY),
        "current": (MAY, MAY + timedelta(days=9)),
        "later": (MAY + TICK, MAY + timedelta(days=9)),
    }
    order = [(Basis.APPROVAL, "approved"), (Basis.EXTENSION, "extension"), (Basis.GRACE, "grace")]
    for case in product([None, *spans], repeat=3):
        rights = [
            Right(basis, *spans[when])
            for (basis, _word), when in zip(order, case, strict=True)
            if when is not None
        ]
        verdict = decide(existing(*rights), identification, MAY)
        current = [word for (_b, word), when in zip(order, case, strict=True) if when == "current"]
        if current:
            assert (verdict.allowed, verdict.reason.value) == (True, current[0])
            continue
        over = [word for (_b, word), when in zip(order, case, strict=True) if when == "over"]
        expected = "not_applied" if not over else "grace_ended" if over == ["grace"] else "expired"
        assert (verdict.allowed, verdict.reason.value) == (False, expected)
        assert verdict.valid_for_s == (0 if "later" in case else 10)


@pytest.mark.parametrize("offset", [-TICK, timedelta(0), TICK])
def test_overlapping_rights_end_when_the_last_of_them_ends(
    identification: Capability, offset: timedelta
) -> None:
    approval_ends = END + timedelta(days=700)
    approval = Right(Basis.APPROVAL, END + offset, approval_ends)
    verdict = decide(existing(GRACE, approval), identification, MAY)
    assert verdict.ends_at == (END if offset > timedelta(0) else approval_ends)


@pytest.mark.parametrize(("left", "valid"), [(0.5, 0), (1.0, 1), (59.9, 59), (60.0, 60), (61.0, 60)])
def test_allow_is_never_valid_beyond_the_end(identification: Capability, left: float, valid: int) -> None:
    verdict = decide(existing(GRACE), identification, END - timedelta(seconds=left))
    assert verdict.valid_for_s == valid


def test_revoked_right_ends_at_once_and_says_so(identification: Capability) -> None:
    taken = Right(Basis.APPROVAL, CUT, END, revoked_at=MAY, id=2)
    assert decide(existing(taken), identification, MAY - TICK).ends_at == MAY
    assert decide(existing(taken), identification, MAY).reason is AccessReason.REVOKED


def test_later_right_that_ran_out_hides_an_older_revocation(identification: Capability) -> None:
    taken = Right(Basis.APPROVAL, CUT, END, revoked_at=CUT + timedelta(days=1), id=2)
    again = Right(Basis.APPROVAL, CUT + timedelta(days=2), MAY, id=3)
    assert decide(existing(taken, again), identification, MAY).reason is AccessReason.EXPIRED


def ask(outcome: str = "", *, days: int = 1, closed: bool = True) -> Ask:
    at = END + timedelta(days=days)
    return Ask(at, at + timedelta(hours=1) if closed else None, outcome)


@pytest.mark.parametrize(
    ("asks", "reason"),
    [
        ((ask(closed=False),), AccessReason.PENDING),
        ((ask(Outcome.DENIED),), AccessReason.DENIED),
        ((ask(Outcome.DENIED), ask(closed=False, days=2)), AccessReason.PENDING),
        ((ask(Outcome.DENIED), ask(Outcome.ANSWERED, days=2)), AccessReason.GRACE_ENDED),
        ((ask(Outcome.ANSWERED), ask(Outcome.DENIED, days=2)), AccessReason.DENIED),
        ((ask(Outcome.DENIED), ask(Outcome.ANSWERED)), AccessReason.GRACE_ENDED),
        ((ask(Outcome.ANSWERED), ask(Outcome.DENIED)), AccessReason.GRACE_ENDED),
        ((ask(),), AccessReason.GRACE_ENDED),  # withdrawn: closed without an outcome
        ((ask(closed=False, days=30),), AccessReason.GRACE_ENDED),  # asked later than the question
    ],
)
def test_deny_says_how_the_application_stands(
    identification: Capability, asks: tuple[Ask, ...], reason: AccessReason
) -> None:
    assert decide(existing(GRACE, asks=asks), identification, END + timedelta(days=9)).reason is reason


def test_pending_application_protects_nobody_at_the_deadline(identification: Capability) -> None:
    pending = Ask(END - timedelta(days=30))
    facts = existing(GRACE, asks=(pending,))
    assert decide(facts, identification, END - TICK).reason is AccessReason.GRACE
    assert decide(facts, identification, END).reason is AccessReason.PENDING


def test_denial_in_the_grace_year_does_not_shorten_it(identification: Capability) -> None:
    denied = Ask(MAY - timedelta(days=9), MAY - timedelta(days=1), Outcome.DENIED)
    verdict = decide(existing(GRACE, asks=(denied,)), identification, MAY)
    assert (verdict.reason, verdict.ends_at) == (AccessReason.GRACE, END)


def test_every_instant_between_turns_gives_what_ends_at_promised(identification: Capability) -> None:
    """From any turning point the answer is allow until `ends_at` and deny at it."""
    rights = (
        GRACE,
        Right(Basis.EXTENSION, END, END + timedelta(days=30)),
        Right(Basis.APPROVAL, END + timedelta(days=20), END + timedelta(days=90)),
    )
    span = (END + timedelta(days=5), END + timedelta(days=6))
    facts = existing(*rights, suspensions=(span,))
    at = CUT
    for expected in (span[0], END + timedelta(days=90)):
        verdict = decide(facts, identification, at)
        assert verdict.ends_at == expected
        assert decide(facts, identification, expected - TICK).allowed
        assert not decide(facts, identification, expected).allowed
        at = span[1]


def test_trace_names_each_step_once_in_order(identification: Capability) -> None:
    trace = Trace()
    decide(existing(), identification, END, trace)
    assert [step for step, _matched, _detail in trace.steps] == [
        "unknown_capability",
        "open",
        "retired",
        "unknown_subscription",
        "suspended",
        "approval",
        "extension",
        "grace",
        "revoked",
        "pending",
        "denied",
        "expired",
        "grace_ended",
        "not_applied",
    ]
    assert [matched for _s, matched, _d in trace.steps].count(True) == 1


def test_short_form_allows_exactly_when_the_rule_does(edition: Edition) -> None:
    """`allows` is the rule without its reasons: the same over spans of every kind, capability and class."""
    days = [timedelta(days=number) for number in (-400, -1, 0, 1, 400)]
    spans = [(MAY + start, MAY + end) for start, end in product(days, repeat=2) if start < end]
    capabilities = [
        edition.capabilities[code] for code in ("face.detection", "face.emotion", "face.identification")
    ]
    capabilities += [edition.capabilities["computer-vision.spatial-analysis"], None]
    for span, basis, capability, known, existing_ in product(
        spans, Basis, capabilities, (True, False), (True, False)
    ):
        facts = Facts(
            known, existing_, (Right(basis, *span),), (), (spans[0],) if basis == Basis.GRACE else ()
        )
        for at in (CUT - TICK, CUT, MAY, MAY + days[3], END, datetime(2026, 1, 1, tzinfo=UTC)):
            assert allows(facts, capability, at) is decide(facts, capability, at).allowed


@pytest.mark.parametrize(
    ("facts", "at", "since"),
    [
        (existing(GRACE), MAY, CUT),
        (existing(GRACE), END, END),
        (existing(Right(Basis.APPROVAL, MAY, END, id=2)), MAY, MAY),
        (existing(GRACE, Right(Basis.APPROVAL, CUT, MAY, id=2)), END, MAY),
        (existing(Right(Basis.APPROVAL, CUT, END, MAY, id=2)), END, MAY),
        (existing(GRACE, suspensions=((CUT, MAY), (MAY, None))), END, MAY),
        (existing(GRACE, asks=(Ask(MAY),)), END, MAY),
        (existing(GRACE, asks=(Ask(CUT, MAY, Outcome.DENIED),)), END, MAY),
        (existing(), END, None),
        (UNKNOWN, END, None),
    ],
)
def test_each_answer_knows_since_when(
    identification: Capability, facts: Facts, at: datetime, since: datetime | None
) -> None:
    assert since_of(facts, decide(facts, identification, at)) == since
