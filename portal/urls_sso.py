"""Addresses of the single sign-on, where an issuer is set: allauth's, without its aliases of older days."""

from django.urls import include, path

urlpatterns = [
    path("3rdparty/", include("allauth.socialaccount.urls")),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
]
