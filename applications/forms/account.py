"""Floor 5: the forms of the accounts library in our words and our layout."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from applications.exceptions import NoEdition
from applications.forms.base import PortalFormMixin
from applications.models import User
from applications.queries.customer import may_sign_up
from applications.rules.identifiers import clean_text

_PASSWORD_HELP = _(
    "At least 8 characters; 15 or more are better. Four words that do not belong together are easy to remember."
)
_MISSING: dict[str, Any] = {
    "email": _("Enter your e-mail address."),
    "login": _("Enter your e-mail address."),
    "password": _("Enter your password."),
    "oldpassword": _("Enter the password you sign in with now."),
    "password1": _("Choose a password."),
    "password2": _("Enter the password once more."),
    "code": _("Enter the code."),
    "name": _("Enter your name."),
}
_LABELS: dict[str, Any] = {
    "email": _("E-mail address"),
    "login": _("E-mail address"),
    "password": _("Password"),
    "oldpassword": _("Your password now"),
    "password1": _("Password"),
    "code": _("Code"),
    "name": _("Name"),
}


class OurWords(PortalFormMixin):
    """Labels of ours, no placeholder in place of a label, and a plain line of help for new passwords."""

    labels: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in _MISSING:
                field.error_messages["required"] = _MISSING[name]
            field.label = self.labels.get(name) or _LABELS.get(name, field.label)
            if name in ("password1", "password"):
                field.help_text = _PASSWORD_HELP if name == "password1" else ""
            if name == "oldpassword":
                field.help_text = ""
            if name == "code":
                field.widget.attrs |= {"inputmode": "numeric", "maxlength": "12"}


class SignInForm(OurWords, account.LoginForm):
    pass


class SignUpForm(OurWords, account.SignupForm):
    """An organisation's address, or the address of a contact that was imported. A known address costs what a new
    one costs: the same page, one mail, one hashing.
    """

    name = forms.CharField(max_length=150, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "email", "password1")
    labels = {"name": _("Your name"), "email": _("Your e-mail address at your organisation")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = _("We send a link there to confirm that the address is yours.")

    def clean_name(self) -> str:
        name = clean_text(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_now("Enter your name."))
        return name

    def clean_email(self) -> str:
        email: str = super().clean_email()
        refuse_free_mail(email)
        return email

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class AddAddressForm(OurWords, account.AddEmailForm):
    labels = {"email": _("Another e-mail address")}

    def clean_email(self) -> str:
        email: str = super().clean_email()
        refuse_free_mail(email)
        return email


def refuse_free_mail(email: str) -> None:
    """Raise ValidationError that says why and what to do, unless an imported contact has this very address."""
    try:
        welcome = may_sign_up(email)
    except NoEdition as error:
        raise forms.ValidationError(error.message) from None
    if not welcome:
        raise forms.ValidationError(
            _now(
                "This is a free-mail address. Access is given to organisations, so enter the address that your "
                "organisation gave you. If you have none, ask your organisation for one before you go on."
            ),
            code="free_mail",
        )


class ChangePasswordForm(OurWords, account.ChangePasswordForm):
    labels = {"password1": _("New password"), "password2": _("New password again")}


class SetPasswordForm(OurWords, account.SetPasswordForm):
    labels = {"password2": _("Password again")}


class ResetPasswordForm(OurWords, account.ResetPasswordForm):
    pass


class NewPasswordForm(OurWords, account.ResetPasswordKeyForm):
    labels = {"password1": _("New password"), "password2": _("New password again")}


class ReauthenticateForm(OurWords, account.ReauthenticateForm):
    pass


class CodeForm(OurWords, mfa.AuthenticateForm):
    pass


class CodeAgainForm(OurWords, mfa.ReauthenticateForm):
    pass


class ActivateAppForm(OurWords, ActivateTOTPForm):
    labels = {"code": _("Code that the app shows")}


class AddPasskeyForm(OurWords, AddWebAuthnForm):
    labels = {
        "name": _("Name of the passkey"),
        "passwordless": _("I can sign in with it alone, without my password"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].help_text = _(
            "It then asks for a fingerprint, a face or a PIN on your device."
        )
        self.fields["passwordless"].initial = True

    def clean_name(self) -> str:
        return clean_text(super().clean_name())[:100] or "–"


class RenamePasskeyForm(OurWords, EditWebAuthnForm):
    labels = {"name": _("Name of the passkey")}

    def clean_name(self) -> str:
        return clean_text(self.cleaned_data["name"])[:100] or "–"
