"""Glue to the accounts library: whose clock, which mails, what happens when an address is confirmed."""

from __future__ import annotations

import time
import uuid
from io import BytesIO
from typing import Any

import qrcode
import structlog
from allauth.account import signals
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa import signals as mfa_signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.forms import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from qrcode.image.svg import SvgPathFillImage

from applications import clock
from applications.actions import account, customer, message
from applications.enums import MessageKind
from applications.models import User
from applications.rules.identifiers import normalise_email
from applications.signing import cipher
from applications.stepup import FOR_POWERS, showed_themselves

log = structlog.get_logger("portal.accounts")


class AccountAdapter(DefaultAccountAdapter):
    """Every account mail is a row of the outbox: no request waits for a mail server, and a known address costs the
    same as an unknown one. Rows name ids; links are made when the mail is handed over, so no table holds one.
    """

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _lazy(
            "The address or the password is not right. Try again, or choose a new password."
        ),
        "too_many_login_attempts": _lazy("Too many tries. Wait five minutes, or choose a new password."),
        "incorrect_password": _lazy("This is not your password. Try again."),
        "enter_current_password": _lazy("This is not your password. Enter the one you sign in with now."),
        "duplicate_email": _lazy("You have added this address already."),
        "max_email_addresses": _lazy("You can have %d addresses. Remove one first."),
        "rate_limited": _lazy("Too many requests in a short time. Wait a minute, then try again."),
    }

    def new_user(self, request: HttpRequest) -> User:
        user: User = super().new_user(request)
        user.joined_at = clock.now()
        user.language = get_language() or ""
        return user

    def clean_email(self, email: str) -> str:
        address = normalise_email(email)
        if not address:
            raise ValidationError(_("This is not an e-mail address. Enter one such as name@example.org."))
        return address

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        with transaction.atomic():  # the address and what follows from it, or neither
            account.drop_unconfirmed(email_address.email, keep=email_address.user)
            return super().confirm_email(request, email_address)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account-start")

    get_signup_redirect_url = get_login_redirect_url

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who signed in within five minutes has just shown that it is them."""
        return not showed_themselves(context.request, FOR_POWERS)

    # --- Mails ---

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """What has no method of its own: the answer to a reset for an address nobody has."""
        _queue(MessageKind.ACCOUNT_UNKNOWN, email)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        address: EmailAddress = emailconfirmation.email_address
        _queue(MessageKind.ACCOUNT_CONFIRM, address.email, address=address.pk)

    def send_account_already_exists_mail(self, email: str) -> None:
        _queue(MessageKind.ACCOUNT_EXISTS, email)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        _queue(MessageKind.ACCOUNT_RESET, email, user=user.pk)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        event = template_prefix.rpartition("/")[2]
        _queue(MessageKind.ACCOUNT_NOTICE, email or user, event=event)

    # --- Limits: per account and network, and looser per account; a passkey or a new password always lets in ---

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Who guesses from elsewhere does not lock an account's owner out."""
        return (
            f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        self._account_usage = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed_account",
            key=credentials.get("email", "").lower(),
        )
        if not self._account_usage:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if usage := getattr(self, "_account_usage", None):
            usage.rollback()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        super()._delete_login_attempts_cached_email(request, **credentials)
        key = credentials.get("email", "").lower()
        ratelimit.clear(request, app="allauth.account", action="login_failed_account", key=key)


def _queue(kind: MessageKind, to: User | str, **ids: Any) -> None:
    message.queue(
        kind,
        key=f"{kind}:{uuid.uuid4().hex}",
        to=to,
        now=clock.now(),
        context={**ids, "language": get_language() or settings.LANGUAGE_CODE},
    )


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of authenticators are encrypted with a key from SECRET_KEY: a stolen database makes no codes."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _lazy(
            "This code is not right, or was used before. Wait for the next one and enter it."
        ),
    }

    def build_totp_svg(self, url: str) -> str:
        """On white, so that phones read it from a dark page too."""
        picture = BytesIO()
        qrcode.make(url, image_factory=SvgPathFillImage).save(picture)
        return picture.getvalue().decode()

    def generate_authenticator_name(self, user: User, type: str) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}

    def encrypt(self, text: str) -> str:
        return cipher("portal.authenticators").encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher("portal.authenticators").decrypt(encrypted_text.encode()).decode()


def enrol_totp(user: User, secret: str) -> None:
    """Give the person an authenticator app with this base32 secret (the demo's staff), in place of an older one."""
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    TOTP.activate(user, secret)


def totp_code(secret: str) -> str:
    """The code that an authenticator app with this secret shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


# --- What follows from what the library did ---


@receiver(signals.email_confirmed)
def address_confirmed(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    customer.welcome(by=email_address.user, address=email_address.email, now=clock.now())


@receiver(signals.user_logged_in)
def find_customers(request: HttpRequest, user: User, **_: Any) -> None:
    """Who was imported after they confirmed their address is found at the next sign-in."""
    for address in EmailAddress.objects.filter(user=user, verified=True):
        customer.welcome(by=user, address=address.email, now=clock.now())


@receiver(mfa_signals.authenticator_added)
def factor_shown(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Adding one has just proved that the person holds it."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


# --- The log of sign-ins: ids and codes, never an address ---


@receiver(user_logged_in)
def log_sign_in(user: User, **_: Any) -> None:
    log.info("signed_in", user=user.pk)


@receiver(user_login_failed)
def log_refusal(**_: Any) -> None:
    log.warning("sign_in_refused")


@receiver(mfa_signals.authentication_failed)
def log_wrong_code(user: User, **_: Any) -> None:
    log.warning("second_factor_refused", user=user.pk)


@receiver([signals.password_changed, signals.password_reset, signals.password_set])
def log_password(user: User, **_: Any) -> None:
    log.info("password_changed", user=user.pk)
