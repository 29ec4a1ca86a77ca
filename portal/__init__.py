"""The site: settings, addresses, the Celery app, health, headers and accounts glue around `applications`."""
