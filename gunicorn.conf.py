"""How gunicorn serves the site: `gunicorn portal.wsgi` reads this file by itself.

Threads are bounded, so that the connections to PostgreSQL are: workers × threads at most.
"""

import os

from portal.configure import logging_config

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"  # inside a container, or behind a proxy
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
timeout = 30
graceful_timeout = 25
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
limit_request_line = 4094
limit_request_fields = 60
control_socket_disable = True
accesslog = None  # portal.middleware writes a line for each request, without what was typed
logconfig_dict = logging_config(os.environ.get("LOG_LEVEL", "INFO"), os.environ.get("LOG_FORMAT", "json"))
