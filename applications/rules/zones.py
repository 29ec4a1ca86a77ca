"""Which time zone a person lives in, as far as we know it; and the countries of the world."""

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# The table lists zones from east to west here, so its first one is where few people live.
_MOST_PEOPLE = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "RU": "Europe/Moscow",
}


def zone_for(*, contact_zone: str = "", country: str = "", edition_zone: str) -> ZoneInfo:
    """The contact's own zone, else the country's (where most people live), else the edition's."""
    return find_zone(contact_zone) or find_zone(_zones().get(country.upper(), "")) or ZoneInfo(edition_zone)


def find_zone(key: str) -> ZoneInfo | None:
    """The zone of this name, or None when the tz database has none."""
    if not key or not key.isascii():
        return None
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def country_code(text: str) -> str:
    """The two-letter code of a country given by code or by English name, or "" when it is not known."""
    if text.upper() in countries():
        return text.upper()
    return _codes_by_name().get(text.casefold(), "")


@cache
def countries() -> dict[str, str]:
    """ISO 3166 codes and English names, from the tz database."""
    return {row[0]: row[1] for row in _table("iso3166.tab")}


@cache
def _codes_by_name() -> dict[str, str]:
    return {name.casefold(): code for code, name in countries().items()}


@cache
def _zones() -> dict[str, str]:
    first: dict[str, str] = {}
    for code, _position, zone, *_comment in _table("zone.tab"):
        first.setdefault(code, zone)
    return first | _MOST_PEOPLE


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone where people live, for a person to choose theirs."""
    return tuple(sorted({"UTC", *(row[2] for row in _table("zone.tab"))}))


def _table(name: str) -> list[tuple[str, ...]]:
    text = resources.files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return [tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#")]
