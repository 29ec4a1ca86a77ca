"""Finds words and phrases of many languages in what people typed, disguised or not, in linear time.

Text is folded first (compatibility forms, case, accents, invisible characters, letters that look alike), then cut
into words; a match knows where it stands in the text as typed. No regular expression runs over user text.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

LONGEST = 20_000
_CYRILLIC = {
    "а": "a",
    "е": "e",
    "і": "i",
    "ј": "j",
    "о": "o",
    "р": "p",
    "с": "c",
    "у": "y",
    "х": "x",
    "ѕ": "s",
}
_GREEK = {"α": "a", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "χ": "x"}
_LATIN = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ɡ": "g", "ɑ": "a"}
_LOOK_ALIKE = str.maketrans(_CYRILLIC | _GREEK | _LATIN)
_STOPS = frozenset(".!?;。！？\n")


@dataclass(frozen=True)
class Word:
    """A folded word, where it stands in the typed text, and the number of its sentence."""

    text: str
    start: int
    end: int
    sentence: int


@dataclass(frozen=True)
class Hit:
    """A phrase found: words `first` to `last`, inclusive."""

    first: int
    last: int


class Hits:
    """What was found in one text, in order; `around` looks at the neighbours of a find and at nothing else."""

    def __init__(self, found: Iterable[Hit]) -> None:
        self._hits = tuple(found)
        self._firsts = [hit.first for hit in self._hits]
        self._longest = max((hit.last - hit.first for hit in self._hits), default=0)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._hits)

    def around(self, hit: Hit, reach: int) -> Iterator[Hit]:
        """Those that are at most `reach` words away; words that touch are one apart, that overlap none."""
        start = bisect_left(self._firsts, hit.first - reach - self._longest)
        end = bisect_right(self._firsts, hit.last + reach)
        return (other for other in self._hits[start:end] if hit.first - other.last <= reach)


def fold(character: str) -> str:
    """One typed character as we compare it: often one, sometimes none or several characters."""
    kept = (
        part
        for part in unicodedata.normalize("NFKD", character).casefold()
        if unicodedata.category(part) not in ("Mn", "Cf", "Cc", "Cs", "Co")
    )
    return "".join(kept).translate(_LOOK_ALIKE)


def _stands_alone(character: str) -> bool:
    """Han and kana are written without blanks: each is a word of its own."""
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff"


def words_of(text: str, longest: int = LONGEST) -> tuple[Word, ...]:
    """The folded words of (the first `longest` characters of) a text."""
    return tuple(_words(text[:longest]))


def _words(text: str) -> Iterator[Word]:
    built: list[str] = []
    start, end, sentence = 0, 0, 0
    for place, typed in enumerate(text):
        folded = "\n" if typed == "\n" else fold(typed)
        if not folded and unicodedata.category(typed) != "Cc":
            continue
        if folded.isalnum() and not _stands_alone(folded[0]):
            start = start if built else place
            built.append(folded)
            end = place + 1
            continue
        if built:
            yield Word("".join(built), start, end, sentence)
            built = []
        if folded and _stands_alone(folded[0]):
            yield Word(folded, place, place + 1, sentence)
        elif typed in _STOPS and (typed == "\n" or text[place + 1 : place + 2].strip() == ""):
            sentence += 1
    if built:
        yield Word("".join(built), start, end, sentence)


class Wording:
    """The words of one text, indexed once, so that a list of phrases costs its own length and not the text's."""

    def __init__(self, text: str = "", longest: int = LONGEST) -> None:
        self.words = words_of(text, longest)
        self._places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            self._places.setdefault(word.text, []).append(place)
        self._distinct = sorted(self._places)

    def places(self, word: str) -> list[int]:
        return self._places.get(word, [])

    def beginning(self, start: str) -> Iterator[int]:
        """Places of the words that begin so."""
        for word in islice(self._distinct, bisect_left(self._distinct, start), None):
            if not word.startswith(start):
                return
            yield from self._places[word]


class Phrases:
    """A list of words and phrases; the last word of one may end in `*`, which stands for any rest of the word."""

    def __init__(self, listed: Iterable[str]) -> None:
        found = ((tuple(word.text for word in words_of(phrase)), phrase.endswith("*")) for phrase in listed)
        self._listed = [(parts, is_open) for parts, is_open in found if parts]

    def find(self, said: Wording) -> Hits:
        """Every place where one of them begins; the longest one where several do."""
        ends: dict[int, int] = {}
        for parts, is_open in self._listed:
            alone = is_open and len(parts) == 1
            for first in said.beginning(parts[0]) if alone else said.places(parts[0]):
                if alone or _follows(said.words, first, parts, is_open):
                    ends[first] = max(first + len(parts) - 1, ends.get(first, 0))
        return Hits(Hit(first, last) for first, last in sorted(ends.items()))


def _follows(words: tuple[Word, ...], first: int, parts: tuple[str, ...], is_open: bool) -> bool:
    found = words[first : first + len(parts)]
    if len(found) < len(parts) or any(w.text != p for w, p in zip(found[:-1], parts[:-1], strict=True)):
        return False
    last = found[-1].text
    return last.startswith(parts[-1]) if is_open else last == parts[-1]


@lru_cache(maxsize=512)
def phrases(listed: tuple[str, ...]) -> Phrases:
    """A word list ready for use; made once per list."""
    return Phrases(listed)
