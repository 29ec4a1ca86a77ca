"""What an edition says: days into instants, states of capabilities, who may choose what. Over two editions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from applications.enums import CapabilityState, Sector
from applications.rules.policy import Edition, QuestionType, Text, read_edition, values_of

OPEN, GATED, RETIRED = CapabilityState.OPEN, CapabilityState.GATED, CapabilityState.RETIRED
HARBOUR_FILE = Path(__file__).parents[2] / "editions" / "harbour.toml"
TICK = timedelta(microseconds=1)
CUT = datetime(2022, 6, 21, tzinfo=UTC)
GRACE_ENDS = datetime(2023, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def harbour() -> Edition:
    return read_edition(HARBOUR_FILE.read_text(encoding="utf-8"), source=HARBOUR_FILE.name)


# --- the edition of 21 June 2022 ---


def test_the_cut_and_the_end_of_grace_are_exclusive_instants(edition: Edition) -> None:
    gate = edition.gates["facial-recognition"]
    assert (gate.cut_at, gate.grace_ends_at) == (CUT, GRACE_ENDS)
    assert edition.local_day(GRACE_ENDS - TICK) == date(2023, 6, 30)


def test_the_catalogue_is_complete(edition: Edition) -> None:
    by_state = {
        service: {
            state: {
                capability.code.partition(".")[2]
                for capability in edition.capabilities_of(service)
                if capability.state(GRACE_ENDS, existing=True) == state
            }
            for state in CapabilityState
        }
        for service in edition.services
    }
    assert by_state == {
        "face": {
            GATED: {"identification", "verification", "face-id", "find-similar", "liveness"},
            OPEN: {
                *("detection", "landmarks", "head-pose", "blur", "exposure", "noise", "occlusion"),
                *("glasses", "accessories", "mask", "quality", "redaction"),
            },
            RETIRED: {"emotion", "gender", "age", "smile", "facial-hair", "hair", "makeup"},
        },
        "computer-vision": {
            GATED: {"celebrity-recognition"},
            OPEN: {"tags", "captions", "ocr", "people", "brands", "spatial-analysis"},
            RETIRED: set(),
        },
        "video-indexer": {
            GATED: {"face-identification", "person-customization", "celebrity-recognition"},
            OPEN: {"face-detection"},
            RETIRED: set(),
        },
    }


@pytest.mark.parametrize(
    ("capability", "at", "existing", "state"),
    [
        ("face.identification", CUT - TICK, False, OPEN),
        ("face.identification", CUT, False, GATED),
        ("face.identification", CUT, True, GATED),
        ("face.emotion", CUT - TICK, False, OPEN),
        ("face.emotion", CUT, False, RETIRED),
        # For existing customers it is a right that ends, like what is gated; no approval ever follows.
        ("face.emotion", CUT, True, GATED),
        ("face.emotion", GRACE_ENDS - TICK, True, GATED),
        ("face.emotion", GRACE_ENDS, True, RETIRED),
        ("face.detection", GRACE_ENDS, False, OPEN),
        ("computer-vision.spatial-analysis", datetime(2025, 3, 31, tzinfo=UTC) - TICK, False, OPEN),
        ("computer-vision.spatial-analysis", datetime(2025, 3, 31, tzinfo=UTC), False, RETIRED),
        ("computer-vision.spatial-analysis", datetime(2025, 3, 31, tzinfo=UTC), True, RETIRED),
    ],
)
def test_state(edition: Edition, capability: str, at: datetime, existing: bool, state: str) -> None:
    found = edition.capability(capability)
    assert found is not None
    assert found.state(at, existing) == state


def test_next_change(edition: Edition) -> None:
    emotion, detection = edition.capabilities["face.emotion"], edition.capabilities["face.detection"]
    assert emotion.next_change(CUT - TICK, existing=False) == CUT
    assert emotion.next_change(CUT, existing=True) == GRACE_ENDS
    assert emotion.next_change(CUT, existing=False) is None
    assert detection.next_change(CUT, existing=True) is None
    assert edition.capabilities["face.identification"].next_change(CUT - TICK, existing=True) == CUT


def test_grace_runs_from_the_cut_for_what_is_gated_and_for_what_retires(edition: Edition) -> None:
    assert edition.capabilities["face.identification"].grace == (CUT, GRACE_ENDS)
    assert edition.capabilities["face.smile"].grace == (CUT, GRACE_ENDS)
    assert edition.capabilities["face.detection"].grace is None
    assert edition.capabilities["computer-vision.spatial-analysis"].grace is None


def test_existing_is_before_the_cut_day(edition: Edition) -> None:
    gate = "facial-recognition"
    assert edition.is_existing(date(2022, 6, 20), gate)
    assert not edition.is_existing(date(2022, 6, 21), gate)
    assert not edition.is_existing(None, gate)
    assert not edition.is_existing(date(2020, 1, 1), None)


@pytest.mark.parametrize(
    ("capability", "sector", "codes"),
    [
        ("face.liveness", Sector.COMMERCIAL, ["FC1", "FC2", "FC3", "FC4"]),
        ("face.verification", Sector.GOVERNMENT, ["FC2"]),
        ("face.identification", Sector.COMMERCIAL, ["FC3", "FC4", "FC5", "FC6"]),
        ("face.identification", Sector.GOVERNMENT, ["FC3", "FC4", "FG5", "FG6", "FG7", "FG8"]),
        ("face.identification", Sector.INTERNATIONAL, ["FC3", "FC4", "FG5", "FG6", "FG7", "FG8"]),
        ("video-indexer.face-identification", Sector.COMMERCIAL, ["VC1"]),
        ("video-indexer.face-identification", Sector.GOVERNMENT, ["VG1", "VG2", "VG3"]),
        ("video-indexer.person-customization", Sector.GOVERNMENT, []),
        ("video-indexer.celebrity-recognition", Sector.COMMERCIAL, ["VC2"]),
        ("computer-vision.celebrity-recognition", Sector.COMMERCIAL, ["VC2"]),
        ("face.face-id", Sector.COMMERCIAL, []),
        ("face.emotion", Sector.COMMERCIAL, []),
    ],
)
def test_use_cases(edition: Edition, capability: str, sector: str, codes: list[str]) -> None:
    assert [case.code for case in edition.use_cases_for(capability, sector)] == codes


def test_high_risk_use_cases(edition: Edition) -> None:
    risky = [code for code, case in edition.use_cases.items() if case.high_risk]
    assert risky == ["FG5", "FG7", "FG8", "VG2", "VG3"]


def test_an_approval_brings_what_has_no_use_case_of_its_own(edition: Edition) -> None:
    assert edition.grants("face.identification") == (
        "face.identification", "face.face-id", "face.find-similar",
    )  # fmt: skip
    assert edition.grants("face.verification") == ("face.verification", "face.face-id")
    assert edition.grants("face.liveness") == ("face.liveness",)
    assert edition.grants("nothing.known") == ()


def test_the_form_asks_what_the_domain_lists(edition: Edition) -> None:
    assert [section.code for section in edition.sections] == [
        *("organisation", "subscriptions", "need", "use-case", "people", "evidence", "attestations"),
    ]
    assert [section.code for section in edition.sections if section.optional] == ["evidence"]
    kinds = [question.type for question in edition.questions]
    assert kinds.count(QuestionType.ATTESTATION) == 3
    assert set(QuestionType) <= set(kinds)
    sector = edition.question("sector")
    assert sector is not None
    assert sector.possible_answers() == {member.value for member in Sector}


def test_a_question_is_asked_only_when_another_answer_says_so(edition: Edition) -> None:
    question = edition.question("served-organisations")
    assert question is not None
    assert not question.asked({})
    assert not question.asked({"builds-for-others": "no"})
    assert question.asked({"builds-for-others": "yes"})
    assert question.asked({"builds-for-others": True})


def texts_of(part: object) -> Iterator[Text]:
    """Every text in an edition, however deep, but for empty ones."""
    if isinstance(part, Text):
        yield from [part] if part else []
    elif isinstance(part, BaseModel):
        for field in type(part).model_fields:
            yield from texts_of(getattr(part, field))
    elif isinstance(part, Mapping):
        yield from (text for member in part.values() for text in texts_of(member))
    elif isinstance(part, tuple):
        yield from (text for member in part for text in texts_of(member))


def test_every_text_has_dutch_but_for_the_names_of_services(edition: Edition) -> None:
    texts = list(texts_of(edition))
    assert len(texts) > 400
    assert {text for text in texts if "nl" not in text.translations} == {
        service.name for service in edition.services.values()
    }


def test_what_is_ours_is_not_called_the_vendors(edition: Edition) -> None:
    ours = [paragraph for paragraph in edition.paragraphs.values() if paragraph.basis == "ours"]
    assert len(ours) == 4
    assert all("endor" not in paragraph.source for paragraph in ours)


def test_free_mail(edition: Edition) -> None:
    assert edition.is_free_mail("gmail.com")
    assert edition.is_free_mail("mail.GMAIL.com")
    assert not edition.is_free_mail("notgmail.com")
    assert not edition.is_free_mail("example.org")


# --- another edition: a fourth service, other dates, another zone ---


def test_days_begin_in_the_editions_zone(harbour: Edition) -> None:
    gate = harbour.gates["voices"]
    assert gate.cut_at == datetime(2031, 2, 1, 3, tzinfo=UTC)
    assert gate.grace_ends_at == datetime(2031, 11, 1, 3, tzinfo=UTC)
    assert harbour.local_day(gate.grace_ends_at - TICK) == date(2031, 10, 31)


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("Europe/Amsterdam", date(2023, 3, 26), datetime(2023, 3, 25, 23, tzinfo=UTC)),
        ("Europe/Amsterdam", date(2023, 3, 27), datetime(2023, 3, 26, 22, tzinfo=UTC)),
        # Midnight does not exist there on that day: clocks went from 00:00 to 01:00.
        ("America/Sao_Paulo", date(2018, 11, 4), datetime(2018, 11, 4, 3, tzinfo=UTC)),
        # Midnight came twice there: the first one counts.
        ("America/Havana", date(2023, 11, 5), datetime(2023, 11, 5, 4, tzinfo=UTC)),
        ("Pacific/Kiritimati", date(2023, 6, 30), datetime(2023, 6, 29, 10, tzinfo=UTC)),
    ],
)
def test_a_day_begins_once_in_every_zone(zone: str, day: date, starts: datetime) -> None:
    text = HARBOUR_FILE.read_text(encoding="utf-8").replace("America/Sao_Paulo", zone)
    edition = read_edition(text)
    assert edition.day_starts_at(day) == starts
    assert edition.day_ends_at(day - timedelta(days=1)) == starts


def test_a_fourth_service_needs_no_code(harbour: Edition) -> None:
    cut, ends = harbour.gates["voices"].cut_at, harbour.gates["voices"].grace_ends_at
    speaker, accent = (
        harbour.capabilities[code] for code in ("voice.speaker-identification", "voice.accent")
    )
    assert [c.code for c in harbour.capabilities_of("voice")] == [
        *("voice.speaker-identification", "voice.voiceprint", "voice.transcription", "voice.accent"),
    ]
    assert speaker.grace == accent.grace == (cut, ends)
    assert speaker.state(cut, existing=True) == GATED
    assert accent.state(cut, existing=False) == RETIRED
    assert accent.state(ends - TICK, existing=True) == GATED
    assert (speaker.needs_approval, accent.needs_approval) == (True, False)
    assert harbour.grants("voice.speaker-identification") == (
        "voice.speaker-identification", "voice.voiceprint",
    )  # fmt: skip
    assert harbour.capabilities_of("unknown") == ()


def test_a_gated_capability_may_open_again(harbour: Edition) -> None:
    identification = harbour.capabilities["face.identification"]
    gated, opened = harbour.gates["faces"].cut_at, datetime(2031, 6, 1, 3, tzinfo=UTC)
    assert identification.state(gated - TICK, existing=False) == OPEN
    assert identification.state(opened - TICK, existing=False) == GATED
    assert identification.state(opened, existing=False) == OPEN
    assert identification.next_change(gated, existing=True) == opened
    assert identification.next_change(opened, existing=True) is None


def test_a_gated_capability_may_retire_per_class(harbour: Edition) -> None:
    age = harbour.capabilities["face.age"]
    new, existing = datetime(2031, 4, 1, 3, tzinfo=UTC), datetime(2031, 9, 1, 3, tzinfo=UTC)
    assert [age.state(new, existing=True), age.state(new, existing=False)] == [GATED, RETIRED]
    assert age.state(existing, existing=True) == RETIRED
    assert age.next_change(new, existing=True) == existing
    assert age.grace == (harbour.gates["faces"].cut_at, harbour.gates["faces"].grace_ends_at)


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (None, set()),
        ("", set()),
        (True, {"yes"}),
        (False, {"no"}),
        ("text", {"text"}),
        (["a", "b"], {"a", "b"}),
        ({"face.liveness": ["FC1"], "face.verification": "FC2"}, {"FC1", "FC2"}),
    ],
)
def test_values_of(answer: object, codes: set[str]) -> None:
    assert values_of(answer) == codes
