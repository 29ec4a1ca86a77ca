"""What the bench serves: the decision API with a constant beside it."""

from django.core.wsgi import get_wsgi_application

from portal.frames import in_one_piece

application = in_one_piece(get_wsgi_application())
