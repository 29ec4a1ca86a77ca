"""Single sign-on: an issuer vouches for addresses of the domains that were named for it, and for nothing else.

It proves an address, no more: a role, a membership and a second factor are ours to ask for, as after any sign-in.
"""

from __future__ import annotations

from typing import Any

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from applications.models import User
from applications.rules.identifiers import email_domain

log = structlog.get_logger("portal.single_sign_on")


class SingleSignOn(DefaultSocialAccountAdapter):
    """Who comes from the issuer: the account with that address, or a new one; never an address it may not vouch for."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        vouched = [
            one
            for one in sociallogin.email_addresses
            if one.verified and email_domain(one.email.lower()) in settings.OIDC_DOMAINS
        ]
        if not vouched:
            log.warning("single_sign_on_refused", provider=sociallogin.account.provider)
            self._back(
                request,
                _(
                    "The single sign-on showed no confirmed address that it may speak for. "
                    "Sign in with your password, or ask whoever runs it."
                ),
            )
        sociallogin.email_addresses = vouched

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return email_domain(email.lower()) in settings.OIDC_DOMAINS

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        given = " ".join(str(data.get(part) or "") for part in ("first_name", "last_name"))
        user.name = (str(data.get("name") or given).strip() or user.email.partition("@")[0])[:150]
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **found: Any) -> None:
        log.warning("single_sign_on_failed", error=str(found.get("error") or "unknown")[:60])
        self._back(request, _("The single sign-on did not work. Try again, or sign in with your password."))

    def _back(self, request: HttpRequest, why: str) -> None:
        messages.error(request, why)
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
