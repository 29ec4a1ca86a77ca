"""The decision API's own settings, with two more addresses: a constant, and the usual way to write it."""

from portal.settings_api import *  # noqa: F403 -- settings build on settings in this way
from portal.settings_api import INSTALLED_APPS

ROOT_URLCONF = "tests.bench.urls"
INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken"]
REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]}
