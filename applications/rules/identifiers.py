"""What people type or paste, brought to one form: text, subscription ids, mail addresses, names, references.

Everything here is pure. Functions that read something return the clean form or say, by a code, what is wrong;
no result ever holds a secret that somebody pasted by mistake.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal, NewType
from urllib.parse import urlsplit

Guid = NewType("Guid", str)
"""A subscription or tenant id: 8-4-4-4-12 lower-case hexadecimal digits."""

ProblemCode = Literal["empty", "secret", "tenant", "nil", "several", "not_a_guid"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is no subscription id. It carries the code alone, never the text."""

    code: ProblemCode


MASK: Final = "***"
MAIL_MAX: Final = 254
WEBSITE_MAX: Final = 2048

# Format characters that belong to the script they stand in (Arabic, Syriac, Kaithi number signs).
_KEPT_FORMAT: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Letters by their category, blanks to the eye: a name made of them would look empty.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_JOINERS: Final = frozenset("\u200c\u200d")
_VARIATIONS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_KEYCAPS: Final = frozenset("0123456789#*")
_VARIED: Final = frozenset({"So", "Sm", "Sk", "Po", "Lo"})
_BREAKS: Final = frozenset("\n\r\v\f\x85\u2028\u2029")
_TAGS: Final = range(0xE0020, 0xE0080)
_BLACK_FLAG: Final = "\U0001f3f4"


def clean_text(raw: str, *, multiline: bool = False) -> str:
    """The text in NFC without control, bidi and invisible characters, blanks collapsed, ends stripped.

    With `multiline` line ends stay (as one newline, at most one empty line between paragraphs).
    Joiners stay where they shape something (emoji sequences, Indic and Arabic script). Cleaning twice
    changes nothing more.
    """
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n"))
    # Taking a character out may bring two together that compose, or leave a joiner without a neighbour.
    while (kept := unicodedata.normalize("NFC", _without_unseen(text, multiline))) != text:
        text = kept
    if not multiline:
        return " ".join(text.split())
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _without_unseen(text: str, multiline: bool) -> str:
    kept: list[str] = []
    for index, char in enumerate(text):
        if char in _BREAKS:
            kept.append("\n" if multiline else " ")
        elif char == "\t" or char in _BLANK_LETTERS:
            kept.append(" ")
        elif _stays(char, kept[-1] if kept else "", text[index + 1 : index + 2]):
            kept.append(" " if unicodedata.category(char) == "Zs" else char)
    return "".join(kept)


def _stays(char: str, before: str, after: str) -> bool:
    if char in _JOINERS:
        return _shapes(before) and _shapes(after)
    if char in _VARIATIONS:
        return before in _KEYCAPS or (before > "\x7f" and unicodedata.category(before) in _VARIED)
    if ord(char) in _TAGS:
        return before == _BLACK_FLAG or (before != "" and ord(before) in _TAGS)
    if (ord(char) & 0xFFFE) == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF:
        return False
    category = unicodedata.category(char)
    return category not in {"Cc", "Cf", "Cs"} or char in _KEPT_FORMAT


def _shapes(char: str) -> bool:
    """Whether a joiner beside this character changes what is seen; it never does beside Latin or Greek."""
    return char >= "\u0600" and unicodedata.category(char)[0] in "LMS" and char not in _BLANK_LETTERS


def loses_characters(raw: str) -> bool:
    """Whether cleaning takes out more than surplus blanks."""
    return clean_text(raw) != " ".join(unicodedata.normalize("NFC", raw).split())


# --- secrets ---

_SECRETS: Final = re.compile(
    r"""
      (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,3}  # a signed or sealed token
    | (?i:bearer|basic)\s+[A-Za-z0-9._~+/-]{16,}=*
    | (?i:(?:account|access|shared|api|subscription)[-_ ]?key|client[-_ ]?secret|password|sig)
      ["']?\s*[=:]\s*["']?[^\s;,&"']{8,}
    | (?<![0-9A-Za-z])[0-9a-fA-F]{28,}(?![0-9A-Za-z])                # a key, also one that lost a few digits
    | (?<![0-9A-Za-z+/])[A-Za-z0-9+/]{40,}={1,2}
    | (?<![0-9A-Za-z])(?=[a-zA-Z]*[0-9])(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{40,}(?![0-9A-Za-z])
    """,
    re.VERBOSE,
)


def mask_secrets(text: str) -> str:
    """The text with everything that looks like a key, a token or a password replaced by `***`."""
    return _SECRETS.sub(MASK, text)


# --- subscription ids ---

_GUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_WHOLE_GUID: Final = re.compile(_GUID)
_SOME_GUID: Final = re.compile(rf"(?<![0-9a-z-]){_GUID}(?![0-9a-z-])")
_RESOURCE: Final = re.compile(rf"(?:^|/)subscriptions/({_GUID})(?![0-9a-z-])")
_TENANT: Final = re.compile(
    rf"(?:tenants?|directory|tenantid|tid|login\.[a-z0-9.-]+)\W{{0,3}}(?:id)?\W{{0,3}}{_GUID}"
)
_LABEL: Final = re.compile(r"^(?:urn:uuid:|subscription(?:[ _-]?id)?\s*[:=]?)\s*")
_WRAPPING: Final = " \t{}()[]<>\"'`“”‘’«»,;."
_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_SUBSCRIPTION_MAX: Final = 4000


def read_subscription(raw: str) -> Guid | Problem:
    """Take the subscription id out of what somebody typed or pasted (domain: subscription id).

    A GUID, with or without braces, quotes, blanks or a label, or a resource id that begins with
    `/subscriptions/<guid>`. Thirty-two hexadecimal digits without dashes are an API key: `secret`.
    `uuid.UUID()` would take that key for a GUID, hence the strict pattern.
    """
    text = clean_text(unicodedata.normalize("NFKC", raw[:_SUBSCRIPTION_MAX]).translate(_DASHES)).lower()
    if resource := _RESOURCE.search(text):
        return _not_nil(resource[1])
    bare = _LABEL.sub("", text.strip(_WRAPPING)).strip(_WRAPPING).replace(" ", "")
    if not bare:
        return Problem("empty")
    if _WHOLE_GUID.fullmatch(bare):
        return _not_nil(bare)
    if re.search(r"(?<![0-9a-z])[0-9a-f]{32}(?![0-9a-z])", text) or re.fullmatch(r"[0-9a-f]{32}", bare):
        return Problem("secret")
    if mask_secrets(raw[:_SUBSCRIPTION_MAX]) != raw[:_SUBSCRIPTION_MAX]:
        return Problem("secret")
    if _TENANT.search(text):
        return Problem("tenant")
    return Problem("several" if len(set(_SOME_GUID.findall(text))) > 1 else "not_a_guid")


def _not_nil(guid: str) -> Guid | Problem:
    return Problem("nil") if set(guid) == {"0", "-"} else Guid(guid)


# --- mail and web addresses ---

_LABEL_IN_DOMAIN: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL_IN_DOMAIN}\.)+(?=[a-z0-9-]*[a-z]){_LABEL_IN_DOMAIN}")
_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def normalise_email(raw: str) -> str:
    """The address in its one form (NFKC, lower case, domain in ASCII), or "" when it is no mail address."""
    if len(raw) > MAIL_MAX + 66:
        return ""
    text = clean_text(unicodedata.normalize("NFKC", raw)).lower().removeprefix("mailto:").strip("<> ")
    local, at, domain = text.rpartition("@")
    domain = _ascii_domain(domain)
    if not at or not domain or len(local) > 64 or len(local) + 1 + len(domain) > MAIL_MAX:
        return ""
    return f"{local}@{domain}" if _LOCAL.fullmatch(local) else ""


def email_domain(email: str) -> str:
    """The domain of a normalised address."""
    return email.rpartition("@")[2]


def read_domain(website: str) -> str:
    """The host of a web address in ASCII without `www.`, or "" when there is none that a firm could own."""
    if len(website) > WEBSITE_MAX:
        return ""
    text = clean_text(website)
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return _ascii_domain(host.lower().rstrip(".")).removeprefix("www.")


def _ascii_domain(domain: str) -> str:
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return domain if _DOMAIN.fullmatch(domain) else ""


def is_free_mail(domain: str, free_mail_domains: Collection[str]) -> bool:
    """Whether the domain, or one above it, gives mailboxes to anybody."""
    labels = domain.lower().rstrip(".").split(".")
    return any(".".join(labels[start:]) in free_mail_domains for start in range(len(labels)))


# --- names and references ---

_PLAIN_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "þ": "th", "ð": "d", "æ": "ae", "œ": "oe"}
)


def name_key(name: str) -> str:
    """What two spellings of one organisation share: case, width, punctuation and blanks do not count."""
    cleaned = clean_text(name)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cleaned).casefold())
    return _folded_punctuation(folded) or cleaned.casefold()


LONGEST_NAME = 1000
_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def mixes_scripts(text: str) -> bool:
    """Whether a word holds letters of two scripts that look alike: a Cyrillic а in a Latin name is another name."""
    for word in re.findall(r"[^\W\d_]+", text[:LONGEST_NAME]):
        named = {unicodedata.name(char, "").partition(" ")[0] for char in word}
        if len(named.intersection(_ALIKE)) > 1:
            return True
    return False


def search_key(text: str) -> str:
    """For a column that is searched: like `name_key`, and without accents, so that `zajac` finds `Zając`."""
    folded = unicodedata.normalize("NFKD", clean_text(text)).casefold().translate(_PLAIN_LETTERS)
    plain = "".join(char for char in folded if unicodedata.category(char) != "Mn")
    return _folded_punctuation(unicodedata.normalize("NFKC", plain))


def _folded_punctuation(text: str) -> str:
    seen = (char for char in text if char not in _JOINERS and char not in _VARIATIONS)
    return " ".join("".join(" " if unicodedata.category(char)[0] in "PZ" else char for char in seen).split())


_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE_PREFIX: Final = "LA"
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_reference(random_bytes: Callable[[int], bytes]) -> str:
    """A reference such as `LA-7F3K-92QD`: forty random bits in letters that nobody confuses."""
    number = int.from_bytes(random_bytes(5), "big")
    letters = "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(35, -1, -5))
    return f"{_REFERENCE_PREFIX}-{letters[:4]}-{letters[4:]}"


def read_reference(raw: str) -> str:
    """A typed reference in its one form (any case, dashes or none, O for 0), or "" when it is none."""
    letters = re.sub(r"[\s-]", "", clean_text(raw[:40])).upper().removeprefix(_REFERENCE_PREFIX)
    letters = letters.translate(_MISREAD)
    if len(letters) != 8 or not set(letters) <= set(_CROCKFORD):
        return ""
    return f"{_REFERENCE_PREFIX}-{letters[:4]}-{letters[4:]}"
