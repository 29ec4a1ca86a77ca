"""What the decision API serves when it runs by itself."""

from django.urls import include, path

from applications.api.keys import jwks

handler400 = "applications.api.problems.bad_request"
handler403 = "applications.api.problems.bad_request"
handler404 = "applications.api.problems.not_found"
handler500 = "applications.api.problems.unavailable"
urlpatterns = [
    path("", include("portal.health")),
    path("api/v1/", include("applications.api.urls")),
    path(".well-known/jwks.json", jwks, name="jwks"),
]
