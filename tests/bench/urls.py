"""The decision API's addresses, and beside them the constant and the usual way to write it."""

from django.urls import path

from portal.urls_api import urlpatterns as of_the_api
from tests.bench.constant import constant
from tests.bench.usual import Usual

urlpatterns = [*of_the_api, path("constant", constant), path("usual", Usual.as_view())]
