"""The demo: a clock that jumps forward, a mailbox page, and data to play with. Not installed in production."""
