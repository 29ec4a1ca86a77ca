"""Sign-up, confirmation, sign-in, reset: what a person at the door sees, and what it tells about others."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import hashers
from django.test import Client
from django.urls import reverse

from applications.enums import AttentionCode, MessageKind, Role
from applications.models import (
    Attention,
    Contact,
    Customer,
    JoinRequest,
    MailDomain,
    Membership,
    OutboundMessage,
    PolicyEdition,
    User,
)
from portal.accounts import enrol_totp
from tests import factories

pytestmark = pytest.mark.usefixtures("edition_row", "frozen_clock")

NEW = "mira@havfisk.example"
SIGN_UP = {"name": "Mira Solheim", "email": NEW, "password1": factories.PASSWORD}


def sign_up(client: Client, email: str = NEW, **more: str):
    return client.post(reverse("account_signup"), {**SIGN_UP, "email": email, **more}, follow=True)


def confirm(client: Client, email: str = NEW):
    key = EmailConfirmationHMAC(EmailAddress.objects.get(email=email)).key
    address = reverse("account_confirm_email", args=[key])
    assert client.get(address).status_code == 200
    assert not EmailAddress.objects.filter(email=email, verified=True).exists(), "a GET confirms nothing"
    return client.post(address, follow=True)


def go_on(client: Client):
    """Past the notices that a new person is shown once."""
    return client.post(reverse("account-notices"), follow=True)


def sign_in(client: Client, email: str, password: str = factories.PASSWORD, **more: str):
    return client.post(reverse("account_login"), {"login": email, "password": password, **more}, follow=True)


def mails() -> list[tuple[str, str]]:
    return list(OutboundMessage.objects.order_by("pk").values_list("kind", "address"))


def imported(email: str, name: str = "Havfisk AS", domain: str = "") -> Customer:
    customer = factories.customer(name, domain=domain, imported=True)
    Contact.objects.create(customer=customer, email=email, name="Mira Solheim")
    return customer


# --- Sign-up ---


def test_a_new_person_signs_up_confirms_names_the_organisation_and_owns_it(client: Client) -> None:
    page = sign_up(client)
    assert page.redirect_chain == [(reverse("account_email_verification_sent"), 302)]
    assert mails() == [(MessageKind.ACCOUNT_CONFIRM, NEW)]
    user = User.objects.get(email=NEW)
    assert user.name == "Mira Solheim"
    assert user.joined_at == factories.NOW

    page = confirm(client)
    assert page.redirect_chain[-1][0].startswith(reverse("account-notices"))
    page = go_on(client)
    assert page.redirect_chain[-1] == (reverse("organisation"), 302)

    answer = {"name": "Havfisk AS", "website": "havfisk.example", "country": "NO", "sector": "commercial"}
    assert client.post(reverse("organisation"), answer).status_code == 302
    membership = Membership.objects.get(user=user)
    assert (membership.role, membership.customer.name) == (Role.OWNER, "Havfisk AS")
    assert membership.customer.imported_at is None
    assert list(MailDomain.objects.values_list("domain", flat=True)) == ["havfisk.example"]


def test_without_confirmation_nobody_comes_in(client: Client) -> None:
    sign_up(client)
    page = sign_in(Client(), NEW)
    assert page.redirect_chain == [(reverse("account_email_verification_sent"), 302)]
    assert "_auth_user_id" not in page.client.session


def test_free_mail_is_refused_at_the_field_with_why_and_what_to_do(client: Client) -> None:
    page = sign_up(client, "mira@gmail.com")
    assert page.redirect_chain == []
    error = page.context["form"].errors["email"][0]
    assert error.startswith("This is a free-mail address.")
    assert "your organisation" in error
    body = page.content.decode()
    assert 'href="#id_email"' in body
    assert 'value="mira@gmail.com"' in body, "nothing typed is lost"
    assert 'value="Mira Solheim"' in body
    assert mails() == []


@pytest.mark.parametrize("email", ["MIRA@GMAIL.COM", "mira@sub.gmail.com", " mira@gmail.com "])
def test_free_mail_is_known_in_every_spelling(client: Client, email: str) -> None:
    assert "free-mail" in sign_up(client, email).context["form"].errors["email"][0]


def test_an_imported_contact_with_free_mail_claims_the_customer_and_owes_an_organisation_address(
    client: Client,
) -> None:
    customer = imported("mira@gmail.com")
    sign_up(client, "mira@gmail.com")
    confirm(Client(), "mira@gmail.com")  # on another device: it takes no sign-in
    user = User.objects.get(email="mira@gmail.com")
    assert Membership.objects.get(user=user, customer=customer).role == Role.OWNER
    assert Contact.objects.get().claimed_by == user


def test_a_second_contact_becomes_editor(client: Client) -> None:
    customer = imported("first@havfisk.example")
    Contact.objects.create(customer=customer, email="second@havfisk.example")
    for email in ("first@havfisk.example", "second@havfisk.example"):
        browser = Client()
        sign_up(browser, email)
        confirm(browser, email)
    roles = Membership.objects.filter(customer=customer).order_by("pk").values_list("role", flat=True)
    assert list(roles) == [Role.OWNER, Role.EDITOR]


def test_a_sign_up_at_a_customers_domain_asks_its_owners(
    client: Client, owner: User, nordlys: Customer
) -> None:
    sign_up(client, "new@nordlys.example")
    confirm(client, "new@nordlys.example")
    page = go_on(client)
    asked = JoinRequest.objects.get()
    assert (asked.customer, asked.user.email) == (nordlys, "new@nordlys.example")
    assert (MessageKind.JOIN_REQUESTED, owner.email) in mails()
    assert not Membership.objects.filter(user=asked.user).exists()
    assert "We asked the owners" in page.content.decode()
    assert nordlys.name not in page.content.decode(), "the name of a customer is for its members"


def test_without_an_owner_operators_find_the_request(client: Client, nordlys: Customer) -> None:
    sign_up(client, "new@nordlys.example")
    confirm(client, "new@nordlys.example")
    asked = JoinRequest.objects.get()
    attention = Attention.objects.get(code=AttentionCode.JOIN_REQUEST)
    assert (attention.customer, attention.detail) == (nordlys, str(asked.pk))
    assert [kind for kind, _ in mails()] == [MessageKind.ACCOUNT_CONFIRM]


def test_a_contact_imported_after_the_sign_up_is_found_at_the_next_sign_in(client: Client) -> None:
    sign_up(client)
    confirm(client)
    customer = imported(NEW)
    sign_in(Client(), NEW)
    assert Membership.objects.get(user__email=NEW, customer=customer).role == Role.OWNER


def test_who_shows_the_address_takes_it_from_who_only_typed_it(client: Client, owner: User) -> None:
    sign_up(Client(), "second@nordlys.example")
    squatter = User.objects.get(email="second@nordlys.example")
    mine = EmailAddress.objects.create(user=owner, email="second@nordlys.example")
    address = reverse("account_confirm_email", args=[EmailConfirmationHMAC(mine).key])
    client.post(address)
    mine.refresh_from_db()
    assert mine.verified
    assert not User.objects.filter(pk=squatter.pk).exists()


# --- What the door tells about others ---


def body_of(page, *tokens: str) -> str:
    text = page.content.decode()
    for token in tokens:
        text = text.replace(token, "TOKEN")
    return text


def without_csrf(page) -> str:
    return body_of(page, str(page.context["csrf_token"])) if page.context else body_of(page)


def test_a_known_address_at_sign_up_gets_the_same_page_and_a_mail(owner: User) -> None:
    known, unknown = sign_up(Client(), owner.email), sign_up(Client(), "nobody@nordlys.example")
    assert known.redirect_chain == unknown.redirect_chain
    assert known.status_code == unknown.status_code
    assert without_csrf(known) == without_csrf(unknown)
    assert mails() == [
        (MessageKind.ACCOUNT_EXISTS, owner.email),
        (MessageKind.ACCOUNT_CONFIRM, "nobody@nordlys.example"),
    ]


def test_a_known_and_an_unknown_address_at_reset_get_the_same_page_and_a_mail(owner: User) -> None:
    pages = [
        Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in (owner.email, "nobody@nordlys.example")
    ]
    assert without_csrf(pages[0]) == without_csrf(pages[1])
    assert pages[0].redirect_chain == pages[1].redirect_chain
    assert mails() == [
        (MessageKind.ACCOUNT_RESET, owner.email),
        (MessageKind.ACCOUNT_UNKNOWN, "nobody@nordlys.example"),
    ]


def test_a_wrong_password_and_an_unknown_address_look_alike(owner: User) -> None:
    known, unknown = (
        sign_in(Client(), owner.email, "wrong"),
        sign_in(Client(), "nobody@nordlys.example", "wrong"),
    )
    assert known.context["form"].errors == unknown.context["form"].errors
    assert known.status_code == unknown.status_code
    same = without_csrf(unknown).replace("nobody@nordlys.example", owner.email)
    assert without_csrf(known) == same


@pytest.mark.parametrize("door", ["sign_up", "sign_in", "reset"])
def test_known_and_unknown_cost_the_same_number_of_hashings(owner: User, door: str) -> None:
    def hashings(email: str) -> int:
        algorithm = hashers.get_hasher()
        with mock.patch.object(
            type(algorithm), "encode", autospec=True, side_effect=type(algorithm).encode
        ) as hashed:
            if door == "sign_up":
                sign_up(Client(), email)
            elif door == "sign_in":
                sign_in(Client(), email, "wrong")
            else:
                Client().post(reverse("account_reset_password"), {"email": email})
        return hashed.call_count

    assert hashings(owner.email) == hashings("nobody@nordlys.example") == {"reset": 0}.get(door, 1)


# --- Passwords ---


@pytest.mark.parametrize(
    "password",
    [
        "sea plum tram",
        "ø" * 64 + "kq v",
        "correct horse battery staple " * 4 + "0123456789ab",
        "🐟 fisk på land",
        "zq8ymv2k",
    ],
)
def test_long_odd_and_plain_passwords_are_taken(client: Client, password: str) -> None:
    assert sign_up(client, password1=password).redirect_chain


@pytest.mark.parametrize(
    "password", ["zq8ymv2", "password", "password123", "mira@havfisk.example", "12345678"]
)
def test_short_common_and_telling_passwords_are_refused(client: Client, password: str) -> None:
    assert "password1" in sign_up(client, password1=password).context["form"].errors


# --- Sign-in ---


def test_sign_in_gives_a_new_session_and_sign_out_ends_it(client: Client, owner: User) -> None:
    client.get(reverse("account_login"))
    sign_in(client, owner.email)
    during = client.session.session_key
    assert client.get(reverse("team")).status_code == 200
    cookies = client.cookies.copy()
    left = client.post(reverse("account_logout"))
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    old = Client()
    old.cookies = cookies
    assert old.cookies["session"].value == during
    assert old.get(reverse("team")).status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "https://localhost@evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "/%09/evil.example\t",
        "http:///evil.example",
    ],
)
def test_next_leads_to_our_own_pages_only(client: Client, owner: User, target: str) -> None:
    page = client.post(
        reverse("account_login"), {"login": owner.email, "password": factories.PASSWORD, "next": target}
    )
    assert page.status_code == 302
    assert page.headers["Location"] in (reverse("account-start"), "/%09/evil.example%09")


def test_next_leads_on_to_the_page_that_was_asked_for(client: Client, owner: User) -> None:
    page = client.post(
        reverse("account_login"),
        {"login": owner.email, "password": factories.PASSWORD, "next": reverse("team")},
    )
    assert page.headers["Location"] == reverse("team")


def test_guessing_from_elsewhere_does_not_lock_the_owner_out(owner: User) -> None:
    for _ in range(6):
        guess = sign_in(Client(REMOTE_ADDR="203.0.113.9"), owner.email, "wrong")
    assert "Too many tries" in str(guess.context["form"].errors)
    page = sign_in(Client(REMOTE_ADDR="203.0.113.9"), owner.email)
    assert "_auth_user_id" not in page.client.session, "from there not even with the right one"
    page = sign_in(Client(REMOTE_ADDR="198.51.100.4"), owner.email)
    assert "_auth_user_id" in page.client.session


def test_guessing_from_everywhere_is_limited_and_a_new_password_lets_the_owner_in(owner: User) -> None:
    for number in range(30):
        sign_in(Client(REMOTE_ADDR=f"203.0.113.{number}"), owner.email, "wrong")
    page = sign_in(Client(REMOTE_ADDR="198.51.100.4"), owner.email)
    assert "Too many tries" in str(page.context["form"].errors)
    set_new_password(Client(REMOTE_ADDR="198.51.100.4"), reset_path(owner), "a wholly new sentence")
    page = sign_in(Client(REMOTE_ADDR="198.51.100.4"), owner.email, "a wholly new sentence")
    assert "_auth_user_id" in page.client.session


# --- Reset ---


def reset_path(user: User) -> str:
    token = default_token_generator.make_token(user)
    return reverse(
        "account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token}
    )


def set_new_password(client: Client, path: str, password: str):
    page = client.get(path, follow=True)
    target = page.redirect_chain[-1][0] if page.redirect_chain else path
    return client.post(target, {"password1": password, "password2": password}, follow=True)


def test_a_reset_works_once_ends_other_sessions_and_tells_the_person(
    owner: User, sign_in: Callable[[User], Client]
) -> None:
    elsewhere = sign_in(owner)
    path = reset_path(owner)
    page = set_new_password(Client(), path, "a wholly new sentence")
    assert page.redirect_chain == [(reverse("account_reset_password_from_key_done"), 302)]
    owner.refresh_from_db()
    assert owner.check_password("a wholly new sentence")
    assert elsewhere.get(reverse("team")).status_code == 302
    notice = OutboundMessage.objects.get(kind=MessageKind.ACCOUNT_NOTICE)
    assert (notice.user, notice.context["event"]) == (owner, "password_reset")

    again = Client().get(path, follow=True)
    assert "not valid any more" in again.content.decode()
    set_new_password(Client(), path, "another new sentence")
    owner.refresh_from_db()
    assert owner.check_password("a wholly new sentence")


def test_a_reset_link_lives_one_hour(owner: User, settings) -> None:
    path = reset_path(owner)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "not valid any more" in Client().get(path, follow=True).content.decode()


def test_a_reset_is_no_way_round_the_second_factor(reviewer: User) -> None:
    enrol_totp(reviewer, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    browser = Client()
    set_new_password(browser, reset_path(reviewer), "a wholly new sentence")
    page = sign_in(browser, reviewer.email, "a wholly new sentence")
    assert page.redirect_chain[-1] == (reverse("mfa_authenticate"), 302)
    assert "_auth_user_id" not in browser.session


def test_account_mails_are_rows_that_hold_no_link(owner: User) -> None:
    sign_up(Client())
    Client().post(reverse("account_reset_password"), {"email": owner.email})
    for row in OutboundMessage.objects.all():
        assert (row.subject, row.body) == ("", "")
        assert set(row.context) <= {"address", "user", "event", "language"}


# --- Bad input ---


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "a\x00b@x.example",
        "\u202egpj",
        "🐟" * 300,
        "x" * 100_000,
        "<script>alert(1)</script>",
        "a@b",
        "ab@[1]",
    ],
)
@pytest.mark.parametrize("field", ["name", "email", "password1"])
def test_no_text_breaks_the_door(client: Client, field: str, text: str) -> None:
    assert client.post(reverse("account_signup"), {**SIGN_UP, field: text}).status_code in (200, 302)
    assert client.post(reverse("account_login"), {"login": text, "password": text}).status_code in (200, 302)
    assert client.post(reverse("account_reset_password"), {"email": text}).status_code in (200, 302)


@pytest.mark.parametrize("name", ["account_signup", "account_login", "account_reset_password"])
def test_without_an_edition_the_door_says_so(client: Client, name: str) -> None:
    PolicyEdition.objects.all().update(in_force=False)
    assert client.get(reverse(name)).status_code == 200
    assert "email" in sign_up(client).context["form"].errors
