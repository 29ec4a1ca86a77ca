"""What the bench serves: the decision API with a constant beside it."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
