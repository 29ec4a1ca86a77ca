"""The provider's pages: its sign-in, and what OpenID Connect asks for."""

from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.account.urls")), path("", include("allauth.idp.urls"))]
