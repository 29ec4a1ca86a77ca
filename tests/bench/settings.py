"""The decision API's own settings, with one more address."""

from portal.settings_api import *  # noqa: F403 -- settings build on settings in this way

ROOT_URLCONF = "tests.bench.urls"
