"""The decision API's addresses and the constant beside them."""

from django.urls import path

from portal.urls_api import urlpatterns as of_the_api
from tests.bench.constant import constant

urlpatterns = [*of_the_api, path("constant", constant)]
