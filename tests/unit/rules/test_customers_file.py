"""The customers file, record by record: what is rejected, what is listed, and what comes through."""

import io
from datetime import date

import pytest

from applications.enums import AttentionCode as A
from applications.rules import customers_file
from applications.rules.customers_file import Reject, Row, WrongHeaderError, physical_lines, read_rows
from tests.customers_file import GUID, KEY, OTHER_GUID, record, text

TODAY = date(2022, 9, 1)
KNOWN = {"face", "computer-vision", "video-indexer"}


def read(content, *, today=TODAY):
    stream = io.StringIO(content, newline="")
    return list(
        read_rows(
            physical_lines(stream),
            known_services=KNOWN,
            free_mail_domains={"freemail.example"},
            today=today,
        )
    )


def one(**fields):
    (item,) = read(text(record(**fields)))
    return item


def test_a_good_row_comes_through_whole():
    row = one(
        subscription_id=f"/subscriptions/{GUID.upper()}/resourceGroups/rg", services=" Face ; Video-Indexer ;"
    )
    assert isinstance(row, Row)
    assert (row.line, row.name, row.key) == (2, "Nordlys Airports A/S", "nordlys airports a s")
    assert (row.website, row.country, row.sector) == ("https://www.nordlys.example", "DK", "commercial")
    assert (row.contact_name, row.emails, row.domains) == (
        "Henrik Aagaard",
        ("henrik@nordlys.example",),
        ("nordlys.example",),
    )
    assert (row.subscription, row.services) == (GUID, ("face", "video-indexer"))
    assert row.first_used_on == date(2021, 6, 17)
    assert row.attention == ()


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"subscription_id": ""}, "subscription", "no subscription id"),
        (
            {"subscription_id": "face01"},
            "subscription",
            "not a subscription id (8-4-4-4-12 hexadecimal digits)",
        ),
        ({"subscription_id": f"tenant {GUID}"}, "subscription", "this is a tenant id, not a subscription id"),
        ({"subscription_id": f"{GUID} {OTHER_GUID}"}, "subscription", "more than one subscription id"),
        (
            {"subscription_id": "00000000-0000-0000-0000-000000000000"},
            "subscription",
            "the subscription id is all zeros",
        ),
        (
            {"subscription_id": KEY},
            "secret",
            "an API key stands in place of the subscription id; it was not kept",
        ),
        ({"services": ""}, "service", "no service"),
        ({"services": " ; "}, "service", "no service"),
        ({"services": "speech"}, "service", "no known service"),
        ({"first_used_on": ""}, "date", "no date of first use"),
        ({"first_used_on": "yesterday"}, "date", "not a date in the form 2021-06-17"),
        ({"first_used_on": "31/12/2021"}, "date", "not a date in the form 2021-06-17"),
        ({"first_used_on": "20211231"}, "date", "not a date in the form 2021-06-17"),
        ({"first_used_on": "2021-02-30"}, "date", "there is no day 2021-02-30"),
        ({"first_used_on": "2022-09-02"}, "date", "2022-09-02 is in the future"),
        ({"customer": ""}, "name", "the customer has no name"),
        ({"customer": "\u200b\u202e \u3164"}, "name", "the customer has no name"),
        ({"customer": KEY}, "name", "the customer has no name"),
    ],
)
def test_a_row_is_rejected_with_its_reason(fields, reason, detail):
    reject = one(**fields)
    assert isinstance(reject, Reject)
    assert (reject.line, reject.reason, reject.detail) == (2, reason, detail)
    assert len(reject.cells) == 9
    assert KEY not in repr(reject)


def test_today_is_no_future():
    assert isinstance(one(first_used_on="2022-09-01"), Row)


def test_too_few_columns_are_rejected_and_too_many_are_listed():
    short, long, blank = read(text(["short", KEY], [*record(), "more"], [*record(), "", " "]))
    assert (short.reason, short.detail, short.cells) == ("columns", "2 of 9 columns", ("short", "***"))
    assert long.attention == ((A.CLEANED, "columns"),)
    assert blank.attention == ()


@pytest.mark.parametrize(
    ("fields", "attention", "kept"),
    [
        ({"contact_email": ""}, [(A.NO_CONTACT, GUID)], {"emails": (), "domains": ()}),
        ({"contact_email": "none"}, [(A.CLEANED, "contact_email"), (A.NO_CONTACT, GUID)], {"emails": ()}),
        (
            {"contact_email": "ana@FreeMail.example"},
            [(A.FREE_MAIL, "freemail.example")],
            {"emails": ("ana@freemail.example",), "domains": ()},
        ),
        (
            {"contact_email": "Ana <ana@nordlys.example>; bo@eu.freemail.example"},
            [(A.CLEANED, "contact_email"), (A.FREE_MAIL, "eu.freemail.example")],
            {"emails": ("ana@nordlys.example", "bo@eu.freemail.example"), "domains": ("nordlys.example",)},
        ),
        (
            {"contact_email": "ana@freemail.example, bo@freemail.example"},
            [(A.FREE_MAIL, "freemail.example")],
            {"emails": ("ana@freemail.example", "bo@freemail.example")},
        ),
        ({"sector": "INTERNATIONAL_organisation"}, [], {"sector": "international-organisation"}),
        ({"country": "XX"}, [(A.COUNTRY, "XX")], {"country": ""}),
        ({"country": ""}, [(A.COUNTRY, "")], {"country": ""}),
        ({"country": "dk"}, [], {"country": "DK"}),
        ({"country": "Netherlands"}, [(A.COUNTRY, "Netherlands")], {"country": "NL"}),
        ({"sector": "church"}, [(A.SECTOR, "church")], {"sector": ""}),
        ({"sector": ""}, [(A.SECTOR, "")], {"sector": ""}),
        ({"sector": "International Organisation"}, [], {"sector": "international-organisation"}),
        ({"services": "face;speech"}, [(A.UNKNOWN_SERVICE, "speech")], {"services": ("face", "speech")}),
        ({"services": "face;<b>"}, [(A.UNKNOWN_SERVICE, "<b>")], {"services": ("face",)}),
        ({"services": f"face;{KEY}"}, [(A.UNKNOWN_SERVICE, "***")], {"services": ("face",)}),
        ({"services": "face;FACE;face"}, [], {"services": ("face",)}),
        ({"customer": " Nord\u202elys\x00 "}, [(A.CLEANED, "customer")], {"name": "Nordlys"}),
        ({"customer": "  Nordlys   Air "}, [], {"name": "Nordlys Air"}),
        ({"customer": f"Nordlys {KEY}"}, [(A.CLEANED, "customer")], {"name": "Nordlys ***"}),
        ({"customer": "N" * 201}, [(A.CLEANED, "customer")], {"name": "N" * 200}),
        ({"customer": "Nordl\ufffds"}, [(A.CLEANED, "customer")], {"name": "Nordl\ufffds"}),
        ({"contact_name": "H\u202eA"}, [(A.CLEANED, "contact_name")], {"contact_name": "HA"}),
        ({"website": "javascript:alert(1)"}, [(A.CLEANED, "website")], {"website": ""}),
        ({"website": "ftp://nordlys.example"}, [(A.CLEANED, "website")], {"website": ""}),
        ({"website": "https://nordlys.example/" + "x" * 300}, [(A.CLEANED, "website")], {"website": ""}),
        ({"website": "nordlys.example"}, [], {"website": "nordlys.example"}),
        ({"website": ""}, [], {"website": ""}),
        (
            {"customer": '=HYPERLINK("http://evil.example")'},
            [],
            {"name": '=HYPERLINK("http://evil.example")'},
        ),
    ],
)
def test_a_lesser_fault_is_listed_and_the_row_is_kept(fields, attention, kept):
    row = one(**fields)
    assert isinstance(row, Row)
    assert list(row.attention) == attention
    assert {name: getattr(row, name) for name in kept} == kept


def test_many_services_in_one_cell_are_bounded():
    row = one(services="face;" + ";".join(f"x{number}" for number in range(5000)))
    assert len(row.services) == 21


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ends_and_the_line_on_which_a_record_starts(end):
    content = text(record(), [], record(customer=f"Two{end}Lines"), ["short"], record(), end=end)
    rows = read(content)
    assert [(item.line, type(item)) for item in rows] == [(2, Row), (4, Row), (6, Reject), (7, Row)]
    assert rows[1].name == "Two Lines"


def test_lines_of_blanks_and_of_empty_cells_are_skipped():
    content = text(record()) + "   \n,,,,,,,,\n\u3164\n" + text(record()).splitlines(keepends=True)[1]
    assert [item.line for item in read(content)] == [2, 6]


def test_a_quote_that_is_never_closed_takes_one_row_and_not_those_after_it():
    good = text(record()).splitlines(keepends=True)[1]
    lines = read(text() + '"Unclosed,' + good + good * 120 + '"again,' + good)
    assert [item.line for item in lines if isinstance(item, Reject)] == [2, 123]
    assert {item.reason for item in lines if isinstance(item, Reject)} == {"columns"}
    assert len(lines) == 122


def test_a_quote_that_is_never_closed_before_a_short_row():
    rows = read(text() + '"Unclosed\nshort,row\n')
    assert [(item.line, item.reason) for item in rows] == [(2, "columns"), (3, "columns")]


def test_a_cell_may_go_over_many_lines():
    (row,) = read(text(record(customer="One\n\nTwo\nThree\nFour")))
    assert (row.line, row.name) == (2, "One Two Three Four")


def test_a_quote_that_swallows_a_whole_row_gives_it_back():
    # Line 2 opens a quote that line 4 closes; together the three would make nine columns.
    good, last = (text(record(customer=name)).splitlines(keepends=True)[1] for name in ("Good", "Last"))
    rows = read(text() + '"Acme,https://a.example,DK\n' + good + last.replace("Last", 'Last"'))
    assert [(item.line, type(item)) for item in rows] == [(2, Reject), (3, Row), (4, Row)]


def test_a_quote_inside_a_cell_is_a_letter():
    row = read(text() + ",".join(record(customer='Lars "O" Con"nor')) + "\n")[0]
    assert row.name == 'Lars "O" Con"nor'


def test_an_endless_line_is_cut_and_the_next_one_is_read(monkeypatch):
    monkeypatch.setattr(customers_file, "LINE_MAX", 200)
    rows = read(text(["x" * 1000, *record()], record()))
    assert [(item.line, type(item)) for item in rows] == [(2, Reject), (3, Row)]


@pytest.mark.parametrize(
    "cell", ["\x00", "\ud800", "x" * 90_000, "👩‍👩‍👧", "שלום\u202e", '"', "'; DROP TABLE"]
)
@pytest.mark.parametrize("column", range(9))
def test_no_cell_breaks_the_reader(cell, column):
    cells = record()
    cells[column] = cell
    (item,) = read(text(cells))
    for value in (item.name, item.contact_name) if isinstance(item, Row) else item.cells:
        value.encode("utf-8")
        assert "\x00" not in value
        assert len(value) <= 301


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'=1"),
        (KEY, "***"),
        ("a b", "a b"),
    ],
)
def test_rejected_cells_are_harmless_in_a_spreadsheet_and_hold_no_secret(cell, shown):
    assert customers_file.shown([cell]) == (shown,)


def test_a_reject_shows_the_columns_of_the_file_and_no_more():
    (reject,) = read(text([*record(services="speech"), *"abc"]))
    assert len(reject.cells) == 9


def test_a_row_says_nothing_of_what_it_read_raw():
    row = one(customer=f"Nordlys {KEY}")
    assert KEY not in repr(row)
    assert row.reject("owner", "why") == Reject(2, "owner", "why", ("***", *record()[1:]))


@pytest.mark.parametrize(
    "content",
    ["", "\n", "a,b\n", text().replace("customer", "name"), text().replace(",", ";"), text()[:-2], KEY],
)
def test_a_wrong_header_is_named(content):
    with pytest.raises(WrongHeaderError, match="customer,website,country") as caught:
        read(content)
    assert KEY not in str(caught.value)


def test_a_header_is_read_without_regard_to_case_and_blanks():
    assert read(text().upper().replace(",", " , ")) == []
