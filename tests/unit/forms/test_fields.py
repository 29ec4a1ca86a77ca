"""What people paste into the form's fields, and what is made of it."""

import pytest
from django.core.exceptions import ValidationError

from applications.forms import fields

GUID = "7b1e4c02-9d3a-4f65-8e21-0c6a5d9f3b84"
OTHER = "dc4d27d9-ea49-4921-938f-7782a774e151"
KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (GUID, [(GUID, "")]),
        (f"{GUID.upper()}  Check-in kiosks", [(GUID, "Check-in kiosks")]),
        (f"Check-in kiosks: {GUID}", [(GUID, "Check-in kiosks")]),
        (f"{GUID}\r\n\r\n{OTHER}\n", [(GUID, ""), (OTHER, "")]),
        (f"{GUID}, {OTHER};{GUID}", [(GUID, ""), (OTHER, "")]),
        (f"{GUID}\n{GUID} Later name", [(GUID, "Later name")]),
        (f"/subscriptions/{GUID}/resourceGroups/rg/providers/x", [(GUID, "")]),
        (f"{{{GUID}}}", [(GUID, "")]),
        (f"{GUID} ゲート 空港", [(GUID, "ゲート 空港")]),
        ("", []),
    ],
)
def test_subscriptions_are_read(typed, read):
    assert fields.SubscriptionsField(most=10).clean(typed) == read


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("my subscription", "Line 1 holds no subscription ID."),
        (f"{GUID}\nnonsense", "Line 2 holds no subscription ID."),
        (f"tenant id {GUID}", "Line 1 is a tenant ID."),
        ("00000000-0000-0000-0000-000000000000", "Line 1 is an empty ID."),
        (f"{GUID} or {OTHER}", "Line 1 names several IDs."),
        (KEY, "Line 1 is an API key"),
    ],
)
def test_what_is_no_subscription_is_named_by_its_line(typed, says):
    with pytest.raises(ValidationError) as refused:
        fields.SubscriptionsField(most=10).clean(typed)
    assert refused.value.messages[0].startswith(says)


def test_too_many_subscriptions_are_refused():
    with pytest.raises(ValidationError, match="Only 1 subscription fits"):
        fields.SubscriptionsField(most=1).clean(f"{GUID}\n{OTHER}")


def test_many_wrong_lines_are_told_in_a_few_words():
    with pytest.raises(ValidationError) as refused:
        fields.SubscriptionsField(most=10).clean("x\n" * 300)
    assert len(refused.value.messages) == 11
    assert refused.value.messages[-1] == "And 290 lines more."


def test_a_second_name_for_one_subscription_is_refused_and_not_dropped():
    field = fields.SubscriptionsField(most=10)
    assert field.clean(f"{GUID}\n{GUID.upper()} Kiosks\n{GUID} Kiosks\n{GUID}") == [(GUID, "Kiosks")]
    with pytest.raises(ValidationError) as refused:
        field.clean(f"{GUID} Kiosks\n{OTHER}\n{GUID} Gates")
    assert refused.value.messages == [
        "Line 3 names a subscription again: “Kiosks” and now “Gates”. Keep one name."
    ]


def test_lines_with_secrets_are_taken_out_before_anything_sees_them():
    kept, taken = fields.without_secrets(f"{GUID}\n{KEY}\nsubscription-key: {KEY}\n{OTHER}")
    assert (kept.split("\n"), taken) == ([GUID, "", "", OTHER], [2, 3])


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "ftp://example.org", "http://", "two words", "https://a b.org"]
)
def test_addresses_that_no_firm_owns_are_refused(typed):
    with pytest.raises(ValidationError, match="This is not a web address"):
        fields.WebField(most=300).clean(typed)


def test_a_web_address_without_its_scheme_is_read_as_https():
    assert fields.WebField(most=300).clean("nordlys.example/om") == "https://nordlys.example/om"


@pytest.mark.parametrize(
    ("typed", "says"), [("nobody", "not an e-mail"), ("a@gmail.com", "free mail"), ("a@x.gmail.com", "free")]
)
def test_addresses_of_persons_are_refused(typed, says):
    with pytest.raises(ValidationError, match=says):
        fields.MailField(most=254, free_mail={"gmail.com"}).clean(typed)


def test_long_text_is_measured_after_cleaning():
    field = fields.WrittenField(most=3, multiline=True)
    assert field.clean("a\x00b\u202ec") == "abc"
    with pytest.raises(ValidationError, match="too long: 4 characters. Shorten it to 3"):
        field.clean("abcd")


def test_a_tenant_is_one_guid_and_never_a_key():
    assert fields.TenantField().clean(f"Tenant: {GUID.upper()}") == GUID
    with pytest.raises(ValidationError, match="not a tenant ID"):
        fields.TenantField().clean("nonsense")
