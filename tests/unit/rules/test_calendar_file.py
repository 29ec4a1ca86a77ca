"""A calendar file is read back by a reader of its own: unfolded, unescaped, in UTC."""

from datetime import UTC, datetime

from applications.rules.calendar_file import Entry, calendar_file

AT = datetime(2023, 6, 30, 23, 59, tzinfo=UTC)


def read(text: str) -> list[dict[str, str]]:
    events: list[dict[str, str]] = []
    inside = False
    for line in text.replace("\r\n ", "").split("\r\n"):
        name, _colon, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            events.append({})
        inside = line == "BEGIN:VALARM" or (inside and line != "END:VALARM")
        if events and not inside:
            events[-1][name] = value.replace("\\,", ",").replace("\\;", ";").replace("\\n", "\n")
    return events


def test_an_entry_survives_folding_and_escaping() -> None:
    text = "Ends; Identification, 顔認証, " + "é" * 200 + "\nsecond line"
    made = calendar_file(
        [Entry("end-1@portal.example", AT, "Access, ends", text, "https://portal.example/")], AT
    )
    assert max(len(line.encode()) for line in made.split("\r\n")) <= 75
    assert made.endswith("END:VCALENDAR\r\n")
    (event,) = read(made)
    assert event["DTSTART"] == event["DTEND"] == "20230630T235900Z"
    assert (event["UID"], event["SUMMARY"], event["DESCRIPTION"]) == (
        "end-1@portal.example",
        "Access, ends",
        text,
    )
