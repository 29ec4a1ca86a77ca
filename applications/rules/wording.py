"""Finds words and phrases of many languages in what people typed, disguised or not, in linear time.

Text is folded first (compatibility forms, case, accents, invisible characters, letters that look alike), then cut
into words; a match knows where it stands in the text as typed. No regular expression runs over user text.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

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


class Phrases:
    """A list of words and phrases; the last word of one may end in `*`, which stands for any rest of the word."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._whole: dict[str, list[tuple[tuple[str, ...], bool]]] = {}
        self._open: dict[str, list[str]] = {}
        for phrase in phrases:
            parts = tuple(word.text for word in words_of(phrase))
            if not parts:
                continue
            if phrase.endswith("*") and len(parts) == 1:
                self._open.setdefault(parts[0][0], []).append(parts[0])
            else:
                self._whole.setdefault(parts[0], []).append((parts, phrase.endswith("*")))

    def find(self, words: tuple[Word, ...]) -> Iterator[Hit]:
        for place, word in enumerate(words):
            if any(word.text.startswith(beginning) for beginning in self._open.get(word.text[0], ())):
                yield Hit(place, place)
                continue
            for parts, is_open in self._whole.get(word.text, ()):
                if self._follows(words, place, parts, is_open):
                    yield Hit(place, place + len(parts) - 1)
                    break

    @staticmethod
    def _follows(words: tuple[Word, ...], place: int, parts: tuple[str, ...], is_open: bool) -> bool:
        found = words[place : place + len(parts)]
        if len(found) < len(parts) or any(w.text != p for w, p in zip(found[:-1], parts[:-1], strict=True)):
            return False
        last = found[-1].text
        return last.startswith(parts[-1]) if is_open else last == parts[-1]


@lru_cache(maxsize=512)
def phrases(listed: tuple[str, ...]) -> Phrases:
    """A word list ready for use; made once per list."""
    return Phrases(listed)
