"""Editions come in and take effect: at once for the first, by two operators for any other (promises P7, P8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from applications.actions.policy import activate_policy, load_edition, propose_activation
from applications.enums import Basis, ChangeKind, Source
from applications.exceptions import NotAllowed, NotPossibleNow, SomebodyWasFaster
from applications.models import AccessGrant, AuditEvent, Change, Customer, PolicyEdition, User
from applications.queries.policy import edition_in_force, edition_of
from applications.queries.policy_preview import preview_edition
from applications.rules.policy import PolicyError, read_edition
from tests import factories
from tests.factories import BEFORE_THE_CUT, NOW, edition_text

pytestmark = pytest.mark.django_db
END = datetime(2023, 7, 1, tzinfo=UTC)
CUT = datetime(2022, 6, 21, tzinfo=UTC)
VOICE = """
[services.voice]
name = "Voice API"

[capabilities."voice.speaker-identification"]
service = "voice"
name = "Speaker identification"
gate = "voices"

[use_cases.V1]
name = "Desk"
text = "Recognise a caller who wants it."
capabilities = ["voice.speaker-identification"]
sectors = ["commercial"]
paragraph = "permitted.listed"

[gates.voices]
name = "Voices"
announced_on = 2023-05-01
cut_on = 2023-05-10
last_day = 2024-05-09
reminder_days = [30]

[services.video-indexer]"""


def variant(code: str, *changes: tuple[str, str]) -> str:
    """The edition of 21 June 2022 under another code, with changes."""
    text = edition_text()
    for old, new in (('code = "2022-06-21"', f'code = "{code}"'), *changes):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def later(code: str = "later", day: str = "2023-09-30") -> str:
    return variant(code, ("last_day = 2023-06-30", f"last_day = {day}"))


@pytest.fixture
def second_operator(db: None) -> User:
    return factories.person("olga@vendor.example", "Olga Petrova", staff_role="operator")


@pytest.fixture
def loaded(edition_row: PolicyEdition) -> PolicyEdition:
    """A later edition, loaded and not in force."""
    return load_edition(later(), source="later.toml", by=None, now=NOW).row


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


# --- loading ---


def test_the_first_edition_takes_effect_at_once() -> None:
    loaded = load_edition(edition_text(), source="e.toml", by=None, now=NOW)
    assert (loaded.fresh, loaded.row.in_force, loaded.row.activated_at) == (True, True, NOW)
    assert edition_in_force().code == "2022-06-21"
    assert actions() == ["policy.loaded", "policy.activated"]
    assert set(AuditEvent.objects.values_list("source", flat=True)) == {Source.COMMAND}
    assert Change.objects.get().kind == ChangeKind.POLICY


def test_the_same_text_again_changes_nothing(edition_row: PolicyEdition) -> None:
    loaded = load_edition(edition_text(), source="e.toml", by=None, now=NOW)
    assert (loaded.fresh, loaded.row, actions()) == (False, edition_row, [])


def test_a_later_edition_waits(edition_row: PolicyEdition, operator: User) -> None:
    loaded = load_edition(later(), source="later.toml", by=operator, now=NOW)
    assert (loaded.row.in_force, loaded.row.activated_at, loaded.row.loaded_by) == (False, None, operator)
    assert edition_in_force().code == "2022-06-21"
    assert actions() == ["policy.loaded"]
    assert not Change.objects.exists()


def test_an_edition_never_changes(edition_row: PolicyEdition) -> None:
    with pytest.raises(NotPossibleNow, match="never changes"):
        load_edition(edition_text() + "\n# another text\n", source="e.toml", by=None, now=NOW)
    assert PolicyEdition.objects.count() == 1


def test_what_is_no_edition_leaves_nothing(db: None) -> None:
    with pytest.raises(PolicyError):
        load_edition("code = 1", source="e.toml", by=None, now=NOW)
    assert not PolicyEdition.objects.exists()


# --- two people ---


def test_two_operators_activate(loaded: PolicyEdition, operator: User, second_operator: User) -> None:
    propose_activation(loaded, by=operator, now=NOW)
    activate_policy(loaded, by=operator, second=second_operator, now=NOW)
    loaded.refresh_from_db()
    assert (loaded.in_force, loaded.proposed_by, loaded.activated_by) == (True, operator, second_operator)
    assert PolicyEdition.objects.get(in_force=True) == loaded
    assert edition_in_force().code == "later"
    assert actions() == ["policy.loaded", "policy.activation_proposed", "policy.activated"]
    assert [change.kind for change in Change.objects.all()] == [ChangeKind.POLICY]


def test_one_person_is_not_two(loaded: PolicyEdition, operator: User) -> None:
    propose_activation(loaded, by=operator, now=NOW)
    with pytest.raises(NotPossibleNow, match="Another operator"):
        activate_policy(loaded, by=operator, second=operator, now=NOW)
    assert edition_in_force().code == "2022-06-21"


def test_without_a_proposal_nothing_takes_effect(
    loaded: PolicyEdition, operator: User, second_operator: User
) -> None:
    with pytest.raises(NotPossibleNow, match="propose it first"):
        activate_policy(loaded, by=operator, second=second_operator, now=NOW)
    propose_activation(loaded, by=second_operator, now=NOW)
    with pytest.raises(NotPossibleNow, match="propose it first"):
        activate_policy(loaded, by=operator, second=second_operator, now=NOW)
    assert edition_in_force().code == "2022-06-21"


def test_who_activates_second_is_told(loaded: PolicyEdition, operator: User, second_operator: User) -> None:
    propose_activation(loaded, by=operator, now=NOW)
    activate_policy(loaded, by=operator, second=second_operator, now=NOW)
    with pytest.raises(SomebodyWasFaster) as told:
        activate_policy(loaded, by=operator, second=second_operator, now=NOW + timedelta(seconds=1))
    assert (told.value.who, told.value.when) == ("Olga Petrova", NOW)
    assert edition_in_force().code == "later"


def test_only_operators(loaded: PolicyEdition, operator: User, lead: User, auditor: User) -> None:
    for person in (lead, auditor):
        with pytest.raises(NotAllowed):
            propose_activation(loaded, by=person, now=NOW)
    propose_activation(loaded, by=operator, now=NOW)
    for first, second in ((operator, lead), (lead, operator)):
        with pytest.raises(NotAllowed):
            activate_policy(loaded, by=first, second=second, now=NOW)
    assert edition_in_force().code == "2022-06-21"


def test_what_was_in_force_cannot_be_proposed_again(edition_row: PolicyEdition, operator: User) -> None:
    with pytest.raises(NotPossibleNow, match="activated before"):
        propose_activation(edition_row, by=operator, now=NOW)


# --- what moves ---


def activate(text: str, operator: User, second: User, now: datetime = NOW) -> None:
    row = load_edition(text, source="x.toml", by=None, now=now).row
    propose_activation(row, by=operator, now=now)
    activate_policy(row, by=operator, second=second, now=now)


def test_open_grace_moves_and_nothing_else(
    edition_row: PolicyEdition, nordlys: Customer, operator: User, second_operator: User
) -> None:
    first, second = (factories.subscription(nordlys) for _ in range(2))
    moves = factories.grace(first, "face.identification")
    attribute = factories.grace(first, "face.smile")
    closed = factories.grace(first, "face.liveness", closed_at=NOW)
    revoked = factories.grace(first, "face.face-id", revoked_at=NOW, revoked_by=operator)
    approval = factories.right(second, "face.identification", ends_at=END)
    preview = preview_edition(edition_in_force(), read_edition(later()), now=NOW)
    activate(later(), operator, second_operator)
    ends = dict(AccessGrant.objects.values_list("pk", "ends_at"))
    assert {pk for pk, end in ends.items() if end == datetime(2023, 10, 1, tzinfo=UTC)} == {
        moves.pk,
        attribute.pk,
    }
    assert {ends[right.pk] for right in (closed, revoked, approval)} == {END}
    assert actions().count("right.moved") == 2
    assert sorted(Change.objects.filter(kind=ChangeKind.MOVED).values_list("service", "capability")) == [
        ("face", "face.identification"),
        ("face", "face.smile"),
    ]
    assert {
        (one.capability, one.later, one.earlier) for one in preview.touched if one.later or one.earlier
    } == {
        ("face.identification", 1, 0),
        ("face.smile", 1, 0),
    }
    assert preview.customers == 1


@pytest.mark.parametrize(
    ("now", "day", "end"),
    [
        # Ninety days of notice from the activation, when there is more time than that.
        (datetime(2023, 2, 1, tzinfo=UTC), "2023-03-31", datetime(2023, 5, 2, tzinfo=UTC)),
        (datetime(2023, 2, 1, tzinfo=UTC), "2023-05-31", datetime(2023, 6, 1, tzinfo=UTC)),
        # Less than ninety days are left: the end stays.
        (datetime(2023, 5, 1, tzinfo=UTC), "2023-05-31", END),
    ],
)
def test_an_earlier_end_leaves_time_to_warn(
    edition_row: PolicyEdition,
    nordlys: Customer,
    operator: User,
    second_operator: User,
    now: datetime,
    day: str,
    end: datetime,
) -> None:
    right = factories.grace(factories.subscription(nordlys), "face.identification")
    activate(later("earlier", day), operator, second_operator, now)
    right.refresh_from_db()
    assert right.ends_at == end


def test_ended_grace_is_not_revived(
    edition_row: PolicyEdition, nordlys: Customer, operator: User, second_operator: User
) -> None:
    known = factories.subscription(nordlys, used={"face": BEFORE_THE_CUT})
    ended = [factories.grace(known, c) for c in ("face.identification", "face.smile")]
    activate(later(), operator, second_operator, now=END)
    assert all(AccessGrant.objects.get(pk=right.pk).ends_at == END for right in ended)


def test_a_new_gate_gives_grace_to_existing_customers(
    edition_row: PolicyEdition,
    nordlys: Customer,
    other_customer: Customer,
    operator: User,
    second_operator: User,
) -> None:
    text = variant("voices", ("\n[services.video-indexer]", VOICE))
    existing = factories.subscription(nordlys, used={"voice": date(2023, 5, 9)})
    factories.subscription(other_customer, used={"voice": date(2023, 5, 10)})
    preview = preview_edition(edition_in_force(), read_edition(text), now=NOW)
    activate(text, operator, second_operator)
    right = AccessGrant.objects.get(basis=Basis.GRACE)
    assert (right.subscription, right.capability) == (existing, "voice.speaker-identification")
    assert (right.starts_at, right.ends_at) == (
        datetime(2023, 5, 10, tzinfo=UTC), datetime(2024, 5, 10, tzinfo=UTC),
    )  # fmt: skip
    assert actions().count("right.grace") == 1
    (touched,) = preview.touched
    assert (touched.capability, touched.granted, touched.new_now) == (
        "voice.speaker-identification", 1, ("–", "gated"),
    )  # fmt: skip
    assert preview.whose == {nordlys.pk}


def test_activating_twice_over_moves_each_right_once(
    edition_row: PolicyEdition, nordlys: Customer, operator: User, second_operator: User
) -> None:
    right = factories.grace(factories.subscription(nordlys), "face.identification")
    activate(later("one", "2023-08-31"), operator, second_operator)
    activate(later("two", "2023-09-30"), operator, second_operator)
    right.refresh_from_db()
    assert right.ends_at == datetime(2023, 10, 1, tzinfo=UTC)
    assert actions().count("right.moved") == 2


@pytest.mark.parametrize("rights", [1, 20])
def test_moving_takes_as_many_statements_for_many_as_for_one(
    edition_row: PolicyEdition,
    nordlys: Customer,
    operator: User,
    second_operator: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    rights: int,
) -> None:
    for _ in range(rights):
        factories.grace(factories.subscription(nordlys), "face.identification")
    row = load_edition(later(), source="x.toml", by=None, now=NOW).row
    propose_activation(row, by=operator, now=NOW)
    edition_of(row)
    with django_assert_num_queries(30):
        activate_policy(row, by=operator, second=second_operator, now=NOW)


# --- preview ---


def test_preview_of_the_same_edition_is_empty(edition_row: PolicyEdition, nordlys: Customer) -> None:
    factories.grace(factories.subscription(nordlys), "face.identification")
    edition = edition_in_force()
    preview = preview_edition(edition, edition, now=NOW)
    assert (preview.differences, preview.touched, preview.customers) == ((), (), 0)


def test_preview_counts_open_items_of_what_opens(edition_row: PolicyEdition, nordlys: Customer) -> None:
    known = factories.subscription(nordlys)
    asked = factories.submitted(nordlys, edition_row)
    asked.items.create(
        customer=nordlys, subscription=known, capability="face.liveness", use_case="FC1", asked_at=NOW
    )
    opened = variant(
        "opened", ('api_feature = "Liveness"', 'api_feature = "Liveness"\nopened_on = 2023-05-01')
    )
    preview = preview_edition(edition_in_force(), read_edition(opened), now=NOW)
    (touched,) = preview.touched
    assert (touched.capability, touched.open_items, touched.new_now) == (
        "face.liveness",
        1,
        ("gated", "open"),
    )
    assert preview.whose == {nordlys.pk}


def test_preview_names_what_goes(edition_row: PolicyEdition) -> None:
    text = variant("gone", ('[capabilities."face.noise"]', '[capabilities."face.noise-level"]'))
    touched = preview_edition(edition_in_force(), read_edition(text), now=NOW).touched
    assert [(one.capability, one.new_now) for one in touched] == [
        ("face.noise", ("open", "–")),
        ("face.noise-level", ("–", "open")),
    ]
