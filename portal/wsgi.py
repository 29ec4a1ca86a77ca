"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from portal.frames import in_one_piece

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = in_one_piece(get_wsgi_application())
