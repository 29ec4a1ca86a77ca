"""Every address of the site."""

from django.conf import settings
from django.urls import include, path

from applications.api.keys import jwks
from portal.theme import set_theme

urlpatterns = [
    path("", include("portal.health")),
    path("", include("portal.security")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include("applications.api.urls")),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("theme/", set_theme, name="theme"),
    path("", include("applications.urls")),
]
if settings.EMAIL_PROVIDER != "none":
    urlpatterns += [path("mail-events/", include("anymail.urls"))]
if settings.DEMO:
    urlpatterns += [path("demo/", include("portal.demo.urls"))]
