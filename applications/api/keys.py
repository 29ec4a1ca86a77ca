"""`/.well-known/jwks.json`: the public keys of what we sign."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from applications.api.problems import only
from applications.signing import public_keys


@only("GET", "HEAD")
def jwks(request: HttpRequest) -> HttpResponse:
    response = JsonResponse(public_keys(), content_type="application/jwk-set+json")
    response["Cache-Control"] = "public, max-age=300"
    return response
