"""The site's own settings, made fast and strict for tests; tests.harness.plugin sets the environment."""

from portal.settings import *  # noqa: F403 -- settings build on settings in this way
from portal.settings import DATABASES, STORAGES, TEMPLATES, VAR_DIR
from tests.harness.templates import FailOnUndefined

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No collectstatic in between: addresses of files without their hash.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = FailOnUndefined()
CRISPY_FAIL_SILENTLY = False
WHITENOISE_AUTOREFRESH = True

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # In a file, as in real life: two threads of a test are two connections with real locks.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR.parent / "test.sqlite3")}
