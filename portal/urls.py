"""Every address of the site."""

from django.conf import settings
from django.urls import include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from applications.api.keys import jwks
from portal.theme import set_theme

urlpatterns = [
    path("", include("portal.health")),
    path("", include("portal.metrics")),
    path("", include("portal.security")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("i18n/setlang/", require_POST(set_language), name="set_language"),
    path("api/v1/", include("applications.api.urls")),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("theme/", set_theme, name="theme"),
    path("", include("applications.urls")),
]
if settings.OIDC_ISSUER:  # what is off has no address
    urlpatterns += [path("accounts/", include("portal.urls_sso"))]
if settings.EMAIL_PROVIDER != "none":
    urlpatterns += [path("mail-events/", include("anymail.urls"))]
if settings.DEMO:
    urlpatterns += [path("demo/", include("portal.demo.urls"))]
