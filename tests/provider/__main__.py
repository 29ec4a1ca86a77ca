"""`python -m tests.provider PORT CALLBACK`: people sign in here with their address and `PASSWORD`.

rosa@vendor.example and nils@nordlys.example have confirmed addresses; eve@elsewhere.example too, of another domain;
mallory@vendor.example has not confirmed hers.
"""

from __future__ import annotations

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

PASSWORD = "the provider's own word"
CLIENT = ("portal", "the-portal-at-the-provider-0123456789")
PEOPLE = {
    "rosa@vendor.example": True,
    "nils@nordlys.example": True,
    "eve@elsewhere.example": True,
    "mallory@vendor.example": False,
}


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


def configure() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.configure(
        SECRET_KEY="provider",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.provider.urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "allauth",
            "allauth.account",
            "allauth.idp.oidc",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        SESSION_COOKIE_NAME="provider",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        ACCOUNT_LOGIN_METHODS={"email"},
        ACCOUNT_SIGNUP_FIELDS=["email*", "password1*"],
        ACCOUNT_EMAIL_VERIFICATION="none",
        ACCOUNT_RATE_LIMITS=False,
        IDP_OIDC_PRIVATE_KEY=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        USE_TZ=True,
    )
    django.setup()


def seed(callback: str) -> None:
    from allauth.account.models import EmailAddress  # noqa: PLC0415 -- Django is set up above
    from allauth.idp.oidc.models import Client  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    for email, confirmed in PEOPLE.items():
        name = email.partition("@")[0]
        user = User.objects.create_user(name, email, PASSWORD, first_name=name.title(), last_name="Provided")
        EmailAddress.objects.create(user=user, email=email, verified=confirmed, primary=True)
    client = Client(id=CLIENT[0], name="Portal", skip_consent=True)
    client.set_secret(CLIENT[1])
    client.set_redirect_uris([callback])
    client.set_scopes(["openid", "profile", "email"])
    client.save()


def main() -> None:
    configure()
    seed(sys.argv[2])
    make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), handler_class=Quiet).serve_forever()


if __name__ == "__main__":
    main()
