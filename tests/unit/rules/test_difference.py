"""What changed between two sets of answers, and nothing else; both texts can be read back from the words."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from applications.rules.difference import MOST_WORK, Way, differences, word_by_word
from tests.drafts import ANSWERS, GATES, KIOSKS

WORDS = st.text(alphabet="ab \n.é", max_size=40)


@given(WORDS, WORDS)
@settings(max_examples=200, deadline=None)
def test_both_texts_are_read_back(before, after):
    pieces = word_by_word(before, after)
    assert "".join(piece.text for piece in pieces if piece.way != Way.ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.way != Way.REMOVED) == after
    assert all(piece.text for piece in pieces)


def test_words_are_told_apart_and_not_letters():
    assert [
        tuple(piece) for piece in word_by_word("kept for 24 hours, then gone", "kept for 12 hours, then gone")
    ] == [
        ("same", "kept for "),
        ("removed", "24"),
        ("added", "12"),
        ("same", " hours, then gone"),
    ]


def test_very_long_texts_are_told_apart_as_wholes():
    long = "word " * int(MOST_WORK**0.5)
    assert [piece.way for piece in word_by_word(long, long + "more")] == [Way.REMOVED, Way.ADDED]


def changed(edition, **answers):
    after = copy.deepcopy(ANSWERS)
    for section, values in answers.items():
        after[section.replace("_", "-")].update(values)
    return differences(edition, ANSWERS, after)


@pytest.mark.parametrize(
    ("section", "values", "code", "way", "added", "removed"),
    [
        ("organisation", {"website": "https://other.example"}, "website", "changed", (), ()),
        ("organisation", {"website": ""}, "website", "removed", (), ()),
        ("organisation", {"tenant": "x"}, None, None, None, None),
        (
            "need",
            {"capabilities": ["face.liveness"]},
            "capabilities",
            "changed",
            (),
            ("face.identification",),
        ),
        ("need", {"capabilities": ["face.liveness", "face.identification"]}, None, None, None, None),
        ("attestations", {"attest-police": ""}, None, None, None, None),
        ("use_case", {"use-cases": ["FC3", "FC4"]}, "use-cases", "changed", ("FC4",), ()),
        (
            "subscriptions",
            {"subscription-ids": [KIOSKS, GATES], "subscription-ids.names": {KIOSKS: "Kiosks"}},
            "subscription-ids",
            "changed",
            (f"{KIOSKS} Kiosks", GATES),
            (f"{KIOSKS} Check-in kiosks",),
        ),
    ],
)
def test_each_kind_of_answer(edition, section, values, code, way, added, removed):
    found = [change for part in changed(edition, **{section: values}) for change in part.changes]
    said = [(one.question.code, one.way, one.added, one.removed) for one in found]
    assert said == ([(code, way, added, removed)] if code else [])


def test_sections_stand_in_the_order_of_the_edition(edition):
    found = changed(
        edition, people={"minors": "yes"}, use_case={"description": "Other"}, need={"services": []}
    )
    assert [part.section for part in found] == ["need", "use-case", "people"]
    text = found[1].changes[0]
    assert (text.way, text.pieces[-1].text[-1]) == (Way.CHANGED, "r")
    assert differences(edition, {}, ANSWERS)[0].changes[0].way == Way.ADDED
    assert differences(edition, ANSWERS, ANSWERS) == []
