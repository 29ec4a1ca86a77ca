"""The decision API by itself: `gunicorn portal.wsgi_api`. It keeps answering while site, worker and broker are down."""

import os

from django.core.wsgi import get_wsgi_application

from portal.frames import in_one_piece

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings_api"

application = in_one_piece(get_wsgi_application())
