"""Addresses of the API, mounted under `/api/v1/`."""

from django.urls import path

from applications.api.authorize import authorize
from applications.api.changes import acknowledge_changes, changes, snapshot
from applications.api.decisions import access_decisions
from applications.api.openapi import openapi
from applications.api.token import token

urlpatterns = [
    path("access-decisions", access_decisions, name="api-decisions"),
    path("authorize", authorize, name="api-authorize"),
    path("openapi.json", openapi, name="api-openapi"),
    path("token", token, name="api-token"),
    path("changes", changes, name="api-changes"),
    path("snapshot", snapshot, name="api-snapshot"),
    path("changes/ack", acknowledge_changes, name="api-changes-ack"),
]
