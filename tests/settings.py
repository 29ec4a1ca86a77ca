"""The site's own settings, made fast and strict for tests; tests.harness.plugin sets the environment."""

from portal.settings import *  # noqa: F403 -- settings build on settings in this way
from portal.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, STORAGES, TEMPLATES, VAR_DIR
from tests.harness.templates import FailOnUndefined

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No collectstatic in between: addresses of files without their hash.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = FailOnUndefined()
CRISPY_FAIL_SILENTLY = False
WHITENOISE_AUTOREFRESH = True
# A row of a list that asks the database for itself is an error, in every page of every test.
INSTALLED_APPS += ["zeal"]
MIDDLEWARE.insert(0, "zeal.middleware.zeal_middleware")
ZEAL_RAISE = True
# Tests of the blind second review say so themselves; elsewhere a decision costs what it costs, whatever its reference.
BLIND_REVIEW_PERCENT = 0
# Looked up again and again inside allauth, whose frames zeal does not tell apart.
ZEAL_ALLOWLIST = [
    {"model": "account.EmailAddress"},
    {"model": "mfa.Authenticator"},
    {"model": "usersessions.UserSession"},
    # Its page of sessions reads each of them and its person.
    {"model": "sessions.Session"},
    {"model": "applications.User", "field": "get()"},
]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # In a file, as in real life: two threads of a test are two connections with real locks.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR.parent / "test.sqlite3")}
