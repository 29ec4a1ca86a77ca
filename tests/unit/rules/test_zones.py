"""Where a person lives, as far as we know it."""

from zoneinfo import available_timezones

import pytest

from applications.rules.zones import countries, country_code, find_zone, zone_for


@pytest.mark.parametrize(
    ("contact_zone", "country", "zone"),
    [
        ("Asia/Tokyo", "NL", "Asia/Tokyo"),
        ("", "NL", "Europe/Amsterdam"),
        ("", "nl", "Europe/Amsterdam"),
        ("", "US", "America/New_York"),
        ("", "AU", "Australia/Sydney"),
        ("Nowhere/Land", "XX", "UTC"),
        ("America", "", "UTC"),
        ("../../etc/passwd", "", "UTC"),
        ("a\x00b", "", "UTC"),
        ("Ünder", "", "UTC"),
    ],
)
def test_zone_for_goes_from_the_contact_to_the_country_to_the_edition(contact_zone, country, zone):
    assert zone_for(contact_zone=contact_zone, country=country, edition_zone="UTC").key == zone


def test_every_zone_can_be_found_and_every_country_with_people_has_one():
    assert all(find_zone(key) is not None for key in available_timezones())
    without = {
        code for code in countries() if zone_for(country=code, edition_zone="Etc/GMT+12").key == "Etc/GMT+12"
    }
    assert without == {"BV", "HM"}  # two islands where nobody lives


@pytest.mark.parametrize(
    ("text", "code"),
    [("NL", "NL"), ("nl", "NL"), ("Netherlands", "NL"), ("netherlands", "NL"), ("XX", ""), ("", "")],
)
def test_country_code(text, code):
    assert country_code(text) == code
