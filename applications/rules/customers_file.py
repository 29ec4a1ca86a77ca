"""The customers file (design §8): physical lines in, one `Row` or `Reject` per record out, in a stream.

The subscription is the key of a row. A row that names a valid subscription, a known service and a valid date
is never dropped for a lesser fault: what is wrong besides stands in its `attention`. Who holds a subscription
is not decided here, since it needs what is recorded. Formulas are text like any other; secrets are masked.
"""

import csv
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final, Literal, TextIO

from applications.enums import AttentionCode, Sector
from applications.rules.identifiers import (
    MASK,
    Guid,
    Problem,
    clean_text,
    email_domain,
    is_free_mail,
    loses_characters,
    mask_secrets,
    name_key,
    normalise_email,
    read_domain,
    read_subscription,
)
from applications.rules.zones import country_code

HEADER: Final = (
    "customer",
    "website",
    "country",
    "sector",
    "contact_name",
    "contact_email",
    "subscription_id",
    "services",
    "first_used_on",
)
REJECTS_HEADER: Final = ("line", "reason", "detail", *HEADER)

NAME_MAX: Final = 200
CONTACT_NAME_MAX: Final = 150
WEBSITE_MAX: Final = 300
DETAIL_MAX: Final = 200
PARTS_MAX: Final = 20  # services or addresses in one cell
CELL_SHOWN_MAX: Final = 300
LINE_MAX: Final = 100_000
RECORD_LINES_MAX: Final = 50

_LIKE_A_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")

Reason = Literal["subscription", "secret", "service", "date", "columns", "name", "owner"]
Attention = tuple[AttentionCode, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One accepted record. `raw` is what it said, for a later reject; it is shown through `shown`."""

    line: int
    name: str
    key: str
    website: str
    country: str
    sector: str
    contact_name: str
    emails: tuple[str, ...]
    domains: tuple[str, ...]
    subscription: Guid
    services: tuple[str, ...]
    first_used_on: date
    attention: tuple[Attention, ...]
    raw: Sequence[str] = field(repr=False)

    def reject(self, reason: Reason, detail: str) -> "Reject":
        return Reject(self.line, reason, detail, shown(self.raw))


@dataclass(frozen=True, slots=True)
class Reject:
    line: int
    reason: Reason
    detail: str
    cells: tuple[str, ...]


class WrongHeaderError(ValueError):
    """The file does not begin with the header that the contract names."""


class _RejectedError(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail


def read_rows(
    lines: Iterable[str],
    *,
    known_services: Collection[str],
    free_mail_domains: Collection[str],
    today: date,
) -> Iterator[Row | Reject]:
    """Read the records after the header; blank lines are skipped.

    `lines` are physical lines with their ends. Raises WrongHeaderError before the first record.
    """
    records = _records(lines)
    _check_header(next(records, (1, [])))
    for line, cells in records:
        if not any(clean_text(cell) for cell in cells):
            continue
        try:
            yield _row(line, cells, known_services, free_mail_domains, today)
        except _RejectedError as fault:
            yield Reject(line, fault.reason, fault.detail, shown(cells))


def physical_lines(stream: TextIO) -> Iterator[str]:
    """The lines of a text opened with `newline=""`; one that is far too long is cut, so memory stays flat."""
    while line := stream.readline(LINE_MAX):
        yield line
        while line and line[-1] not in "\r\n":
            line = stream.readline(LINE_MAX)


def shown(cells: Iterable[str]) -> tuple[str, ...]:
    """Cells for the rejects file: cleaned, cut, without secrets, and harmless in a spreadsheet."""
    return tuple(_shown(cell) for cell in islice(cells, len(HEADER)))


def _shown(cell: str) -> str:
    if read_subscription(cell) == Problem("secret"):
        return MASK
    text = mask_secrets(clean_text(cell))[:CELL_SHOWN_MAX]
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _check_header(record: tuple[int, list[str]]) -> None:
    found = tuple(clean_text(cell).lower() for cell in record[1])
    if found != HEADER:
        seen = mask_secrets(", ".join(found))[:DETAIL_MAX] or "nothing"
        raise WrongHeaderError(f"The first line must be the header {','.join(HEADER)}; it is: {seen}")


# --- physical lines to records ---


def _records(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record starts, and its cells.

    A quote that is never closed would swallow the rows after it. So a record over several lines counts only
    when it is whole; else its first line stands alone and the others are read again.
    """
    source = enumerate(lines, 1)
    waiting: deque[tuple[int, str]] = deque()
    while True:
        taken = _take(source, waiting, 1)
        if not taken:
            return
        cells = _parse(taken)
        if _is_open(taken[0][1]):
            taken += _take(source, waiting, RECORD_LINES_MAX - 1)
            used, whole = _parse_whole(taken)
            cells = whole or cells
            waiting.extendleft(reversed(taken[used:]))
        yield taken[0][0], cells


def _take(
    source: Iterator[tuple[int, str]], waiting: deque[tuple[int, str]], count: int
) -> list[tuple[int, str]]:
    taken = [waiting.popleft() for _ in range(min(count, len(waiting)))]
    return taken + list(islice(source, count - len(taken)))


def _is_open(line: str) -> bool:
    """Whether the line ends inside a quoted cell (a doubled quote counts twice)."""
    return line.count('"') % 2 == 1


def _parse(numbered: Iterable[tuple[int, str]]) -> list[str]:
    try:
        return next(csv.reader(line for _number, line in numbered), [])
    except csv.Error:
        return []


def _parse_whole(taken: list[tuple[int, str]]) -> tuple[int, list[str] | None]:
    """How many lines belong to the record that starts `taken`, and its cells if it is whole."""
    reader = csv.reader(line for _number, line in taken)
    try:
        cells = next(reader)
    except csv.Error:
        return 1, None
    used = reader.line_num
    swallowed = any(_stands_alone(numbered) for numbered in taken[1:used])
    return (1, None) if len(cells) != len(HEADER) or swallowed else (used, cells)


def _stands_alone(numbered: tuple[int, str]) -> bool:
    """Whether a line that a quote took in is a whole row of its own."""
    cells = _parse([numbered])
    return (
        not _is_open(numbered[1])
        and len(cells) >= len(HEADER)
        and not isinstance(read_subscription(cells[HEADER.index("subscription_id")]), Problem)
    )


# --- records to rows ---


def _row(
    line: int, cells: list[str], known: Collection[str], free_mail_domains: Collection[str], today: date
) -> Row:
    if len(cells) < len(HEADER):
        raise _RejectedError("columns", f"{len(cells)} of {len(HEADER)} columns")
    customer, website, country, sector, contact, mail, subscription, services, day = cells[: len(HEADER)]
    guid = _subscription(subscription)
    name, name_changed = _text(customer, NAME_MAX)
    if not name or name == MASK:
        raise _RejectedError("name", "the customer has no name")
    listed, unknown = _services(services, known)
    first_used_on = _day(day, today)
    contact_name, contact_changed = _text(contact, CONTACT_NAME_MAX)
    address, address_changed = _website(website)
    emails, mail_changed = _emails(mail)
    own = tuple(d for d in map(email_domain, emails) if not is_free_mail(d, free_mail_domains))
    code, country_doubt = _country(country)
    kind = _sector(sector)
    changed = {
        "customer": name_changed,
        "website": address_changed,
        "contact_name": contact_changed,
        "contact_email": mail_changed,
        "columns": any(clean_text(cell) for cell in cells[len(HEADER) :]),
    }
    attention: list[Attention] = [(AttentionCode.CLEANED, field) for field, is_so in changed.items() if is_so]
    attention += [(AttentionCode.UNKNOWN_SERVICE, service) for service in unknown]
    attention += [(AttentionCode.FREE_MAIL, d) for d in map(email_domain, emails) if d not in own]
    if not emails:
        attention.append((AttentionCode.NO_CONTACT, guid))
    if country_doubt:
        attention.append((AttentionCode.COUNTRY, _detail(country)))
    if not kind:
        attention.append((AttentionCode.SECTOR, _detail(sector)))
    return Row(
        line=line,
        name=name,
        key=name_key(name)[:NAME_MAX],
        website=address,
        country=code,
        sector=kind,
        contact_name=contact_name,
        emails=emails,
        domains=own,
        subscription=guid,
        services=listed + tuple(filter(_LIKE_A_CODE.fullmatch, unknown)),
        first_used_on=first_used_on,
        attention=tuple(dict.fromkeys(attention)),
        raw=cells,
    )


_PROBLEMS: Final = {
    "empty": "no subscription id",
    "secret": "an API key stands in place of the subscription id; it was not kept",
    "tenant": "this is a tenant id, not a subscription id",
    "nil": "the subscription id is all zeros",
    "several": "more than one subscription id",
    "not_a_guid": "not a subscription id (8-4-4-4-12 hexadecimal digits)",
}


def _subscription(cell: str) -> Guid:
    read = read_subscription(cell)
    if isinstance(read, Problem):
        raise _RejectedError("secret" if read.code == "secret" else "subscription", _PROBLEMS[read.code])
    return read


def _text(cell: str, limit: int) -> tuple[str, bool]:
    """The cleaned text, and whether cleaning took out more than blanks."""
    cleaned = clean_text(cell)
    text = mask_secrets(cleaned)[:limit].rstrip()
    return text, text != cleaned or "\ufffd" in text or loses_characters(cell)


def _services(cell: str, known: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The known codes and the others, each once. Read without regard to case and blanks."""
    parts = ("".join(part.split()).lower() for part in clean_text(cell).split(";"))
    codes = dict.fromkeys(filter(None, parts))
    listed = tuple(code for code in codes if code in known)
    if not listed:
        raise _RejectedError("service", "no known service" if codes else "no service")
    unknown = (_detail(code) for code in codes if code not in known)
    return listed, tuple(dict.fromkeys(islice(unknown, PARTS_MAX)))


def _day(cell: str, today: date) -> date:
    text = clean_text(cell)
    if not text:
        raise _RejectedError("date", "no date of first use")
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise _RejectedError("date", "not a date in the form 2021-06-17")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _RejectedError("date", f"there is no day {text}") from None
    if day > today:
        raise _RejectedError("date", f"{text} is in the future")
    return day


def _website(cell: str) -> tuple[str, bool]:
    text, changed = _text(cell, WEBSITE_MAX + 1)
    scheme = text.partition("://")[0].lower() if "://" in text else "https"
    if not text or (scheme in {"http", "https"} and len(text) <= WEBSITE_MAX and read_domain(text)):
        return text, changed
    return "", True


def _emails(cell: str) -> tuple[tuple[str, ...], bool]:
    """The addresses in the cell, and whether it held anything besides."""
    text = clean_text(cell)
    parts = [part for part in re.split(r"[;,\s<>]+", text) if part][:PARTS_MAX]
    emails = tuple(dict.fromkeys(filter(None, map(normalise_email, parts))))
    return emails, bool(text) and (len(emails) != len(parts) or loses_characters(cell))


def _country(cell: str) -> tuple[str, bool]:
    """The code, and whether somebody should look: it is not known, or was taken from a name."""
    text = clean_text(cell)
    code = country_code(text)
    return code, not code or code != text.upper()


def _sector(cell: str) -> str:
    code = "-".join(clean_text(cell).lower().replace("_", " ").replace("-", " ").split())
    return code if code in Sector.values else ""


def _detail(cell: str) -> str:
    return mask_secrets(clean_text(cell))[:DETAIL_MAX]
