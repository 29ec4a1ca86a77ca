"""Dates as a calendar file (RFC 5545): UTC instants, a UID that stays, lines folded at 75 octets (floor 1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_FORMAT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Entry:
    """One instant, with an alarm a day before. The same `uid` again moves the entry instead of doubling it."""

    uid: str
    at: datetime
    title: str
    text: str
    address: str


def calendar_file(entries: Iterable[Entry], now: datetime) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Limited Access Portal//EN", "CALSCALE:GREGORIAN"]
    for one in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{one.uid}",
            f"DTSTAMP:{now.strftime(_FORMAT)}",
            f"DTSTART:{one.at.strftime(_FORMAT)}",
            f"DTEND:{one.at.strftime(_FORMAT)}",
            f"SUMMARY:{_escaped(one.title)}",
            f"DESCRIPTION:{_escaped(one.text)}",
            f"URL:{one.address}",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_escaped(one.title)}",
            "TRIGGER:-P1D",
            "END:VALARM",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _escaped(text: str) -> str:
    for char in ("\\", ";", ","):
        text = text.replace(char, f"\\{char}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    parts, length = [""], 0
    for char in line:
        octets = len(char.encode())
        if length + octets > 74:
            parts.append("")
            length = 1
        parts[-1] += char
        length += octets
    return "\r\n ".join(parts)
