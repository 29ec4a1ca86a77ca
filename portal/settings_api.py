"""Settings of the decision API when it runs by itself (`portal.wsgi_api`): the site's, with less around the request.

No sessions, no templates, no broker: a gateway's key or token is all it knows. A read-only role of the database is
enough. One connection a thread, kept, with prepared statements; never more than workers × threads.
"""

from portal.settings import *  # noqa: F403 -- settings build on settings in this way
from portal.settings import DATABASES

INSTALLED_APPS = [
    "applications.apps.ApplicationsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]
MIDDLEWARE = ["portal.middleware.RequestLog", "portal.middleware.Headers"]
ROOT_URLCONF = "portal.urls_api"
WSGI_APPLICATION = "portal.wsgi_api.application"
APPEND_SLASH = False

if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    DATABASES["default"] |= {
        "ENGINE": "portal.bounded_postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,  # a dead connection is a 503 and the next request has a new one
    }
    DATABASES["default"]["OPTIONS"] |= {
        "answer_within_s": 2.0,
        "connect_timeout": 2,
        "server_side_binding": True,
        "prepare_threshold": 2,
        "application_name": "portal-api",
    }
