"""Words found in what people typed, whatever the disguise, and where they stand in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.rules import wording
from applications.rules.wording import LONGEST, Hit, Phrases, Wording, fold, words_of

POLICE = Phrases(["police", "state trooper*", "law enforcement", "警察", "полиц*", "경찰*", "policía"])


def found(text: str) -> list[str]:
    said = Wording(text)
    return [text[said.words[hit.first].start : said.words[hit.last].end] for hit in POLICE.find(said)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The police came.", ["police"]),
        ("POLICE", ["POLICE"]),
        ("\uff50\uff4f\uff4c\uff49\uff43\uff45", ["\uff50\uff4f\uff4c\uff49\uff43\uff45"]),
        ("p\u200bo\u00adl\u2060ice!", ["p\u200bo\u00adl\u2060ice"]),
        ("\u202epolice\u202c", ["police"]),
        ("\u0440\u043elice", ["\u0440\u043elice"]),
        ("la policia", ["policia"]),
        ("la polici\u0301a", ["polici\u0301a"]),
        ("state\ntroopers, two", ["state\ntroopers"]),
        ("law-enforcement", ["law-enforcement"]),
        ("由警察使用", ["警察"]),
        ("для полиции", ["полиции"]),
        ("경찰이 사용", ["경찰이"]),
        ("police police", ["police", "police"]),
        ("our policy, policies and polices", []),
        ("state of troopers", []),
        ("law", []),
        ("", []),
        ("po\x00lice", []),
    ],
)
def test_found(text: str, said: list[str]) -> None:
    assert found(text) == said


def test_sentences_are_counted_but_not_by_the_dots_of_an_abbreviation() -> None:
    words = words_of("The U.S. police. No! One\ntwo; three.four 5")
    assert [(word.text, word.sentence) for word in words if len(word.text) > 1] == [
        ("the", 0), ("police", 1), ("no", 2), ("one", 3), ("two", 4), ("three", 5), ("four", 5),
    ]  # fmt: skip


def test_longest() -> None:
    assert [word.text for word in words_of("one two three", longest=7)] == ["one", "two"]


def test_a_list_of_nothing_finds_nothing() -> None:
    assert list(Phrases(["", " ", "*"]).find(Wording("a * b"))) == []


def test_a_phrase_is_found_where_it_starts() -> None:
    assert list(Phrases(["b c"]).find(Wording("a b b c"))) == [Hit(2, 3)]


def test_the_longest_of_several_phrases_counts_and_neighbours_are_by_distance() -> None:
    found = Phrases(["a", "a b c", "a b", "c"]).find(Wording("a b c d c"))
    assert list(found) == [Hit(0, 2), Hit(2, 2), Hit(4, 4)]
    assert list(found.around(Hit(3, 3), 1)) == [Hit(0, 2), Hit(2, 2), Hit(4, 4)]
    assert list(found.around(Hit(4, 4), 1)) == [Hit(4, 4)]
    assert list(found.around(Hit(0, 0), 3)) == [Hit(0, 2), Hit(2, 2)]


@given(st.text(max_size=200))
def test_any_text_is_cut_into_words_that_stand_in_it(text: str) -> None:
    words = words_of(text)
    assert all(0 <= word.start < word.end <= len(text) for word in words)
    assert all(one.end <= other.start for one, other in zip(words, words[1:], strict=False))
    assert all(hit.last < len(words) for hit in POLICE.find(Wording(text)))


@given(st.characters())
def test_folding_twice_changes_nothing_more(character: str) -> None:
    once = fold(character)
    assert "".join(map(fold, once)) == once


def test_the_length_is_cut_before_anything_looks_at_the_text() -> None:
    assert len(words_of("a " * 100_000)) == LONGEST // 2
    assert not hasattr(wording, "re")
