"""What the decision API serves when it runs by itself."""

from django.urls import include, path

from applications.api.keys import jwks

urlpatterns = [
    path("", include("portal.health")),
    path("api/v1/", include("applications.api.urls")),
    path(".well-known/jwks.json", jwks, name="jwks"),
]
