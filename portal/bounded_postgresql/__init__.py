"""Django's PostgreSQL backend whose client gives up waiting after a while.

`statement_timeout` is kept by the server; a server that is frozen keeps nothing. Here the waiting itself has an end:
the connection is given up and an OperationalError raised, so the decision API answers 503 within its limit.
"""
