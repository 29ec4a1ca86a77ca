"""The door and the account in a real browser: passkeys, keyboards' summaries, both themes, small screens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from applications.actions import team as actions
from applications.enums import MessageKind, Role
from applications.models import Customer, JoinRequest, OutboundMessage, PolicyEdition, User
from applications.queries.team import invitation_token
from portal.accounts import enrol_totp, totp_code
from tests import factories
from tests.functional.conftest import assert_accessible, assert_fits, shoot

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SMALL = {"width": 320, "height": 640}


def sign_in(page: Page, site: str, user: User) -> None:
    page.goto(site + reverse("account_login"))
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def device(page: Page) -> None:
    """A phone or laptop that holds passkeys and asks for a finger."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_staff_add_a_passkey_and_sign_in_with_it_alone(
    page: Page, site: str, edition_row: PolicyEdition, reviewer: User
) -> None:
    device(page)
    sign_in(page, site, reviewer)
    expect(page.get_by_text("Before you go on, add a passkey")).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    page.wait_for_function("window.allauth && window.allauth.webauthn")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert_accessible(page)
    shoot(page, "account-recovery-codes")
    page.goto(site + reverse("admin:index"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "/admin/" in page.url

    page.context.clear_cookies()
    page.goto(site + reverse("account_login"))
    page.wait_for_function("window.allauth && window.allauth.webauthn")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/")


def test_a_code_of_the_app_is_the_second_step(
    page: Page, site: str, edition_row: PolicyEdition, owner: User
) -> None:
    enrol_totp(owner, SECRET)
    sign_in(page, site, owner)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_label("Code").fill(totp_code(SECRET))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/applications/")


def test_free_mail_is_refused_with_the_focus_on_the_summary(
    page: Page, site: str, edition_row: PolicyEdition
) -> None:
    page.goto(site + reverse("account_signup"))
    page.get_by_label("Your name").fill("Mira Solheim")
    page.get_by_label("Your e-mail address").fill("mira@gmail.com")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your e-mail address")).to_be_focused()
    expect(page.get_by_label("Your e-mail address")).to_have_value("mira@gmail.com")
    assert_accessible(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_door_is_accessible_and_fits(
    page: Page, site: str, edition_row: PolicyEdition, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its literals
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]  # a ViewportSize
    for name in (
        "account_signup",
        "account_login",
        "account_reset_password",
        "account_email_verification_sent",
    ):
        page.goto(site + reverse(name))
        assert_fits(page)
        assert_accessible(page)
        shoot(page, f"{name}-320-{theme}")


def test_the_account_and_the_team_are_accessible_and_fit(
    page: Page,
    site: str,
    edition_row: PolicyEdition,
    nordlys: Customer,
    owner: User,
    colleague: User,
    enter: Callable[[User], None],
) -> None:
    JoinRequest.objects.create(
        customer=nordlys,
        user=factories.person("mira@nordlys.example", "山田 太郎"),
        requested_at=factories.NOW,
    )
    actions.invite(
        by=owner, customer=nordlys, email="new@nordlys.example", role=Role.VIEWER, now=factories.NOW
    )
    nonce = OutboundMessage.objects.get(kind=MessageKind.INVITATION).context["nonce"]
    member = colleague.memberships.get().pk
    enter(owner)
    places = {
        "team": reverse("team"),
        "member": reverse("team-member", args=[nordlys.pk, member]),
        "leave": reverse("team-leave", args=[nordlys.pk]),
        "invitation": reverse("invitation", args=[invitation_token(nonce)]),
        "addresses": reverse("account_email"),
        "password": reverse("account_change_password"),
        "factor": reverse("mfa_index"),
        "app": reverse("mfa_activate_totp"),
        "passkey": reverse("mfa_add_webauthn"),
        "sessions": reverse("usersessions_list"),
    }
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]  # a ViewportSize
    for name, path in places.items():
        page.goto(site + path)
        assert_fits(page)
        assert_accessible(page)
        shoot(page, f"account-{name}-320")


def test_everything_of_the_door_works_without_scripts(
    another: Callable[..., Page], site: str, edition_row: PolicyEdition, owner: User
) -> None:
    page = another(java_script_enabled=False)
    sign_in(page, site, owner)
    page.wait_for_url("**/applications/")
    page.goto(site + reverse("team"))
    page.get_by_label("E-mail address").fill("new@nordlys.example")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("We sent an invitation to new@nordlys.example.")).to_be_visible()
