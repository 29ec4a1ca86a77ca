"""The strict reader: each fault is named with its place and rule, and all of them at once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from applications.rules.policy import PolicyError, Problem, Text, read_edition

HARBOUR = (Path(__file__).parents[2] / "editions" / "harbour.toml").read_text(encoding="utf-8")


def faults(text: str) -> tuple[Problem, ...]:
    with pytest.raises(PolicyError) as caught:
        read_edition(text, source="edition.toml")
    return caught.value.problems


def changed(old: str, new: str) -> str:
    assert HARBOUR.count(old) == 1, f"{HARBOUR.count(old)} times: {old}"
    return HARBOUR.replace(old, new)


Fault = tuple[str, str, str, str]
"""What is replaced by what, and the key and rule that must be named."""

SPOILT: dict[str, Fault] = {
    "unknown key": (
        'gate = "voices"\ngrants_also',
        'gates = "voices"\ngrants_also',
        'capabilities."voice.speaker-identification".gates',
        "unknown-key",
    ),
    "unknown key at the top": ('language = "nl"', 'language = "nl"\ncolour = "red"', "colour", "unknown-key"),
    "missing": ('calendar = "NL"\n', "", "calendar", "missing"),
    "missing in a table": (
        'text = "Een beller herkennen die dat wil."\n',
        "",
        "use_cases.V1.text",
        "missing",
    ),
    "number for a text": (
        'contact_email = "loket@haven.example"',
        "contact_email = 7",
        "contact_email",
        "type",
    ),
    "text for a date": ("cut_on = 2031-02-01", 'cut_on = "2031-02-01"', "gates.voices.cut_on", "type"),
    "instant for a date": (
        "cut_on = 2031-02-01",
        "cut_on = 2031-02-01T00:00:00Z",
        "gates.voices.cut_on",
        "type",
    ),
    "text for a number": ("approval_months = 6", 'approval_months = "6"', "limits.approval_months", "type"),
    "number out of bounds": (
        "approval_months = 6",
        "approval_months = 0",
        "limits.approval_months",
        "greater-than-equal",
    ),
    "time zone": ("America/Sao_Paulo", "America/Amsterdam", "time_zone", "time-zone"),
    "time zone with a path": ("America/Sao_Paulo", "../../etc/passwd", "time_zone", "time-zone"),
    "calendar": ('calendar = "NL"', 'calendar = "XX"', "calendar", "calendar"),
    "no text in the own language": (
        '{nl = "Sprekerherkenning", en',
        '{fr = "Locuteur", en',
        'capabilities."voice.speaker-identification".name',
        "language",
    ),
    "no language": (
        'nl = "Elders", en',
        'nl = "Elders", english',
        "sections.alles.questions.waar.choices.1.label",
        "language",
    ),
    "empty text": ('name = "Stemafdruk"', 'name = " "', 'capabilities."voice.voiceprint".name', "empty"),
    "code": ("[services.voice]", '[services."voice api"]', 'services."voice api".code', "code"),
    "code inside": (
        "[services.voice]\n",
        '[services.voice]\ncode = "voice"\n',
        "services.voice.code",
        "unknown-key",
    ),
    "table": (
        "[services.video-indexer]\nname",
        "[services]\nvideo-indexer",
        "services.video-indexer",
        "type",
    ),
    "unknown service": (
        'service = "voice"\nname = "Accent"',
        'service = "sound"\nname = "Accent"',
        'capabilities."voice.accent".service',
        "unknown-reference",
    ),
    "code of another service": (
        'service = "voice"\nname = "Accent"',
        'service = "face"\nname = "Accent"',
        'capabilities."voice.accent"',
        "code",
    ),
    "unknown gate": (
        'gate = "faces"\nopened',
        'gate = "facts"\nopened',
        'capabilities."face.identification".gate',
        "unknown-reference",
    ),
    "unknown grant": (
        'grants_also = ["voice.voiceprint"]',
        'grants_also = ["voice.print"]',
        'capabilities."voice.speaker-identification".grants_also',
        "unknown-reference",
    ),
    "unknown capability": (
        'capabilities = ["face.age"]',
        'capabilities = ["face.ages"]',
        "use_cases.V2.capabilities",
        "unknown-reference",
    ),
    "use case for what is open": (
        'capabilities = ["face.age"]',
        'capabilities = ["face.age", "voice.transcription"]',
        "use_cases.V2.capabilities",
        "not-gated",
    ),
    "use case for what retires": (
        'capabilities = ["face.age"]',
        'capabilities = ["face.age", "voice.accent"]',
        "use_cases.V2.capabilities",
        "not-gated",
    ),
    "unreachable": (
        'grants_also = ["voice.voiceprint"]\n',
        "",
        'capabilities."voice.voiceprint"',
        "unreachable",
    ),
    "unknown paragraph": (
        'paragraph = "lijst"\nwords',
        'paragraph = "list"\nwords',
        "use_cases.V1.paragraph",
        "unknown-reference",
    ),
    "sector": ('sectors = ["public"]', 'sectors = ["private"]', "use_cases.V2.sectors.0", "choice"),
    "no sector": ('sectors = ["public"]', "sectors = []", "use_cases.V2.sectors", "empty"),
    "last day before the cut": (
        "last_day = 2031-10-31",
        "last_day = 2031-01-31",
        "gates.voices.last_day",
        "dates",
    ),
    "announced after the cut": (
        "announced_on = 2031-01-15",
        "announced_on = 2031-03-15",
        "gates.voices.announced_on",
        "dates",
    ),
    "a reminder twice": (
        "reminder_days = [100, 10, 1]",
        "reminder_days = [100, 10, 10]",
        "gates.voices.reminder_days",
        "duplicate",
    ),
    "opened before the cut": (
        "opened_on = 2031-06-01",
        "opened_on = 2030-05-31",
        'capabilities."face.identification".opened_on',
        "dates",
    ),
    "opened without a gate": (
        'gate = "faces"\nopened_on',
        "opened_on",
        'capabilities."face.identification".opened_on',
        "dates",
    ),
    "retires twice": (
        'at_gate = "retirement"',
        'at_gate = "retirement"\nopened_on = 2031-06-01',
        'capabilities."voice.accent".at_gate',
        "dates",
    ),
    "retires at no gate": (
        'gate = "voices"\nat_gate',
        "at_gate",
        'capabilities."voice.accent".at_gate',
        "dates",
    ),
    "one class only": ("last_day_for_new = 2031-03-31\n", "", 'capabilities."face.age"', "dates"),
    "existing before new": (
        "last_day_for_existing = 2031-08-31",
        "last_day_for_existing = 2031-02-28",
        'capabilities."face.age".last_day_for_existing',
        "dates",
    ),
    "classes without a gate": (
        "last_day_for_new = 2031-05-31",
        "last_day_for_new = 2031-04-30",
        'capabilities."computer-vision.tags"',
        "dates",
    ),
    "choices of a text": (
        'type = "long_text"',
        'type = "long_text"\nchoices.a = "A"',
        "sections.alles.questions.waar-dan.choices",
        "choices",
    ),
    "choice without choices": (
        'choices.balie = "Aan de balie"\nchoices.elders = {nl = "Elders", en = "Elsewhere"}\n',
        "",
        "sections.alles.questions.waar.choices",
        "choices",
    ),
    "type": ('type = "long_text"', 'type = "essay"', "sections.alles.questions.waar-dan.type", "choice"),
    "depends on nothing": (
        '{question = "waar", any',
        '{question = "wie", any',
        "sections.alles.questions.waar-dan.only_if.wie",
        "unknown-reference",
    ),
    "depends on no answer": (
        'any = ["elders"]',
        'any = ["nergens"]',
        "sections.alles.questions.waar-dan.only_if.waar",
        "unknown-reference",
    ),
    "depends on itself": (
        '{question = "waar", any',
        '{question = "waar-dan", any',
        "sections.alles.questions.waar-dan.only_if",
        "unknown-reference",
    ),
    "a question twice": (
        "[words]",
        '[sections.meer]\ntitle = "Meer"\n[sections.meer.questions.naam]\ntype = "text"\nlabel = "N"\n[words]',
        "sections.meer.questions.naam",
        "duplicate",
    ),
    "nothing to apply for": ('type = "capabilities"', 'type = "services"', "sections", "missing"),
    "unknown words": (
        'words = ["geheim"]\n',
        'words = ["geheimen"]\n',
        "screening.stiekem.when.0",
        "unknown-reference",
    ),
    "a star inside": ('"stiekem", ', '"stie*kem", ', "words.geheim.0", "star"),
    "near to nothing": ('words = ["geheim"]\n', 'near = ["geheim"]\n', "screening.stiekem.when.0", "empty"),
    "always": ('words = ["geheim"]\n', "", "screening.stiekem.when.0", "empty"),
    "an example of no question": (
        'answers.naam = "Wij vragen',
        'answers.name = "Wij vragen',
        "screening.stiekem.passes.0.answers.name",
        "unknown-reference",
    ),
    "guidance after the rule": (
        "valid_from = 2031-01-15",
        "valid_from = 2031-01-15\nguidance_from = 2031-01-15",
        "screening.stiekem.guidance_from",
        "dates",
    ),
    "effect": ('effect = "deny"', 'effect = "refuse"', "screening.stiekem.effect", "choice"),
    "a cause without a sign": ('any = ["no approval"]\n', "", "causes.geen-toegang", "empty"),
    "reason of no paragraph": (
        'paragraph = "lijst"\ncure',
        'paragraph = "wet"\ncure',
        "reasons.niet-op-lijst.paragraph",
        "unknown-reference",
    ),
}


def test_the_second_edition_is_sound() -> None:
    edition = read_edition(HARBOUR)
    assert len(edition.services) == 4
    assert edition.name == "Beperkte toegang, haven"
    assert edition.name.to("en") == "Limited access, harbour"


@pytest.mark.parametrize("name", SPOILT)
def test_each_fault_is_named(name: str) -> None:
    old, new, key, rule = SPOILT[name]
    found = faults(changed(old, new))
    assert (key, rule) in {(problem.key, problem.rule) for problem in found}
    assert all(problem.source == "edition.toml" and problem.message for problem in found)


def test_faults_are_told_all_at_once_and_each_once() -> None:
    spoilt = HARBOUR
    for name in ("unknown key at the top", "time zone", "last day before the cut", "reason of no paragraph"):
        old, new, *_named = SPOILT[name]
        assert spoilt.count(old) == 1
        spoilt = spoilt.replace(old, new)
    assert sorted(problem.rule for problem in faults(spoilt)) == [
        "dates", "time-zone", "unknown-key", "unknown-reference",
    ]  # fmt: skip


def test_a_broken_part_is_not_reported_as_missing_elsewhere() -> None:
    """The gate is faulty, not absent: who refers to it is not blamed."""
    assert [problem.key for problem in faults(changed(*SPOILT["text for a date"][:2]))] == [
        "gates.voices.cut_on"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('code = "a"\nname = \n', 2),
        ('code = "a"\ncode = "b"\n', 2),
        ("[services.face]\n[services.face]\n", 2),
        ('code = "a"\n\n\nname = "never closed', 4),
        ("cut_on = 2022-13-01\n", 1),
    ],
)
def test_a_syntax_error_names_its_line(text: str, line: int) -> None:
    (problem,) = faults(text)
    assert (problem.line, problem.rule) == (line, "syntax")
    assert str(problem).startswith(f"edition.toml:{line}: ")


def test_an_empty_file_misses_what_an_edition_must_have() -> None:
    missing = {problem.key for problem in faults("") if problem.rule == "missing"}
    assert {"code", "time_zone", "gates", "services", "capabilities", "sections", "reasons"} <= missing


@pytest.mark.parametrize(
    "text", ["services = 3", "sections = [1]", 'gates = "x"\nuse_cases = 1', "words = 1"]
)
def test_nonsense_is_a_problem_and_no_crash(text: str) -> None:
    assert faults(text)


def test_a_file_without_end_is_refused() -> None:
    (problem,) = faults("#" * 1_000_001)
    assert problem.rule == "size"


def test_a_file_nested_without_end_is_refused() -> None:
    (problem,) = faults("a = " + "[" * 5_000)
    assert problem.rule == "syntax"


def test_the_message_has_one_problem_a_line() -> None:
    with pytest.raises(PolicyError) as caught:
        read_edition(changed(*SPOILT["missing"][:2]), source="edition.toml")
    assert str(caught.value) == "edition.toml: calendar: is missing [missing]"


def test_text_keeps_paragraphs_and_joins_lines() -> None:
    text = Text.read("one\ntwo\n\n\n  three ", "en")
    assert text == "one two\n\nthree"


def test_text_survives_pickling_with_its_translations() -> None:
    text = Text("Retired", {"nl": "Vervallen"})
    copy = pickle.loads(pickle.dumps(text))  # noqa: S301 -- our own bytes
    assert (copy, copy.to("nl-BE"), copy.to("de"), copy.to(None)) == (
        "Retired", "Vervallen", "Retired", "Retired",
    )  # fmt: skip
