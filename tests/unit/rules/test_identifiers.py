"""What people paste, brought to one form; no secret comes out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.rules import identifiers
from applications.rules.identifiers import Problem, clean_text, mask_secrets, read_subscription

GUID = "dc4d27d9-ea49-4921-938f-7782a774e151"
OTHER = "0172a918-d6f2-4770-8889-741ea9c6e78d"
KEY = "a17045e285da06fb704407081bfebe9a"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Věra  Tanaka\u202e ", "Věra Tanaka"),
        ("a\x00b\x07c\x1b[0m", "abc[0m"),
        ("one\r\ntwo\tthree\u2028four", "one two three four"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),  # taken out, the two letters compose
        ("bad \ud800 half", "bad half"),
        ("soft\u00adhyphen\ufeff\u2060", "softhyphen"),
        ("\u3164\u2800\u00a0\u3000", ""),
        ("non\ufffecharacter\ufdd0", "noncharacter"),
        ("x\u200dy\u200cz", "xyz"),
        ("👩\u200d\ufe0f", "👩"),  # one goes, and then the other shapes nothing any more
        ("a\ufe0f", "a"),
        ("family 👨‍👩‍👧 flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿 key 1️⃣ ©️", "family 👨‍👩‍👧 flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿 key 1️⃣ ©️"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        ('=HYPERLINK("http://evil.example")', '=HYPERLINK("http://evil.example")'),
        ("", ""),
    ],
)
def test_clean_text_keeps_what_is_seen_and_takes_out_what_is_not(raw, clean):
    assert clean_text(raw) == clean


def test_clean_text_of_several_lines_keeps_paragraphs():
    assert clean_text(" a \r\nb\x0b\n\n\n\n  c\u2028d ", multiline=True) == "a\nb\n\nc\nd"


UNSEEN = st.text(
    st.sampled_from("ab é\u0301\u200d\u200c\u200b\ufe0f👩🏽\U000e0041\U0001f3f4\u202e\x00\n\r\u3164क्\ud800")
)


@given(UNSEEN | st.text(), st.booleans())
def test_clean_text_twice_changes_nothing_more(raw, multiline):
    once = clean_text(raw, multiline=multiline)
    assert clean_text(once, multiline=multiline) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode("utf-8")
    assert not {"\x00", "\u202e", "\u2066", "\u200b"} & set(once)


@pytest.mark.parametrize(
    ("raw", "loses"), [(" two  blanks ", False), ("e\u0301", False), ("bidi\u202e", True), ("n\x00ul", True)]
)
def test_loses_characters_is_silent_about_blanks(raw, loses):
    assert identifiers.loses_characters(raw) is loses


@pytest.mark.parametrize(
    "raw",
    [
        GUID,
        GUID.upper(),
        f"  {GUID}\n",
        f"{{{GUID}}}",
        f'"{GUID}",',
        f"\u201c{GUID}\u201d",
        f"Subscription ID: {GUID}",
        f"urn:uuid:{GUID}",
        GUID.replace("-", "\u2013"),
        GUID.replace("-", " - "),
        f"\u202e{GUID}\u200b",
        "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in GUID),
        f"/subscriptions/{GUID}",
        f"/SUBSCRIPTIONS/{GUID.upper()}/resourceGroups/rg-prod/providers/Microsoft.CognitiveServices",
        f"https://portal.example/#@{OTHER}/resource/subscriptions/{GUID}/resourceGroups/{KEY}",
    ],
)
def test_read_subscription_takes_the_guid_out(raw):
    assert read_subscription(raw) == GUID


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "empty"),
        (" \u3164{}", "empty"),
        (KEY, "secret"),
        (KEY.upper(), "secret"),
        (f"{{{KEY}}}", "secret"),
        (f"{KEY[:16]} {KEY[16:]}", "secret"),
        (f"{KEY[:16]}\u200b{KEY[16:]}", "secret"),
        (f"key1 = {KEY}", "secret"),
        (f"{GUID} {KEY}", "secret"),
        (f"Bearer {TOKEN}", "secret"),
        ("Aa1" * 28, "secret"),
        (f"https://login.vendor.example/{GUID}", "tenant"),
        (f"Tenant ID: {GUID}", "tenant"),
        ("00000000-0000-0000-0000-000000000000", "nil"),
        ("/subscriptions/00000000-0000-0000-0000-000000000000/x", "nil"),
        (f"{GUID} {OTHER}", "several"),
        (GUID[:-1], "not_a_guid"),
        (GUID + "0", "not_a_guid"),
        (GUID.replace("-", "", 1), "not_a_guid"),
        (f"/subscriptions/{GUID}0/x", "not_a_guid"),
        ("g" + GUID[1:], "not_a_guid"),
        ("face01", "not_a_guid"),
        ("x" * 100_000, "not_a_guid"),
    ],
)
def test_read_subscription_says_by_code_what_is_wrong(raw, code):
    problem = read_subscription(raw)
    assert problem == Problem(code)
    assert KEY not in repr(problem).lower()


@given(st.uuids())
def test_a_key_is_never_taken_for_a_guid(value):
    assert read_subscription(value.hex) == Problem("secret")
    assert read_subscription(str(value)) == (str(value) if value.int else Problem("nil"))


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        KEY[:-2],
        KEY * 2,
        f"Bearer {'ab1-' * 6}",
        TOKEN,
        "AccountKey=abcd1234efgh",
        "password: hunter2hunter2",
        "sig=ab%2Bcd1234567",
        "Q" * 43 + "=",
        "Zm9vYmFyYmF6" * 4,
    ],
)
def test_mask_secrets_hides_keys_and_tokens(secret):
    masked = mask_secrets(f"before {secret} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert secret not in masked
    assert masked.count("***") == 1


@pytest.mark.parametrize(
    "text", [GUID, f"/subscriptions/{GUID}/resourceGroups/rg", "We built a face search.", "LA-7F3K-92QD"]
)
def test_mask_secrets_leaves_the_rest(text):
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        (" Ivo.Zajac@Ravel.Example ", "ivo.zajac@ravel.example"),
        ("mailto:a@b.example", "a@b.example"),
        ("<a+tag@b.example>", "a+tag@b.example"),
        ("\uff41@b.example", "a@b.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@b\u202e.example", "a@b.example"),
        ("", ""),
        ("a", ""),
        ("a@b", ""),
        ("a@b@c.example", ""),
        ("a..b@c.example", ""),
        (".a@c.example", ""),
        ("żółw@c.example", ""),
        ("a b@c.example", ""),
        ("a@10.0.0.1", ""),
        ("a@-b.example", ""),
        ("a@" + "ü" * 70 + ".example", ""),
        ("a" * 65 + "@c.example", ""),
        ("a@" + "b." * 130 + "example", ""),
        ("a" * 100_000 + "@c.example", ""),
        ('a"<script>@c.example', ""),
        ("a\r\nBcc: x@c.example", ""),
    ],
)
def test_normalise_email(raw, email):
    assert identifiers.normalise_email(raw) == email


def test_normalise_email_refuses_the_endless_before_it_reads(monkeypatch):
    monkeypatch.setattr(identifiers, "clean_text", lambda _raw: pytest.fail("read"))
    assert identifiers.normalise_email("a" * 321) == ""


def test_email_domain():
    assert identifiers.email_domain("ana@ravel.example") == "ravel.example"


@pytest.mark.parametrize(
    ("domain", "free"),
    [
        ("freemail.example", True),
        ("eu.freemail.example", True),
        ("FreeMail.example.", True),
        ("notfreemail.example", False),
        ("example", False),
        ("", False),
    ],
)
def test_is_free_mail_includes_what_lies_below(domain, free):
    assert identifiers.is_free_mail(domain, {"freemail.example"}) is free


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.Ravel.example/a?b#c", "ravel.example"),
        ("ravel.example", "ravel.example"),
        ("ravel.example:8443/x", "ravel.example"),
        ("https://user:pass@ravel.example", "ravel.example"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("http://[::1", ""),
        ("http://10.0.0.1/", ""),
        ("localhost", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
        ("x" * 5000, ""),
    ],
)
def test_read_domain(website, domain):
    assert identifiers.read_domain(website) == domain


def test_name_key_folds_case_width_punctuation_and_blanks():
    spellings = ["Ravel  Film, Inc.", "RAVEL FILM INC", "Ｒavel-Film Inc", "ravel\u200b film\u202e inc."]
    assert {identifiers.name_key(name) for name in spellings} == {"ravel film inc"}
    assert identifiers.name_key("❤\ufe0f Film") == identifiers.name_key("❤ film")


@pytest.mark.parametrize(
    ("name", "mixes"),
    [
        ("Nordlys Airports A/S", False),
        ("N\u043erdlys Airports", True),
        ("Nordlys \u0410\u044d\u0440\u043e\u043f\u043e\u0440\u0442", False),
        ("\u039dordlys", True),
        ("Zaj\u0105c \u0131stanbul", False),
        ("\u307f\u306a\u3068TV \u653e\u9001", False),
        ("", False),
    ],
)
def test_a_word_of_two_scripts_is_noticed(name, mixes):
    assert identifiers.mixes_scripts(name) is mixes


def test_name_key_keeps_apart_what_differs():
    names = ["Zając", "Zajac", "A+B", "A B", "...", "???", '=HYPERLINK("x") Ravel', "Ravel"]
    assert len({identifiers.name_key(name) for name in names}) == len(names)


def test_search_key_finds_without_accents():
    assert identifiers.search_key("Łąka Straße Þór ivo@ravel.es") == "laka strasse thor ivo ravel es"


def test_new_reference_is_forty_bits_in_letters_nobody_confuses():
    assert (
        identifiers.new_reference(lambda count: bytes([0x12, 0xFF, 0x33, 0x81, 0x05])[:count])
        == "LA-2BZK-7085"
    )
    assert identifiers.new_reference(bytes) == "LA-0000-0000"
    assert identifiers.new_reference(lambda count: b"\xff" * count) == "LA-ZZZZ-ZZZZ"


@given(st.binary(min_size=5, max_size=5))
def test_a_reference_read_back_is_itself(noise):
    reference = identifiers.new_reference(lambda _count: noise)
    assert not set("ILOU") & set(reference.removeprefix("LA"))
    assert identifiers.read_reference(reference) == reference
    assert identifiers.read_reference(f" {reference.lower().replace('-', ' ')} ") == reference


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("la-7f3k-92qo", "LA-7F3K-92Q0"),
        ("7F3KI2QD", "LA-7F3K-12QD"),
        ("LA-7F3K", ""),
        ("LA-7F3K-92Q!", ""),
        ("", ""),
    ],
)
def test_read_reference_forgives_what_is_misread(typed, reference):
    assert identifiers.read_reference(typed) == reference
